"""Replaces values that differ from run to run, and texts for users, with placeholders."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TEXT = "<text>"
_YEAR = 366 * 24 * 3600
_OPAQUE = re.compile(r"\b(as[a-z])_[0-9a-z]+_[\w.-]+")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_TYPED = "[B-DF-HJ-NP-TV-XZ]{4}"
_USER_CODE = re.compile(rf"\b{_TYPED}(?:[- ]?{_TYPED})+\b", re.IGNORECASE)
_SIX_DIGITS = re.compile(r"\d{6}")
_KEY = re.compile(r"\b[0-9a-f]{32}\b")
_PAIRWISE = re.compile(r"[\w-]{43}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME = re.compile(r"\b1[89]\d{8}\b")
_ISO_TIME = re.compile(r"\b2030-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
_DESCRIPTION = re.compile(r'(error_description|oauth_problem_advice)="[^"]*"')
_NONCE = re.compile(r"'nonce-[^']+'")
_DIGEST = re.compile(r"'sha256-[^']+'")
_ROW = re.compile(r"/(secrets|sessions)/\d+/")
_ADDRESS = re.compile(r"\b10\.\d+\.\d+\.1\b")
_ASSET = re.compile(r"/assets/[0-9a-f]{6,}/")
_EXPIRES = re.compile(r"(?i)(expires=)([^;]+)")
_REFERENCE = re.compile(r"(/admin/diagnostics/)[\w-]+")
# Opaque values, by the name of their parameter or member.
_OPAQUE_NAMES = {
    "ask", "resume", "proof", "csrf_token", "session_state", "client_secret", "oauth_token_secret", "oauth_verifier",
    "oauth_nonce", "oauth_signature", "public_key", "authorization", "Authorization",
    "kid", "jti", "sid", "at_hash", "c_hash", "n", "x", "y", "reference", "registration_access_token",
}  # fmt: skip
_TEXT_NAMES = {"error_description", "oauth_problem_advice", "advice"}


class Placeholders:
    """The values that this run has generated, and its current time."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, value: str, name: str) -> None:
        """Show a value as `<name>` from now on."""
        self._known.setdefault(value, f"<{name}>")

    def text(self, text: str) -> str:
        """Return text with the values of this run replaced."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, self._known[value])
        text = _JWT.sub("<jwt>", text)
        text = _OPAQUE.sub(r"\1_…", text)
        text = _KEY.sub("<key>", text)
        text = _USER_CODE.sub("<user code>", text)
        text = _TIME.sub(lambda match: self.instant(int(match[0])), text)
        text = _ISO_TIME.sub("<instant>", text)
        text = _REFERENCE.sub(r"\1<reference>", text)
        text = _ROW.sub(r"/\1/<id>/", _ADDRESS.sub("<address>", text))
        return _ASSET.sub("/assets/<digest>/", text)

    def instant(self, seconds: int) -> str:
        """Return a time relative to now."""
        return f"<now{seconds - int(datetime.now(UTC).timestamp()):+d}>"

    def value(self, name: str, value: str) -> str:
        """Return the value of a parameter."""
        if name in _TEXT_NAMES:
            return TEXT
        if name == "sub" and _PAIRWISE.fullmatch(value):
            return "<pairwise sub>"
        if name == "code" and _SIX_DIGITS.fullmatch(value):
            return "<six digits>"
        shown = f"<{name}>" if name in _OPAQUE_NAMES and value else self.text(value)
        return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", shown)

    def member(self, name: str, value: Any) -> Any:
        """Return the value of a JSON member; its type stays visible."""
        if isinstance(value, dict):
            return {key: self.member(key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.member(name, one) for one in value]
        if isinstance(value, str):
            return self.header("", value) if name == "www_authenticate" else self.value(name, value)
        if type(value) is int and abs(value - datetime.now(UTC).timestamp()) < _YEAR:
            return f"<number {self.instant(value)[1:]}"
        return value

    def pairs(self, pairs: list[tuple[str, str]]) -> str:
        """Return parameters in one line, unencoded."""
        return "&".join(f"{name}={self.value(name, value)}" for name, value in pairs)

    def url(self, url: str) -> str:
        """Return a URL with its parameters unencoded."""
        parts = urlsplit(url)
        shown = self.text(unquote(url.partition("#")[0].partition("?")[0]))
        for sign, part in (("?", parts.query), ("#", parts.fragment)):
            if part:
                shown += sign + (self.pairs(parse_qsl(part, keep_blank_values=True)) or self.text(part))
        return shown

    def header(self, name: str, value: str) -> str:
        """Return the value of a header."""
        if replace := _HEADERS.get(name.lower()):
            return replace(self, value)
        value = _DESCRIPTION.sub(rf'\1="{TEXT}"', value)
        return self.text(_DIGEST.sub("'sha256-<digest>'", _NONCE.sub("'nonce-<nonce>'", value)))

    def cookie(self, value: str) -> str:
        """Return a cookie with its attributes."""
        pair, _, attributes = value.partition(";")
        name, _, content = pair.partition("=")
        attributes = _EXPIRES.sub(self._expiry, attributes)
        return f"{name}={'<value>' if content else ''};{attributes}"

    def _expiry(self, match: re.Match[str]) -> str:
        seconds = int(parsedate_to_datetime(match[2]).timestamp())
        return match[1] + (self.instant(seconds) if seconds else "<1970>")

    def credentials(self, value: str) -> str:
        """Return the Authorization header of a request."""
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "oauth":
            return f"{scheme} <signed>"
        try:
            decoded = base64.b64decode(rest, validate=True).decode() if scheme == "Basic" else rest
        except ValueError:
            decoded = rest
        return f"{scheme} {self.text(unquote(decoded))}".strip()


def _length(_: Placeholders, value: str) -> str:
    return "0" if value == "0" else "<length>"


def _methods(_: Placeholders, value: str) -> str:
    """Sort the methods: Flask lists them in the order of a set."""
    return ", ".join(sorted(value.split(", ")))


_HEADERS: dict[str, Callable[[Placeholders, str], str]] = {
    "allow": _methods,
    "authorization": Placeholders.credentials,
    "content-length": _length,
    "etag": lambda _, value: re.sub('"[^"]*"', '"<etag>"', value),
    "if-none-match": lambda _, value: re.sub('"[^"]*"', '"<etag>"', value),
    "location": Placeholders.url,
    "set-cookie": Placeholders.cookie,
    "x-request-id": lambda _, value: "<id>" if re.fullmatch("[A-Z]{10}", value) else value,
}


def jwt_parts(jwt: str) -> list[Any]:
    """Return the header and the claims of a JWT without checking its signature."""
    return [
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in jwt.split(".")[:2]
    ]


def find_jwts(name: str, value: Any) -> list[tuple[str, str]]:
    """Return the JWTs in a JSON value, with the names of their members."""
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in find_jwts(key, one)]
    if isinstance(value, list):
        return [found for one in value for found in find_jwts(name, one)]
    return [(name, value)] if isinstance(value, str) and _JWT.fullmatch(value) else []
