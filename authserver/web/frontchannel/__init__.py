"""The front channel: where people sign in and out, consent, and set the server up; plain forms, no script needed.

The authorization endpoint begins and ends here as well; what it decides is the law of ``protocol``. Account pages are
in ``account``, the console in ``admin``.
"""

from authserver.web.frontchannel import (
    approval_status,
    authorize,
    devices,
    end_session,
    expired_forms,
    home,
    oauth1,
    oauth1_keys,
    second_factor,
    setup,
    sign_in,
    sign_out,
)
from authserver.web.frontchannel.blueprint import frontchannel

VIEWS = (
    approval_status,
    authorize,
    devices,
    end_session,
    expired_forms,
    home,
    oauth1,
    oauth1_keys,
    second_factor,
    setup,
    sign_in,
    sign_out,
)

__all__ = ["VIEWS", "frontchannel"]
