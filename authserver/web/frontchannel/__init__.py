"""The front channel: where people sign in and out, consent, and set the server up; plain forms, no script needed.

The authorization endpoint begins and ends here as well; what it decides is the law of ``protocol``. Account pages are
in ``account``, the console in ``admin``.
"""

from flask import Blueprint

frontchannel = Blueprint("frontchannel", __name__)

from authserver.web.frontchannel import (  # noqa: E402, F401
    approval,
    authorize,
    devices,
    end_session,
    entrance,
    oauth1,
    oauth1_keys,
    second_factor,
    setup,
    signin,
    signout,
    stale_forms,
)
