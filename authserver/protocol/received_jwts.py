"""Reading JWTs that somebody sent, strictly, before anything in them is believed (RFC 7515, section 5.2)."""

import json
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from authserver.protocol import algorithms


class ReceivedJwt(NamedTuple):
    """A signed JWT as it came in; nothing in it has been checked."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    def is_signed_with(self, key: Any, algorithm: str) -> bool:
        """Return whether the signature is one of that key by that algorithm."""
        if "crit" in self.header:
            # RFC 7515, section 4.1.11: what must be understood is refused where no extension is.
            return False
        try:
            jws.deserialize_compact(self.text.encode(), key, registry=algorithms.registry(algorithm))
        except (JoseError, ValueError):
            return False
        return True


def parse_jwt(text: str) -> ReceivedJwt:
    """Return what a text of three parts says; raises ValueError for what is no signed JWT."""
    header, claims, _signature = text.encode().split(b".")
    try:
        return ReceivedJwt(text, _object(header), _object(claims))
    except RecursionError as error:
        raise ValueError("Nested too deeply.") from error


def _object(part: bytes) -> dict[str, Any]:
    # RFC 7519, section 7.2: UTF-8, where the library guesses other encodings as well.
    value = json.loads(urlsafe_b64decode(part).decode())
    if not isinstance(value, dict):
        raise ValueError("Not a JSON object.")  # noqa: TRY004 - a fault of the text, not of this program
    return value
