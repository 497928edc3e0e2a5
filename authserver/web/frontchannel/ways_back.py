"""Links on error pages of a sign-in that lead back to the application, or at least to the user's account."""

from urllib.parse import urlencode, urlsplit

from flask_babel import gettext

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.rendering import template_globals


def links_to(client: Client | None) -> dict[str, str]:
    """Return the label and URL of a link to the application of a client, or to the account if it has no known URL."""
    url = _url_of(client) if client is not None else ""
    if url:
        return {gettext("Back to the application"): url}
    return {gettext("Your account"): template_globals.local_url(EndpointPath.ACCOUNT)}


def _url_of(client: Client) -> str:
    if login := str(client.details.get("initiate_login_uri") or ""):
        # OpenID Connect Core, section 4: the application then sends a new authorization request.
        issuer = urlencode({"iss": current.services().settings.issuer})
        return f"{login}{'&' if urlsplit(login).query else '?'}{issuer}"
    home = str(client.details.get("client_uri") or "")
    if redirect_uris.origin_of(home):
        return home
    origins = sorted(redirect_uris.web_origins_of(client.redirect_uris))
    # A native application on loopback may no longer listen on its port.
    remote = [origin for origin in origins if urlsplit(origin).hostname not in LOOPBACK_HOSTS]
    return f"{remote[0]}/" if remote else ""
