"""The format of refresh tokens: the id of the family, the generation, and an HMAC.

The HMAC covers the id, the generation and random bits of the family. The server can compute it again, so the database
stores the random bits instead of the token. The records are in ``tokens``.
"""

import base64
import hmac
import re
from typing import NamedTuple

from authserver.domain import opaque_tokens
from authserver.domain.vault import Vault
from authserver.vocabulary import TokenPrefix

_FORM = re.compile(
    rf"{TokenPrefix.REFRESH_TOKEN}_(?P<family>[1-9a-z][0-9a-z]{{0,11}})_(?P<generation>[1-9][0-9]{{0,8}})\.(?P<proof>[\w-]{{43}})",
    re.ASCII,
)


class PresentedRefreshToken(NamedTuple):
    """A received refresh token: the family, the generation, and the HMAC, which is not verified yet."""

    family_id: int
    generation: int
    proof: str


UNKNOWN = PresentedRefreshToken(0, 0, "")


def format_refresh_token(vault: Vault, family_id: int, seed: bytes, pepper_id: str, generation: int) -> str:
    """Return the refresh token for a generation of a family. Equal arguments always give the same token."""
    return opaque_tokens.format_token(
        TokenPrefix.REFRESH_TOKEN,
        family_id,
        f"{generation}.{_proof(vault, family_id, seed, pepper_id, generation)}",
    )


def parse_refresh_token(value: str | None) -> PresentedRefreshToken | None:
    """Parse a received refresh token; return None if it has another format."""
    match = _FORM.fullmatch(value) if value is not None and len(value) < 100 else None
    if match is None:
        return None
    return PresentedRefreshToken(int(match["family"], 36), int(match["generation"]), match["proof"])


def is_genuine(
    vault: Vault, presented: PresentedRefreshToken, seed: bytes | None, pepper_id: str | None
) -> bool:
    """Return whether this server issued the refresh token for the family with that seed."""
    if seed is None or pepper_id is None or not vault.knows_pepper(pepper_id):
        return False
    proof = _proof(vault, presented.family_id, seed, pepper_id, presented.generation)
    return hmac.compare_digest(proof, presented.proof)


def _proof(vault: Vault, family_id: int, seed: bytes, pepper_id: str, generation: int) -> str:
    message = b"%d.%d." % (family_id, generation) + bytes(seed)
    return base64.urlsafe_b64encode(vault.mac("refresh-token", message, pepper_id)).rstrip(b"=").decode()
