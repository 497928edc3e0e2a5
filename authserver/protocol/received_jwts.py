"""Parses received JWTs strictly, and verifies their signatures (RFC 7515, section 5.2)."""

import json
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from authserver.protocol import algorithms


class ReceivedJwt(NamedTuple):
    """A parsed JWT. Its signature and its claims have not been verified."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    def is_signed_with(self, key: Any, algorithm: str) -> bool:
        """Return whether the signature is valid for this key and algorithm."""
        if "crit" in self.header:
            # RFC 7515, section 4.1.11: reject critical header parameters, because no extension is supported.
            return False
        try:
            jws.deserialize_compact(self.text.encode(), key, registry=algorithms.registry(algorithm))
        except (JoseError, ValueError):
            return False
        return True


def parse_jwt(text: str) -> ReceivedJwt:
    """Parse a JWT in compact serialization (three parts); raises ValueError if it is malformed."""
    header, claims, _signature = text.encode().split(b".")
    try:
        return ReceivedJwt(text, _object(header), _object(claims))
    except RecursionError as error:
        raise ValueError("Nested too deeply.") from error


def _object(part: bytes) -> dict[str, Any]:
    # RFC 7519, section 7.2: accept only UTF-8. Given bytes, json.loads would also accept UTF-16 and UTF-32.
    value = json.loads(urlsafe_b64decode(part).decode())
    if not isinstance(value, dict):
        raise ValueError("Not a JSON object.")  # noqa: TRY004 - the input is wrong, not a type in this program
    return value
