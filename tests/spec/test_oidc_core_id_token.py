"""OpenID Connect Core, sections 2 and 3.1.3: ID tokens."""

import base64
import hashlib

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import KeySet

from authserver import clock
from tests.support.relying_party import RelyingParty, claims
from tests.support.verifier import Verifier


def test_id_token_is_signed_with_a_published_key(rp: RelyingParty) -> None:
    """10.1: signed with RS256, by the key of the JWK set that kid names."""
    token = rp.tokens()["id_token"]
    jwks = rp.browser.get("/jwks.json").get_json()
    decoded = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256"])
    assert decoded.header["kid"] in {key["kid"] for key in jwks["keys"]}
    assert decoded.claims["iss"] == "http://localhost"


def test_jwk_set_contains_no_private_key(rp: RelyingParty) -> None:
    """RFC 7517: private parameters are never published. Every key has kid, use and alg."""
    for key in rp.browser.get("/jwks.json").get_json()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()
        assert {"kid", "use", "alg", "kty"} <= key.keys()


def test_required_claims_are_present(rp: RelyingParty) -> None:
    """2: iss, sub, aud, exp and iat are REQUIRED."""
    with time_machine.travel(clock.now(), tick=False):
        content = claims(rp.tokens()["id_token"])
        now = clock.timestamp(clock.now())
    assert content["aud"] == rp.key
    assert (content["iat"], content["exp"]) == (now, now + 900)
    assert content["sub"].isascii()
    assert len(content["sub"]) <= 255


@pytest.mark.parametrize("more", [{}, {"max_age": "60"}, {"scope": "openid profile email"}])
def test_id_token_contains_no_other_claims(rp: RelyingParty, more: dict[str, str]) -> None:
    """2, 5.4: who signed in, when, how and to which client. auth_time MUST be present if max_age was sent."""
    content = claims(rp.tokens(**{"scope": "openid"} | more)["id_token"])
    required = {"iss", "sub", "aud", "exp", "iat"}
    assert content.keys() == required | {"auth_time", "acr", "amr", "sid", "nonce", "at_hash"}


def test_sid_identifies_the_session(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """Back-Channel Logout, 2.1: one sid per session."""
    first = claims(rp.tokens()["id_token"])["sid"]
    other_rp.browser = rp.browser
    assert claims(other_rp.tokens()["id_token"])["sid"] == first
    rp.browser = rp.app.test_client()
    assert claims(rp.tokens()["id_token"])["sid"] != first


def test_nonce_is_returned(rp: RelyingParty) -> None:
    """2: the nonce value is passed through unmodified."""
    nonce = "n" * 400
    assert claims(rp.tokens(nonce=nonce)["id_token"])["nonce"] == nonce


def test_nonce_is_absent_if_it_was_not_sent(rp: RelyingParty) -> None:
    """2: the nonce claim is present exactly if the request had one."""
    assert "nonce" not in claims(rp.tokens(nonce=None)["id_token"])


def test_at_hash_is_half_of_the_token_hash(rp: RelyingParty) -> None:
    """3.1.3.6: the left half of the hash of the access token."""
    tokens = rp.tokens()
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert claims(tokens["id_token"])["at_hash"] == expected


def test_acr_amr_and_auth_time_are_present(rp: RelyingParty) -> None:
    """2: acr, amr and auth_time. acr is one of the values in discovery."""
    content = claims(rp.tokens()["id_token"])
    supported = rp.browser.get("/.well-known/openid-configuration").get_json()["acr_values_supported"]
    assert content["acr"] in supported
    assert content["amr"] == ["pwd"]
    assert abs(content["auth_time"] - content["iat"]) < 60


def test_single_sign_on_keeps_auth_time(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """2: auth_time is when the user signed in, not when the token was issued."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        first = claims(rp.tokens()["id_token"])
        traveler.shift(300)
        second = claims(rp.tokens()["id_token"])
    assert second["auth_time"] == first["auth_time"]
    assert second["sid"] == first["sid"]


def test_public_subject_is_the_same_for_every_client(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """8: the public subject type provides the same sub to all clients. 2: each user has another."""
    alice, again, bob = (
        claims(party.tokens(name)["id_token"])["sub"]
        for party, name in (
            (rp, "alice"),
            (other_rp, "alice"),
            (RelyingParty(rp.app, rp.key, rp.secret), "bob"),
        )
    )
    assert alice == again
    assert alice not in {bob, "alice"}


def test_scope_claims_are_not_in_the_id_token(rp: RelyingParty) -> None:
    """5.4: with an access token, the claims of the scopes come from userinfo."""
    assert not {"name", "email"} & claims(rp.tokens()["id_token"]).keys()


def test_no_id_token_without_the_openid_scope(rp: RelyingParty) -> None:
    """3.1.2.1: without the scope openid, it is not an OpenID Connect request."""
    assert "id_token" not in rp.tokens(scope="profile email")


def test_header_identifies_one_key(rp: RelyingParty) -> None:
    """2, 10.1: kid MUST be present if the set has several keys. x5u, x5c, jku and jwk SHOULD NOT be used."""
    assert Verifier(rp.app).header(rp.tokens()["id_token"]).keys() == {"alg", "typ", "kid"}


def test_unknown_scopes_are_ignored(rp: RelyingParty) -> None:
    """3.1.2.1: unknown scopes SHOULD be ignored. RFC 6749, 5.1: scope is REQUIRED if it differs from the request."""
    tokens = rp.tokens(scope="openid unheard_of")
    assert tokens["scope"] == "openid"
    assert "id_token" in tokens
