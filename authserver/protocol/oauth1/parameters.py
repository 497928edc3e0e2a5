"""Collects the parameters of a signed request from the Authorization header, the form body and the query, in order.

Authlib's parser flattens repeated parameters, decodes twice and drops every parameter called realm; this one does not.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from authserver.protocol.oauth1 import errors
from authserver.protocol.oauth1.encoding import Pair, Pairs, is_text, unescape
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode

Place = Literal["header", "form", "query", "nowhere"]

MAX_PAIRS = 1000
MAX_VALUE_LENGTH = 4096
_SCHEME = re.compile(r"oauth(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_HEADER_PAIR = re.compile(r'([^\s=",]+)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a signed request, in their original order.

    ``protocol`` contains the oauth_ parameters, ``signed`` contains all parameters that are signed.
    """

    protocol: dict[str, str]
    signed: Pairs
    place: Place
    realm: str | None = None

    def get(self, name: str) -> str:
        """Return a protocol parameter, or an empty string if it is absent."""
        return self.protocol.get(name, "")


def collect(authorization: str, query: Pairs, form: Pairs | None) -> Parameters:
    """Collect the parameters of a request (RFC 5849, sections 3.4.1.3 and 3.5); raises OAuth1Error.

    ``form`` contains the pairs of a form body. It is None for other types of body, which are not signed.
    """
    realm, header = parse_authorization(authorization)
    places: dict[Place, Pairs] = {"header": header, "form": form or (), "query": query}
    everything = [pair for pairs in places.values() for pair in pairs]
    if len(everything) > MAX_PAIRS:
        advice = f"The request has more than {MAX_PAIRS} parameters."
        raise OAuth1Error(ProblemCode.PARAMETER_REJECTED, advice)
    used: list[Place] = [
        place for place, pairs in places.items() if any(_is_protocol(pair) for pair in pairs)
    ]
    if len(used) > 1:
        advice = f"The oauth_ parameters are in two places: {used[0]} and {used[1]}. Send all of them in one place."
        raise OAuth1Error(ProblemCode.PARAMETER_REJECTED, advice)
    protocol = _once(pair for pair in everything if _is_protocol(pair))
    signed = tuple(pair for pair in everything if pair[0] != "oauth_signature")
    return Parameters(protocol, signed, used[0] if used else "nowhere", realm)


def parse_authorization(header: str) -> tuple[str | None, Pairs]:
    """Return the realm, or None, and the pairs of an OAuth Authorization header; raises OAuth1Error.

    A header with another scheme has no realm and no pairs.
    """
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
        raise errors.parameter_rejected("realm", "The Authorization header has two realms.")
    return (realms[0] if realms else None), tuple(pairs)


def _split(rest: str) -> Iterable[Pair]:
    if not rest.isascii():
        advice = "The Authorization header contains characters that are not ASCII. Percent-encode them."
        raise errors.parameter_rejected("Authorization", advice)
    position = 0
    while position < len(rest):
        if rest[position] in " \t,":
            position += 1
            continue
        found = _HEADER_PAIR.match(rest, position)
        if found is None or rest[found.end() :].lstrip(" \t")[:1] not in {"", ","}:
            raise errors.parameter_rejected(
                "Authorization",
                'The Authorization header is malformed. The format is OAuth name="value", name="value".',
            )
        yield found[1], found[2]
        position = found.end()


def _unescape(text: str) -> str:
    try:
        return unescape(text)
    except ValueError as error:
        advice = f"The Authorization header is malformed: {error}."
        raise errors.parameter_rejected("Authorization", advice) from error


def _once(pairs: Iterable[Pair]) -> dict[str, str]:
    protocol: dict[str, str] = {}
    for name, value in pairs:
        if name in protocol:
            raise errors.parameter_rejected(_printable(name), "The request has this parameter twice.")
        if len(name) + len(value) > MAX_VALUE_LENGTH or not is_text(name) or not is_text(value):
            advice = "This parameter is too long or is not printable UTF-8 text."
            raise errors.parameter_rejected(_printable(name), advice)
        protocol[name] = value
    return protocol


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:100])


def _is_protocol(pair: Pair) -> bool:
    return pair[0].startswith("oauth_")
