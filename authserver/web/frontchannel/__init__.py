"""The front channel: sign-in, sign-out, consent, devices and setup. All pages work without scripts.

The views of the authorization endpoints are here as well; their rules are in ``protocol``.
"""

from authserver.web.frontchannel import (
    authorize,
    devices,
    end_session,
    expired_forms,
    home,
    not_approved,
    oauth1,
    oauth1_keys,
    second_factor,
    setup,
    sign_in,
    sign_out,
)
from authserver.web.frontchannel.blueprint import frontchannel

VIEWS = (
    authorize,
    devices,
    end_session,
    expired_forms,
    home,
    not_approved,
    oauth1,
    oauth1_keys,
    second_factor,
    setup,
    sign_in,
    sign_out,
)

__all__ = ["VIEWS", "frontchannel"]
