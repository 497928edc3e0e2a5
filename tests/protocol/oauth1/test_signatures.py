"""The signature methods. tests/spec compares them with other implementations."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import RSAKey

from authserver.protocol.oauth1 import public_keys, signatures

KEYS = signatures.Keys(("first secret", "second"), "token secret")


@pytest.fixture(scope="module")
def private_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(private_key):
    return private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"])
@pytest.mark.parametrize("secret", KEYS.client_secrets)
def test_each_valid_secret_is_accepted(method, secret):
    signature = signatures.sign(method, "base", secret, "token secret")
    assert signatures.verify(method, "base", signature, KEYS)
    assert not signatures.verify(method, "base", signature, signatures.Keys(("third",), "token secret"))
    assert not signatures.verify(method, "base", signature, signatures.Keys(KEYS.client_secrets, "other"))


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"])
def test_signature_of_another_base_string_is_rejected(method):
    assert not signatures.verify(
        method, "basf", signatures.sign(method, "base", "second", "token secret"), KEYS
    )


@pytest.mark.parametrize("method", ["", "MD5", "hmac-sha1", "RSA-SHA1", "HMAC-SHA1", "PLAINTEXT"])
@pytest.mark.parametrize("signature", ["", "&", "=", "\u2603", "\udc80", "A" * 4000])
def test_malformed_signature_is_rejected_without_an_exception(method, signature, pem):
    keys = signatures.Keys(KEYS.client_secrets, KEYS.token_secret, public_keys.load_public_keys(pem))
    assert not signatures.verify(method, "base", signature, keys)


@pytest.mark.parametrize("method", ["HMAC-SHA1", "PLAINTEXT", "RSA-SHA256"])
def test_no_signature_is_valid_without_a_secret_or_key(method):
    empty = signatures.sign(method, "base", "", "") or ""
    assert not signatures.verify(method, "base", empty, signatures.Keys(()))


@pytest.mark.parametrize(
    ("method", "algorithm"), [("RSA-SHA1", hashes.SHA1()), ("RSA-SHA256", hashes.SHA256())]
)
def test_rsa_signature_is_verified_with_the_public_key(method, algorithm, private_key, pem):
    signature = base64.b64encode(private_key.sign(b"base", padding.PKCS1v15(), algorithm)).decode()
    keys = signatures.Keys(("unused",), "unused", public_keys.load_public_keys(pem))
    assert signatures.verify(method, "base", signature, keys)
    assert not signatures.verify(method, "other", signature, keys)
    assert not signatures.verify({"RSA-SHA1": "RSA-SHA256"}.get(method, "RSA-SHA1"), "base", signature, keys)


def test_jwk_set_is_parsed(private_key, pem):
    jwk = RSAKey.import_key(pem).as_dict(private=False)
    import json

    assert public_keys.load_public_keys(json.dumps({"keys": [jwk]})) == (private_key.public_key(),)
    assert public_keys.load_public_keys(json.dumps(jwk)) == (private_key.public_key(),)


def test_unusable_keys_are_rejected_with_a_reason(private_key):
    private = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    shapes = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    texts = [private, short.public_bytes(*shapes).decode(), curve.public_bytes(*shapes).decode()]
    texts += [
        "",
        "x",
        "{}",
        "{",
        '{"keys": []}',
        '{"keys": 1}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "RSA"}]}',
        "[" * 5000,
    ]
    texts += ["{" + '"keys":[' * 4000, "\u2603", "x" * 30_000, "-----BEGIN CERTIFICATE-----"]
    for text in texts:
        with pytest.raises(ValueError, match=r"[.;]"):
            public_keys.load_public_keys(text)


@pytest.mark.parametrize(
    ("url", "is_private"),
    [("https://a.example/x", True), ("http://127.0.0.1:8000/x", True), ("http://[::1]/", True),
     ("http://localhost/", True), ("http://a.example/", False), ("http://localhost.example/", False)],
)  # fmt: skip
def test_plaintext_requires_tls_or_loopback(url, is_private):
    assert signatures.is_private_transport(url) is is_private
