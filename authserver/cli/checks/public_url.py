"""Who answers at the public URL: this server, under the issuer that clients expect."""

import json
import ssl
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from authserver.cli.checks.result import CheckResult, failed, passed, warned
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.settings import Settings
from authserver.vocabulary import EndpointPath

_SECONDS = 5
_MOST_BYTES = 262_144


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def answers(settings: Settings, *, probes: bool) -> CheckResult | None:
    """Discovery at the public URL names this issuer; other machines are asked only when the operator says so."""
    if not probes and urlsplit(settings.public_url).hostname not in LOOPBACK_HOSTS:
        return None
    url = settings.url(EndpointPath.OPENID_CONFIGURATION)
    try:
        with build_opener(_NoRedirects).open(Request(url), timeout=_SECONDS) as answer:  # noqa: S310 - http(s) by settings
            issuer = json.loads(answer.read(_MOST_BYTES))["issuer"]
    except HTTPError as error:
        fix = "Let the proxy hand everything below the public URL to this server, path included."
        if error.code in {502, 503, 504}:
            fix = "Start the server; see that the proxy asks the address it listens on."
        return failed(f"{url} answers {error.code}.", fix)
    except ssl.SSLError as error:
        return failed(f"{url} has no valid certificate: {error}.", "Renew the certificate at the proxy.")
    except URLError as error:
        return _unreachable(url, error)
    except (OSError, ValueError, KeyError, TypeError):
        return failed(
            f"{url} answers, but not as an OpenID provider.", "Something else listens there; check the proxy."
        )
    if issuer != settings.issuer:
        fix = "Give both the same AUTHSERVER_PUBLIC_URL; clients refuse an issuer that differs."
        return failed(f"{url} names the issuer {issuer}, not {settings.issuer}.", fix)
    return passed(f"{settings.issuer} answers, and names itself.")


def _unreachable(url: str, error: URLError) -> CheckResult:
    if isinstance(error.reason, ssl.SSLError):
        return failed(
            f"{url} has no valid certificate: {error.reason}.", "Renew the certificate at the proxy."
        )
    return warned(
        f"Nothing answers at {url}: {error.reason}.",
        "Start the server; then check the proxy and the firewall.",
    )
