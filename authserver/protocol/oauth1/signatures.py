"""The signature methods of RFC 5849, sections 3.4.2 to 3.4.4, and their SHA-2 variants."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authserver.protocol.oauth1.encoding import escape
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.vocabulary import SignatureMethod

_HMAC_DIGESTS = {
    SignatureMethod.HMAC_SHA1: "sha1",
    SignatureMethod.HMAC_SHA256: "sha256",
    SignatureMethod.HMAC_SHA512: "sha512",
}
_RSA_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    SignatureMethod.RSA_SHA1: hashes.SHA1,
    SignatureMethod.RSA_SHA256: hashes.SHA256,
}


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys that can verify a client's signature: its unexpired secrets, the token secret, and its public keys."""

    client_secrets: tuple[str, ...]
    token_secret: str = ""
    public_keys: tuple[RSAPublicKey, ...] = ()


def verify(method: str, base_string: str, signature: str, keys: Keys) -> bool:
    """Return whether the signature is valid; False for an unknown method."""
    if method in _RSA_HASHES:
        return any(
            _verify_rsa(_RSA_HASHES[method](), base_string, signature, key) for key in keys.public_keys
        )
    # Try every secret, so that the timing does not reveal which one matches.
    matches = [
        _equal(sign(method, base_string, secret, keys.token_secret), signature)
        for secret in keys.client_secrets
    ]
    return any(matches)


def sign(method: str, base_string: str, client_secret: str, token_secret: str) -> str | None:
    """Return the signature that the shared secrets produce, or None for a method that uses no shared secret."""
    key = f"{escape(client_secret)}&{escape(token_secret)}"
    if method == SignatureMethod.PLAINTEXT:
        return key
    digest = _HMAC_DIGESTS.get(method)  # type: ignore[call-overload]
    if digest is None:
        return None
    return base64.b64encode(hmac.digest(key.encode(), base_string.encode(), digest)).decode()


def is_private_transport(url: str) -> bool:
    """Return whether plain-text secrets are safe on the way to the URL: over TLS or on the loopback interface."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS


def _equal(ours: str | None, theirs: str) -> bool:
    return ours is not None and hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))


def _verify_rsa(algorithm: hashes.HashAlgorithm, base_string: str, signature: str, key: RSAPublicKey) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), base_string.encode(), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
