"""The parameters of a signed request: from the Authorization header, the form body and the query, kept in order.

Stricter than Authlib's parser, which flattens repeated parameters, decodes twice and drops any parameter called realm.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from authserver.protocol.oauth1 import problems
from authserver.protocol.oauth1.encoding import Pair, Pairs, is_text, unescape

Place = Literal["header", "form", "query", "nowhere"]

MAX_PAIRS = 1000
MAX_VALUE_LENGTH = 4096
_SCHEME = re.compile(r"oauth(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_HEADER_PAIR = re.compile(r'([^\s=",]+)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Parameters:
    """``protocol`` holds each oauth_ parameter once, ``signed`` all that the signature covers, sorted by nobody yet."""

    protocol: dict[str, str]
    signed: Pairs
    place: Place
    realm: str | None = None

    def get(self, name: str) -> str:
        """Return a protocol parameter; an absent one counts as empty."""
        return self.protocol.get(name, "")


def collect(authorization: str, query: Pairs, form: Pairs | None) -> Parameters:
    """Collect the parameters of a request (RFC 5849, sections 3.4.1.3 and 3.5); raises Problem.

    ``form`` holds the body's pairs when its type is the form type, else None: other bodies are not signed.
    """
    realm, header = parse_authorization(authorization)
    places: dict[Place, Pairs] = {"header": header, "form": form or (), "query": query}
    everything = [pair for pairs in places.values() for pair in pairs]
    if len(everything) > MAX_PAIRS:
        raise problems.Problem(
            problems.Reason.PARAMETER_REJECTED, f"The request has more than {MAX_PAIRS} parameters."
        )
    used: list[Place] = [
        place for place, pairs in places.items() if any(_is_protocol(pair) for pair in pairs)
    ]
    if len(used) > 1:
        advice = f"The oauth_ parameters are in two places, {used[0]} and {used[1]}; put them all into one."
        raise problems.Problem(problems.Reason.PARAMETER_REJECTED, advice)
    protocol = _once(pair for pair in everything if _is_protocol(pair))
    signed = tuple(pair for pair in everything if pair[0] != "oauth_signature")
    return Parameters(protocol, signed, used[0] if used else "nowhere", realm)


def parse_authorization(header: str) -> tuple[str | None, Pairs]:
    """Return the realm and the pairs of an OAuth Authorization header; another scheme has none; raises Problem."""
    scheme = _SCHEME.fullmatch(header.strip())
    if scheme is None:
        return None, ()
    realms: list[str] = []
    pairs: list[Pair] = []
    for name, value in _split(scheme[1] or ""):
        if name.lower() == "realm":
            realms.append(re.sub(r"\\(.)", r"\1", value))
        else:
            pairs.append((_unescape(name), _unescape(value)))
    if len(realms) > 1:
        raise problems.rejected("realm", "The Authorization header names the realm twice.")
    return (realms[0] if realms else None), tuple(pairs)


def _split(rest: str) -> Iterable[Pair]:
    if not rest.isascii():
        raise problems.rejected(
            "Authorization", "The Authorization header has letters that are not ASCII; encode them."
        )
    position = 0
    while position < len(rest):
        if rest[position] in " \t,":
            position += 1
            continue
        found = _HEADER_PAIR.match(rest, position)
        if found is None or rest[found.end() :].lstrip(" \t")[:1] not in {"", ","}:
            raise problems.rejected(
                "Authorization",
                'The Authorization header is malformed; it is written OAuth name="value", name="value".',
            )
        yield found[1], found[2]
        position = found.end()


def _unescape(text: str) -> str:
    try:
        return unescape(text)
    except ValueError as error:
        raise problems.rejected(
            "Authorization", f"The Authorization header is malformed: {error}."
        ) from error


def _once(pairs: Iterable[Pair]) -> dict[str, str]:
    protocol: dict[str, str] = {}
    for name, value in pairs:
        if name in protocol:
            raise problems.rejected(_readable(name), "This parameter is in the request twice.")
        if len(name) + len(value) > MAX_VALUE_LENGTH or not is_text(name) or not is_text(value):
            raise problems.rejected(
                _readable(name), "This parameter is too long, or is not printable UTF-8 text."
            )
        protocol[name] = value
    return protocol


def _readable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:100])


def _is_protocol(pair: Pair) -> bool:
    return pair[0].startswith("oauth_")
