"""Rules for redirect URIs: which ones a client may register, and which one a request may use (RFC 9700, section 4.1).

URIs are compared as exact strings. Only the port may differ, and only if the registered URI is an http URI whose host is
localhost or a loopback IP address (RFC 8252, section 7.3).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from authserver.domain import text_rules
from authserver.messages import message
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.settings import Settings
from authserver.vocabulary import SigningAlgorithm

MAX_LENGTH = 2000
MAX_COUNT = 50
# Schemes that browsers handle themselves, and schemes that start programs with known vulnerabilities.
_DANGEROUS_SCHEMES = {
    "about", "blob", "cid", "content", "data", "feed", "file", "filesystem", "ftp", "gopher", "intent", "jar",
    "javascript", "jscript", "ldap", "livescript", "mailto", "mhtml", "mid", "mk", "ms-appinstaller", "ms-its", "ms-msdt",
    "ms-officecmd", "res", "resource", "search", "search-ms", "sftp", "shell", "sms", "smb", "ssh", "tel", "telnet",
    "vbscript", "view-source", "ws", "wss", "wyciwyg",
}  # fmt: skip
_HOST_AND_PORT = re.compile(r"[^:/?#]+:[0-9]+([/?#]|$)")
_ENCODED_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*%(25)*3a", re.IGNORECASE)
_ENCODED_PERCENT = re.compile(r"%25([0-9a-f]{2})", re.IGNORECASE)
_RESPONSE_PARAMETERS = {"code", "state", "error", "id_token", "access_token"}


class UriRules(NamedTuple):
    """The rules that depend on the installation and on who registers a client.

    ``http_hosts`` are the networks and hosts of the setting ``http_redirect_hosts``. ``signing_algorithms`` is that
    setting. It is here because the same code passes on the rules for all fields.
    """

    is_administrator: bool = False
    http_hosts: tuple[str, ...] = ()
    signing_algorithms: tuple[str, ...] = tuple(SigningAlgorithm)


STRICT = UriRules()
"""The rules for clients that register themselves, without exceptions for http."""


class RedirectUriIssue(NamedTuple):
    """A problem with a URI: its description, a corrected URI or an empty string, and whether the URI is rejected."""

    sentence: str
    fix: str = ""
    is_rejected: bool = True


_WILDCARD = RedirectUriIssue(
    message("A wildcard would let others receive the response to a sign-in. Register each URI separately.")
)


def rules_for_administrators(settings: Settings) -> UriRules:
    """Return the rules for URIs that an administrator registers."""
    return UriRules(True, settings.http_redirect_hosts, settings.signing_algorithms)


def rules_for_clients(settings: Settings) -> UriRules:
    """Return the rules for URIs that a client registers or requests itself."""
    return UriRules(False, settings.http_redirect_hosts, settings.signing_algorithms)


def find_issue(uri: str, rules: UriRules = STRICT) -> RedirectUriIssue | None:
    """Return the problem with registering a redirect URI, or None. A problem that rejects the URI comes first."""
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
    return (
        _check_scheme(uri, parts, host, rules) or _check_rest(uri, parts) or next(_warnings(uri, parts), None)
    )


def _check_scheme(uri: str, parts: SplitResult, host: str, rules: UriRules) -> RedirectUriIssue | None:
    scheme = parts.scheme
    if _ENCODED_SCHEME.match(uri):
        return RedirectUriIssue(
            message("The URI is percent-encoded. Enter it as the application uses it, without the encoding."),
            _usable_fix(_decode(uri), rules),
        )
    if not scheme or _HOST_AND_PORT.match(uri):
        return RedirectUriIssue(
            message("The scheme is missing. Enter a complete URI such as https://app.example.org/."),
            _usable_fix(f"https://{uri}", rules),
        )
    if scheme == "urn":
        return RedirectUriIssue(
            message(
                "Out-of-band redirect URIs are not supported. Use http://127.0.0.1/ or the device grant instead."
            )
        )
    if scheme in _DANGEROUS_SCHEMES:
        return RedirectUriIssue(
            message("The scheme %(scheme)s is not safe for a redirect URI. Use https.", scheme=scheme)
        )
    if scheme in {"http", "https"}:
        return _check_host(uri, scheme, host, rules)
    return None if "." in scheme or rules.is_administrator else _scheme_without_dot(scheme)


def _check_host(uri: str, scheme: str, host: str, rules: UriRules) -> RedirectUriIssue | None:
    if not host:
        return RedirectUriIssue(
            message("The host is missing. Enter a complete URI such as https://app.example.org/.")
        )
    if "*" in uri:
        return _WILDCARD
    if scheme == "http" and not _allows_http(host, rules):
        return RedirectUriIssue(
            message(
                "http:// is accepted only on 127.0.0.1, [::1] and localhost, and where the setting "
                "AUTHSERVER_HTTP_REDIRECT_HOSTS allows it. Use https:// instead."
            ),
            "https" + uri[4:],
        )
    return None


def _usable_fix(uri: str, rules: UriRules) -> str:
    issue = find_issue(uri, rules)
    return "" if issue is not None and issue.is_rejected else uri


def _scheme_without_dot(scheme: str) -> RedirectUriIssue:
    return RedirectUriIssue(
        message(
            "The private-use scheme %(scheme)s has no dot. Use a scheme such as com.example.app:/callback, or ask an "
            "administrator to register this URI.",
            scheme=scheme,
        )
    )


def _allows_http(host: str, rules: UriRules) -> bool:
    if host in LOOPBACK_HOSTS:
        return True
    return any(_is_host_in(host, entry) for entry in rules.http_hosts)


def _is_host_in(host: str, entry: str) -> bool:
    """Return whether a host is an entry of ``http_redirect_hosts``: a network, a host, or a domain such as .corp."""
    if host == entry or (entry.startswith(".") and host.endswith(entry)):
        return True
    try:
        return ip_address(host) in ip_network(entry)
    except ValueError:
        return False


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
    if any(part in {".", ".."} for part in parts.path.split("/")):
        return RedirectUriIssue(message("The path of the URI contains . or .. segments. Remove them."))
    return None


def _warnings(uri: str, parts: SplitResult) -> Iterator[RedirectUriIssue]:
    if parts.scheme not in {"http", "https"} and "." not in parts.scheme:
        yield RedirectUriIssue(
            message(
                "Other applications on the computer of a user can also claim the scheme %(scheme)s, and then receive the "
                "response to a sign-in. Use it only if the application supports no other URI.",
                scheme=parts.scheme,
            ),
            is_rejected=False,
        )
    if parameters := _RESPONSE_PARAMETERS & parse_qs(parts.query, keep_blank_values=True).keys():
        yield RedirectUriIssue(
            message(
                "The URI contains %(parameter)s=, which the response to a sign-in adds as well. If the URI is copied from a "
                "completed sign-in, remove the query.",
                parameter=sorted(parameters)[0],
            ),
            uri.partition("?")[0],
            is_rejected=False,
        )
    if _ENCODED_PERCENT.search(uri):
        yield RedirectUriIssue(
            message(
                "A part of the URI seems to be percent-encoded twice. Correct it, unless the application sends it so."
            ),
            _ENCODED_PERCENT.sub(r"%\1", uri),
            is_rejected=False,
        )
    if parts.path not in {"", "/"} and parts.path.endswith("/"):
        yield RedirectUriIssue(
            message("The URI ends with a slash. It matches only if the application sends the slash too."),
            uri.rstrip("/"),
            is_rejected=False,
        )


def list_error(
    uris: Iterable[str],
    rules: UriRules = STRICT,
    known: Iterable[str] = (),
) -> str | None:
    """Return the error message for all URIs of a list that cannot be registered, or None.

    The message numbers the URIs if the list has several. The URIs in ``known`` are registered already. They stay valid, even
    if the rules have become stricter.
    """
    listed = list(uris)
    if len(set(listed)) > MAX_COUNT:
        return message("A client can have at most %(count)s redirect URIs.", count=MAX_COUNT)
    found = ((uri, None if uri in known else find_issue(uri, rules)) for uri in listed)
    return _numbered([issue.sentence if issue and issue.is_rejected else None for _, issue in found], listed)


def web_error(uris: Sequence[str]) -> str | None:
    """Return the error message for all URIs at which a web client must not receive tokens, or None."""
    # OpenID Connect Registration, section 2: MUST be https and not localhost.
    sentence = message("To receive tokens in the browser, use https:// and a host other than localhost.")
    return _numbered([None if _is_remote_https(uri) else sentence for uri in uris], uris)


def _is_remote_https(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "https" and parts.hostname not in LOOPBACK_HOSTS


def _numbered(problems: Sequence[str | None], uris: Sequence[str]) -> str | None:
    """Return one line for each URI with a problem, with its position in the list, or None."""
    lines: str | None = None
    for number, (uri, problem) in enumerate(zip(uris, problems, strict=True), 1):
        if problem is None or uri in uris[: number - 1]:
            continue
        named = message("%(uri)s: %(problem)s", uri=uri[:80], problem=problem)
        line = message("URI %(number)s, %(line)s", number=number, line=named) if len(uris) > 1 else named
        lines = line if lines is None else message("%(lines)s\n%(line)s", lines=lines, line=line)
    return lines


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Return whether a request may use the URI."""
    return any(uri == other or _differs_in_loopback_port_only(uri, other) for other in registered)


def is_encoded_twice(uri: str, registered: Iterable[str]) -> bool:
    """Return whether the URI of a request is a registered or other URI that was percent-encoded once too often."""
    decoded = _decode(uri)
    return decoded != uri and (bool(_ENCODED_SCHEME.match(uri)) or is_registered(decoded, registered))


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


def is_on_loopback(uri: str) -> bool:
    """Return whether a valid redirect URI is an http URI on a loopback host."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


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
        if known.hostname not in LOOPBACK_HOSTS:
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


def _decode(uri: str) -> str:
    """Return a URI without its outer percent-encoding, of which there may be several layers."""
    decoded = unquote(uri)
    for _ in range(3):
        if not _ENCODED_SCHEME.match(decoded):
            break
        decoded = unquote(decoded)
    return decoded
