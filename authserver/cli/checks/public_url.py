"""Check of the discovery document at the public URL."""

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
_MAX_BYTES = 262_144


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def check_discovery(settings: Settings, *, probes: bool) -> CheckResult | None:
    """The discovery document at the public URL contains this issuer.

    The check does not apply to a URL on another machine, unless ``probes`` is true.
    """
    if not probes and urlsplit(settings.public_url).hostname not in LOOPBACK_HOSTS:
        return None
    url = settings.url(EndpointPath.OPENID_CONFIGURATION)
    try:
        with build_opener(_NoRedirects).open(Request(url), timeout=_SECONDS) as response:  # noqa: S310 - http(s) by settings
            issuer = json.loads(response.read(_MAX_BYTES))["issuer"]
    except HTTPError as error:
        fix = "Configure the proxy to forward everything below the public URL to this server, including the path."
        if error.code in {502, 503, 504}:
            fix = "Start the server, and check that the proxy forwards to the address that the server listens on."
        return failed(f"{url} returns status {error.code}.", fix)
    except ssl.SSLError as error:
        return failed(f"{url} has no valid certificate: {error}.", "Renew the certificate at the proxy.")
    except URLError as error:
        return _unreachable(url, error)
    except (OSError, ValueError, KeyError, TypeError):
        return failed(
            f"{url} does not return a discovery document.",
            "Another program may be listening there. Check the proxy.",
        )
    if issuer != settings.issuer:
        fix = (
            "Set AUTHSERVER_PUBLIC_URL to the same value for the server and for this command. "
            "Clients reject a different issuer."
        )
        return failed(f"The issuer in {url} is {issuer}, not {settings.issuer}.", fix)
    return passed(f"{settings.issuer} is reachable, and its discovery document is correct.")


def _unreachable(url: str, error: URLError) -> CheckResult:
    if isinstance(error.reason, ssl.SSLError):
        return failed(
            f"{url} has no valid certificate: {error.reason}.", "Renew the certificate at the proxy."
        )
    return warned(
        f"{url} is not reachable: {error.reason}.",
        "Start the server, and check the proxy and the firewall.",
    )
