"""Rules for redirect URIs: which ones a client may register, and which one a request may use (RFC 9700, section 4.1).

URIs are compared as exact strings. Only the port may differ, and only if the registered URI is an http URI with a
loopback IP address (RFC 8252, section 7.3).
"""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from authserver.domain import text_rules
from authserver.messages import message
from authserver.setting_values import LOOPBACK_HOSTS

MAX_LENGTH = 2000
MAX_COUNT = 50
_LOOPBACK_LITERALS = LOOPBACK_HOSTS - {"localhost"}
_DANGEROUS_SCHEMES = {
    "javascript", "data", "file", "vbscript", "blob", "about", "view-source", "filesystem", "ftp", "mailto", "ws", "wss",
}  # fmt: skip


class RedirectUriIssue(NamedTuple):
    """A problem with a URI: its description, a corrected URI or an empty string, and whether the URI is rejected."""

    sentence: str
    fix: str = ""
    is_rejected: bool = True


_WILDCARD = RedirectUriIssue(
    message("A wildcard would let others receive the response to a sign-in. Register each URI separately.")
)


def find_issue(uri: str) -> RedirectUriIssue | None:
    """Return the problem with registering a redirect URI, or None."""
    if len(uri) > MAX_LENGTH:
        return RedirectUriIssue(
            message("A redirect URI can have at most %(count)s characters.", count=MAX_LENGTH)
        )
    if not text_rules.has_only_uri_characters(uri):
        return RedirectUriIssue(
            message("The URI contains a character that is not allowed in URIs. Percent-encode it.")
        )
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return RedirectUriIssue(message("The host or port of this URI is malformed. Correct it."))
    return _check_scheme(uri, parts, host) or _check_rest(uri, parts)


def _check_scheme(uri: str, parts: SplitResult, host: str) -> RedirectUriIssue | None:
    scheme = parts.scheme
    if not scheme or ("://" not in uri and "." not in scheme and scheme not in _DANGEROUS_SCHEMES):
        return RedirectUriIssue(
            message("The scheme is missing. Enter a complete URI such as https://app.example.org/."),
            f"https://{uri}",
        )
    if scheme in _DANGEROUS_SCHEMES:
        return RedirectUriIssue(
            message("The scheme %(scheme)s is not safe for a redirect URI. Use https.", scheme=scheme)
        )
    if scheme not in {"http", "https"}:
        if "." not in scheme:
            return RedirectUriIssue(
                message("A private-use scheme must contain a dot, as in com.example.app:/callback.")
            )
        return None
    if not host:
        return RedirectUriIssue(
            message("The host is missing. Enter a complete URI such as https://app.example.org/.")
        )
    if "*" in uri:
        return _WILDCARD
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        return RedirectUriIssue(
            message("http:// is accepted on 127.0.0.1, [::1] and localhost only. Use https:// instead."),
            "https" + uri[4:],
        )
    return None


def _check_rest(uri: str, parts: SplitResult) -> RedirectUriIssue | None:
    if "#" in uri:
        return RedirectUriIssue(
            message("The URI has a fragment. Remove the # and everything after it."), uri.partition("#")[0]
        )
    if "@" in parts.netloc:
        return RedirectUriIssue(
            message("The URI contains a user name or password. Remove it."),
            uri.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1),
        )
    if "*" in uri:
        return _WILDCARD
    copied = {"code", "state", "error", "id_token", "access_token"} & parse_qs(parts.query).keys()
    if copied:
        return RedirectUriIssue(
            message(
                "The URI seems to be copied from a completed sign-in: it contains %(parameter)s=. Remove the query.",
                parameter=sorted(copied)[0],
            ),
            uri.partition("?")[0],
        )
    if any(part in {".", ".."} for part in parts.path.split("/")):
        return RedirectUriIssue(message("The path of the URI contains . or .. segments. Remove them."))
    if parts.path not in {"", "/"} and parts.path.endswith("/"):
        return RedirectUriIssue(
            message("The URI ends with a slash. It matches only if the application sends the slash too."),
            uri.rstrip("/"),
            is_rejected=False,
        )
    return None


def first_error(uris: Iterable[str]) -> str | None:
    """Return the error message for the first URI of a list that cannot be registered, or None."""
    seen: set[str] = set()
    for uri in uris:
        finding = find_issue(uri)
        if finding is not None and finding.is_rejected:
            return message("%(uri)s: %(problem)s", uri=uri[:80], problem=finding.sentence)
        if uri in seen:
            return message("%(uri)s: this URI is listed twice. Remove one.", uri=uri[:80])
        seen.add(uri)
    if len(seen) > MAX_COUNT:
        return message("A client can have at most %(count)s redirect URIs.", count=MAX_COUNT)
    return None


def first_web_error(uris: Iterable[str]) -> str | None:
    """Return the error message for the first URI at which a web client must not receive tokens, or None."""
    for uri in uris:
        parts = urlsplit(uri)
        # OpenID Connect Registration, section 2: MUST be https and not localhost.
        if parts.scheme != "https" or parts.hostname in LOOPBACK_HOSTS:
            return message(
                "%(uri)s: to receive tokens in the browser, use https:// and a host other than localhost.",
                uri=uri[:80],
            )
    return None


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Return whether a request may use the URI."""
    return any(uri == other or _differs_in_loopback_port_only(uri, other) for other in registered)


def origin_of(uri: str) -> str:
    """Return a URI's web origin as browsers serialize it (RFC 6454, section 6.2), or "" if it has none."""
    if not uri.isascii() or not uri.isprintable():
        return ""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default = port in {None, 443 if parts.scheme == "https" else 80}
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{port}"


def web_origins_of(uris: Iterable[str]) -> set[str]:
    """Return the web origins of those URIs that have one."""
    return {origin for uri in uris if (origin := origin_of(uri))}


def origins_and_schemes_of(uris: Iterable[str]) -> list[str]:
    """Return the web origins of URIs, or their schemes if they have no web origin, sorted."""
    return sorted({origin_of(uri) or f"{uri.partition(':')[0].lower()}:" for uri in uris})


def _differs_in_loopback_port_only(uri: str, registered: str) -> bool:
    if not (uri.startswith("http://") and registered.startswith("http://")):
        return False
    try:
        requested, known = urlsplit(uri), urlsplit(registered)
        if known.hostname not in _LOOPBACK_LITERALS:
            return False
        if requested.port is None and requested.netloc != known.netloc:
            return False
        return _without_port(uri, requested) == _without_port(registered, known)
    except ValueError:
        return False


def _without_port(uri: str, parts: SplitResult) -> str:
    if parts.port is None:
        return uri
    return uri.replace(parts.netloc, parts.netloc[: -len(f":{parts.netloc.rpartition(':')[2]}")], 1)
