"""Parses the description of a signed request, which a resource server sends or the debugger submits."""

from collections.abc import Iterator
from typing import Any

from authserver.protocol.oauth1 import base_strings
from authserver.protocol.oauth1.encoding import Pair, Pairs, decode_form
from authserver.protocol.oauth1.parameters import MAX_PAIRS, collect
from authserver.protocol.oauth1.signed_request import SignedRequest

MAX_METHOD_LENGTH = 40


def parse_described_request(document: dict[str, Any]) -> SignedRequest:
    """Return the described request; raises ValueError for a malformed description, OAuth1Error for a malformed request.

    The description has ``method``, ``url``, the Authorization header as ``authorization`` or in ``headers``, and the
    form body as ``body`` (encoded) or as ``body_parameters`` (an object, or a list of pairs if names repeat).
    """
    method, url = _text(document, "method"), _text(document, "url")
    if not 0 < len(method) <= MAX_METHOD_LENGTH or not method.isascii() or not method.isprintable():
        raise ValueError("method must be an HTTP method.")
    try:
        target = base_strings.target(url)
    except ValueError as error:
        raise ValueError(f"url cannot be read: {error}.") from error
    parameters = collect(_authorization(document), decode_form(target.query), _form(document))
    return SignedRequest(method, target.uri, parameters)


def _authorization(document: dict[str, Any]) -> str:
    headers = document.get("headers", {})
    if not isinstance(headers, dict):
        raise ValueError("headers must be an object.")  # noqa: TRY004
    found = [_checked(name, value) for name, value in headers.items() if name.lower() == "authorization"]
    if "authorization" in document:
        found.append(_text(document, "authorization"))
    if len(found) > 1:
        raise ValueError("The description has two Authorization headers.")
    return found[0] if found else ""


def _form(document: dict[str, Any]) -> Pairs | None:
    body, parameters = _text(document, "body", default=""), document.get("body_parameters")
    if body and parameters:
        raise ValueError("Send body or body_parameters, not both.")
    if parameters is None:
        return decode_form(body) if body else None
    pairs = tuple(_pairs(parameters))
    if len(pairs) > MAX_PAIRS:
        raise ValueError(f"body_parameters has more than {MAX_PAIRS} entries.")
    return pairs


def _pairs(parameters: Any) -> Iterator[Pair]:
    if isinstance(parameters, dict):
        for name, value in parameters.items():
            for item in value if isinstance(value, list) else [value]:
                yield _checked("a body parameter", name), _checked("a body parameter", item)
    elif isinstance(parameters, list):
        for pair in parameters:
            if not isinstance(pair, list) or len(pair) != 2:
                raise ValueError("body_parameters must be an object, or a list of pairs.")
            yield _checked("a body parameter", pair[0]), _checked("a body parameter", pair[1])
    else:
        raise ValueError("body_parameters must be an object, or a list of pairs.")  # noqa: TRY004


def _text(document: dict[str, Any], name: str, default: str | None = None) -> str:
    return _checked(name, document.get(name, default))


def _checked(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name[:60]} must be a string.")  # noqa: TRY004
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name[:60]} contains a lone surrogate.")
    return value
