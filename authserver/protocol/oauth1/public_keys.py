"""Parses the public RSA keys of a consumer: a PEM key, a PEM certificate or a JWK set."""

import json
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from authserver.domain.clients.metadata_types import is_short_rsa_key

MIN_BITS = 2048
MAX_LENGTH = 20_000


@lru_cache(maxsize=256)
def load_public_keys(text: str) -> tuple[RSAPublicKey, ...]:
    """Return the keys; raises ValueError with a sentence for the user if the text has no usable key."""
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError(
            "The text is too long or is not ASCII. Paste one PEM public key, one certificate or one JWK set"
            f" of at most {MAX_LENGTH} characters."
        )
    keys = _from_jwks(text) if text.lstrip().startswith("{") else (_from_pem(text.strip()),)
    if not keys or any(key.key_size < MIN_BITS for key in keys):
        raise ValueError(f"Paste at least one RSA key. Every RSA key must have at least {MIN_BITS} bits.")
    return keys


def _from_pem(text: str) -> RSAPublicKey:
    if "PRIVATE KEY" in text:
        raise ValueError("This is a private key. Paste the public key and keep the private key secret.")
    try:
        if "BEGIN CERTIFICATE" in text:
            key = load_pem_x509_certificate(text.encode()).public_key()
        else:
            key = load_pem_public_key(text.encode())  # type: ignore[assignment]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("This is not a PEM public key or certificate.") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("This is not an RSA key. OAuth 1.0a signs with RSA keys only.")  # noqa: TRY004
    return key


def _from_jwks(text: str) -> tuple[RSAPublicKey, ...]:
    try:
        document = json.loads(text)
        if "keys" not in document:
            document = {"keys": [document]}
        is_short = any(map(is_short_rsa_key, document["keys"]))
        keys = () if is_short else KeySet.import_key_set(document).keys
    except (ValueError, TypeError, KeyError, AttributeError, JoseError, RecursionError) as error:
        raise ValueError("This is not a JWK set.") from error
    found = [key for key in keys if isinstance(key, RSAKey)]
    if any(key.is_private for key in found):
        raise ValueError(
            "This JWK set contains a private key. Paste the public key and keep the private key secret."
        )
    return tuple(key.public_key for key in found)
