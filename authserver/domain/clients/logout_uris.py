"""What a client registers for logout, kept in its details: where people return to, and where it is told.

The names are those of RP-Initiated, Back-Channel and Front-Channel Logout 1.0, sections 3, 2.2 and 2.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from authserver.domain.clients import redirect_uris
from authserver.setting_values import LOOPBACK_HOSTS

POST_LOGOUT = "post_logout_redirect_uris"
BACK_CHANNEL = "backchannel_logout_uri"
FRONT_CHANNEL = "frontchannel_logout_uri"
BACK_CHANNEL_SESSION = "backchannel_logout_session_required"
FRONT_CHANNEL_SESSION = "frontchannel_logout_session_required"
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
NAMES = (POST_LOGOUT, BACK_CHANNEL, BACK_CHANNEL_SESSION, FRONT_CHANNEL, FRONT_CHANNEL_SESSION)


def validation_errors(details: Mapping[str, Any], registered: Iterable[str]) -> dict[str, str]:
    """Return the sentence about each field that is wrong; ``registered`` are the client's redirect URIs."""
    found = {
        POST_LOGOUT: _fault_of_list(details.get(POST_LOGOUT, [])),
        BACK_CHANNEL: _fault_of_address(details.get(BACK_CHANNEL, "")),
        FRONT_CHANNEL: _fault_of_frame(details.get(FRONT_CHANNEL, ""), registered),
        **{
            name: _fault_of_flag(details.get(name, False))
            for name in (BACK_CHANNEL_SESSION, FRONT_CHANNEL_SESSION)
        },
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def _fault_of_list(uris: Any) -> str | None:
    if not isinstance(uris, list | tuple) or not all(isinstance(uri, str) for uri in uris):
        return "Enter a list of addresses."
    return redirect_uris.first_error(uris)


def _fault_of_address(uri: Any) -> str | None:
    if not isinstance(uri, str):
        return "Enter one address."
    if not uri:
        return None
    finding = redirect_uris.find_issue(uri)
    if finding is not None and finding.refused:
        return finding.sentence
    parts = urlsplit(uri)
    # The page that holds the frame names its origin in a header, where other letters could mean something.
    if not _HOST.fullmatch(parts.netloc):
        return "The host has characters that no host has."
    if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
        return "Enter an https:// address; http:// is accepted on 127.0.0.1, [::1] and localhost only."
    return None


def _fault_of_frame(uri: Any, registered: Iterable[str]) -> str | None:
    fault = _fault_of_address(uri)
    # Front-Channel Logout, section 2: scheme, host and port MUST be those of a registered redirect URI.
    if (
        not fault
        and uri
        and redirect_uris.origin_of(uri) not in {redirect_uris.origin_of(one) for one in registered}
    ):
        return "Scheme, host and port must be those of one of the redirect URIs."
    return fault


def _fault_of_flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Enter true or false."
