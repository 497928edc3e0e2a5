"""Refresh tokens as clients carry them: the family, the generation, and an HMAC that proves both.

The value of a generation is derived from the family's own random bits, so that it need not be stored (``tokens``).
"""

import base64
import hmac
import re
from typing import NamedTuple

from authserver.domain.keys.vault import Vault
from authserver.domain.tokens import opaque_tokens
from authserver.vocabulary import TokenPrefix

_FORM = re.compile(
    rf"{TokenPrefix.REFRESH_TOKEN}_(?P<family>[1-9a-z][0-9a-z]{{0,11}})_(?P<generation>[1-9][0-9]{{0,8}})\.(?P<proof>[\w-]{{43}})",
    re.ASCII,
)


class PresentedRefreshToken(NamedTuple):
    """A refresh token as it came in: the family it names, the generation, and the code that proves both."""

    family_id: int
    generation: int
    proof: str


UNKNOWN = PresentedRefreshToken(0, 0, "")


def format_refresh_token(vault: Vault, family_id: int, seed: bytes, pepper_id: str, generation: int) -> str:
    """Return the value of one generation of a family; the same one whenever it is asked for."""
    return opaque_tokens.format_token(
        TokenPrefix.REFRESH_TOKEN,
        family_id,
        f"{generation}.{_proof(vault, family_id, seed, pepper_id, generation)}",
    )


def parse_refresh_token(value: str | None) -> PresentedRefreshToken | None:
    """Parse a refresh token that came in; None when it cannot be one of ours."""
    match = _FORM.fullmatch(value) if value is not None and len(value) < 100 else None
    if match is None:
        return None
    return PresentedRefreshToken(int(match["family"], 36), int(match["generation"]), match["proof"])


def is_genuine(
    vault: Vault, presented: PresentedRefreshToken, seed: bytes | None, pepper_id: str | None
) -> bool:
    """Return whether a presented refresh token was issued by this installation for that family."""
    if seed is None or pepper_id is None or not vault.knows_pepper(pepper_id):
        return False
    proof = _proof(vault, presented.family_id, seed, pepper_id, presented.generation)
    return hmac.compare_digest(proof, presented.proof)


def _proof(vault: Vault, family_id: int, seed: bytes, pepper_id: str, generation: int) -> str:
    message = b"%d.%d." % (family_id, generation) + bytes(seed)
    return base64.urlsafe_b64encode(vault.mac("refresh-token", message, pepper_id)).rstrip(b"=").decode()
