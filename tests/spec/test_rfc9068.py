"""RFC 9068: JWT access tokens, for clients that are registered for them."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import import_key

from authserver.domain.users.users import User
from authserver.protocol import issued_jwts
from authserver.protocol.services import Services
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import (
    RelyingParty,
    approve,
    assert_error,
    claims,
    disapprove,
    edit,
    register,
    response_parameters,
)
from tests.support.table import table
from tests.support.verifier import Verifier

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


def with_jwts(app: Flask, services: Services, algorithm: str = "ES256", **registration: Any) -> RelyingParty:
    details = {"access_token_signed_response_alg": algorithm} | registration.pop("details", {})
    return RelyingParty(app, *register(services, details=details, **registration))


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    return with_jwts(app, services)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_is_a_signed_jwt(app: Flask, services: Services, alice: User, algorithm: str) -> None:
    """2.1: typ MUST be at+jwt, and the token MUST be signed. 2.2: the required claims, and those about the sign-in."""
    party = with_jwts(app, services, algorithm)
    tokens = party.tokens()
    verifier = Verifier(app)
    header = verifier.header(tokens["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", algorithm)
    content = verifier.claims(tokens["access_token"])
    assert content.pop("exp") - content.pop("iat") == 900
    assert content.pop("jti")
    assert content.pop("auth_time") == claims(tokens["id_token"])["auth_time"]
    assert content == {
        "iss": "http://localhost",
        "sub": alice.subject,
        "aud": "http://localhost",
        "client_id": party.key,
        "scope": "openid profile email",
        "acr": "urn:authserver:acr:password",
        "amr": ["pwd"],
    }
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims(tokens["id_token"])["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_client_is_the_subject_without_a_user(app: Flask, services: Services) -> None:
    """2.2: if no user is involved, sub identifies the client, and there is no auth_time."""
    alone = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
        "kind": "oauth2",
    }
    party = with_jwts(app, services, **alone)
    content = claims(party.token(grant_type="client_credentials").get_json()["access_token"])
    assert content["sub"] == content["client_id"] == party.key
    assert not {"auth_time", "acr", "amr"} & content.keys()


@pytest.mark.parametrize("name", ["auth_time", "acr", "amr"])
def test_token_describes_the_sign_in(party: RelyingParty, name: str) -> None:
    """2.2.1: auth_time, acr and amr are as in the ID token, and stay the same after a refresh."""
    tokens = party.tokens()
    refreshed = party.refresh(tokens["refresh_token"]).get_json()
    values = [claims(token)[name] for token in (tokens["access_token"], refreshed["access_token"])]
    assert values == [claims(tokens["id_token"])[name]] * 2


@pytest.mark.parametrize("name", ["auth_time", "acr", "amr"])
def test_hybrid_token_describes_the_sign_in(
    app: Flask, services: Services, sample_users: dict[str, User], name: str
) -> None:
    """2.2.1: a token from the authorization endpoint has the same claims."""
    party = with_jwts(app, services, response_types=("code id_token token",))
    values = response_parameters(party.authorized(response_type="code id_token token"))
    assert claims(values["access_token"])[name] == claims(values["id_token"])[name]


def test_token_works_at_userinfo(party: RelyingParty) -> None:
    """4: userinfo accepts JWTs as well as opaque tokens."""
    assert party.userinfo(party.tokens()["access_token"]).get_json()["name"] == "Alice Adams"


def test_token_can_be_introspected(party: RelyingParty) -> None:
    """RFC 7662 applies to JWTs too."""
    token = party.tokens()["access_token"]
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert response.get_json()["active"] is True


def test_revoked_token_is_rejected(party: RelyingParty) -> None:
    """S3: a revoked JWT does not work here, although its signature is valid."""
    token = party.tokens()["access_token"]
    party.browser.post("/oauth2/revoke", data={"token": token}, headers=party.basic)
    assert party.userinfo(token).status_code == 401


def test_token_of_a_disapproved_client_is_rejected(party: RelyingParty, services: Services) -> None:
    """S3: disapproval takes effect with the next request. A new approval does not restore the token."""
    token = party.tokens()["access_token"]
    disapprove(services, party.key)
    assert party.userinfo(token).status_code == 401
    approve(services, party.key)
    assert party.userinfo(token).status_code == 401


def test_expired_token_is_rejected(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """4: the current time MUST be before exp."""
    token = party.tokens()["access_token"]
    moving_clock.advance(services.settings.access_token_lifetime, seconds=1)
    assert party.userinfo(token).status_code == 401


def test_id_token_is_not_an_access_token(party: RelyingParty) -> None:
    """4: the resource server MUST verify typ. 5: so ID tokens are not accepted as access tokens."""
    assert party.userinfo(party.tokens()["id_token"]).status_code == 401


def test_modified_token_is_rejected(party: RelyingParty) -> None:
    """4: the signature MUST be validated."""
    head, _, signature = party.tokens()["access_token"].split(".")
    other = party.tokens()["access_token"].split(".")[1]
    assert party.userinfo(f"{head}.{other}.{signature}").status_code == 401


def forged(party: RelyingParty, header: dict[str, Any], signature: bytes) -> str:
    """Return a token with another header, and the claims of a valid one."""
    _, content, _ = party.tokens()["access_token"].split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256"])
def test_unsigned_token_is_rejected(party: RelyingParty, algorithm: str) -> None:
    """2.1: tokens MUST NOT use none. 4: the resource server MUST reject any JWT with that algorithm."""
    good = Verifier(party.app).header(party.tokens()["access_token"])
    for signature in (b"", b"x" * 32):
        token = forged(party, good | {"alg": algorithm}, signature)
        assert party.userinfo(token).status_code == 401


def test_public_key_is_not_a_secret(party: RelyingParty) -> None:
    """2.1, RFC 8725, 3.1: a MAC with the public key is not a signature."""
    good = Verifier(party.app).header(party.tokens()["access_token"])
    keys = party.app.test_client().get("/jwks.json").get_json()["keys"]
    public = import_key(next(key for key in keys if key["kid"] == good["kid"])).as_pem()
    head, content, _ = forged(party, good | {"alg": "HS256"}, b"").split(".")
    mac = hmac.digest(public, f"{head}.{content}".encode(), "sha256")
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert party.userinfo(f"{head}.{content}.{signature}").status_code == 401


def test_token_of_another_issuer_is_rejected(party: RelyingParty, services: Services) -> None:
    """4: the issuer identifier MUST exactly match the value of iss, even if the key is known."""
    content = claims(party.tokens()["access_token"])
    for issuer, status in (
        ("http://localhost", 200),
        ("http://localhost/", 401),
        ("https://other.example", 401),
    ):
        token = issued_jwts.sign_jwt(services.key_ring, "ES256", "at+jwt", content | {"iss": issuer})
        assert party.userinfo(token).status_code == status


@pytest.mark.parametrize("kind", ["logout+jwt", "at+JWT2", ""])
def test_another_type_is_rejected(party: RelyingParty, services: Services, kind: str) -> None:
    """4: the resource server MUST verify typ, and reject tokens with other values than those that this server issues."""
    content = claims(party.tokens()["access_token"])
    assert party.userinfo(issued_jwts.sign_jwt(services.key_ring, "ES256", kind, content)).status_code == 401


@table("header", [["alg"], "alg", 5, {"alg": "ES256", "kid": ["a"]}, {"kid": 5}])
def test_odd_header_is_rejected(party: RelyingParty, header: Any) -> None:
    """S26: for every invalid token, the response is the challenge."""
    _, payload, signature = party.tokens()["access_token"].split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    assert party.userinfo(f"{head}.{payload}.{signature}").status_code == 401


@table("critical", [5, ["exotic"], [["a"]], []])
def test_odd_crit_is_rejected(party: RelyingParty, critical: Any) -> None:
    """RFC 7515, 4.1.11, S26: an invalid crit is rejected, even if the header names a key of this server."""
    head, payload, signature = party.tokens()["access_token"].split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) | {"crit": critical}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    assert party.userinfo(f"{head}.{payload}.{signature}").status_code == 401


def test_client_id_cannot_be_a_user_s_sub(party: RelyingParty, alice: User) -> None:
    """5: a client MUST NOT be able to choose a client_id that could be confused with a user's sub."""
    assert len(party.key) == 32
    assert party.key != alice.subject


def test_jti_is_not_an_opaque_token(party: RelyingParty) -> None:
    """A jti is written to logs, so it must not work as a token."""
    jti = claims(party.tokens()["access_token"])["jti"]
    assert party.userinfo(jti).status_code == 401
    assert party.userinfo(jti.replace("asj_", "asa_")).status_code == 401


def test_typ_can_be_jwt(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """2.1: typ is at+jwt by default. For resource servers that reject it, an administrator chooses JWT."""
    party = with_jwts(app, services, details={"access_token_typ": "JWT"})
    token = party.tokens()["access_token"]
    assert Verifier(app).header(token)["typ"] == "JWT"
    assert party.userinfo(token).status_code == 200
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert response.get_json()["active"] is True


def test_token_keeps_working_after_typ_changes(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """4: this server accepts both types, so that a change of the registration invalidates no token."""
    party = with_jwts(app, services)
    token = party.tokens()["access_token"]
    edit(
        services, party.key, details={"access_token_signed_response_alg": "ES256", "access_token_typ": "JWT"}
    )
    assert party.userinfo(token).status_code == 200
    assert Verifier(app).header(party.tokens()["access_token"])["typ"] == "JWT"


def test_id_token_with_the_same_typ_is_not_an_access_token(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """5: a JWT of another kind must not be accepted as an access token, even if it has the same typ."""
    party = with_jwts(app, services, details={"access_token_typ": "JWT"})
    assert party.userinfo(party.tokens()["id_token"]).status_code == 401


def test_access_token_is_not_an_id_token_hint(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 8725, 3.11: an access token with typ JWT does not prove a sign-in, unlike an ID token."""
    party = with_jwts(app, services, details={"access_token_typ": "JWT"})
    tokens = party.tokens()
    with_id_token = response_parameters(party.authorize(prompt="none", id_token_hint=tokens["id_token"]))
    with_access_token = response_parameters(
        party.authorize(prompt="none", id_token_hint=tokens["access_token"])
    )
    assert "code" in with_id_token
    assert with_access_token["error"] == "invalid_request"


def test_other_jwts_keep_their_typ(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """2.1: the setting applies to access tokens only."""
    party = with_jwts(
        app, services, details={"access_token_typ": "JWT", "userinfo_signed_response_alg": "ES256"}
    )
    tokens = party.tokens()
    verifier = Verifier(app)
    assert verifier.header(tokens["id_token"])["typ"] == "JWT"
    assert verifier.header(party.userinfo(tokens["access_token"]).text)["typ"] == "JWT"


def test_tokens_are_opaque_by_default(rp: RelyingParty) -> None:
    """Only clients that are registered for JWT access tokens get them."""
    assert rp.tokens()["access_token"].startswith("asa_")


def test_refresh_issues_a_new_token(party: RelyingParty) -> None:
    """2.2: each token has its own jti, and auth_time stays the same."""
    tokens = party.tokens()
    first, second = (
        claims(token["access_token"]) for token in (tokens, party.refresh(tokens["refresh_token"]).get_json())
    )
    assert first["jti"] != second["jti"]
    assert first["auth_time"] == second["auth_time"]


def test_unknown_resource_is_rejected(party: RelyingParty) -> None:
    """3: an unacceptable resource is invalid_target."""
    assert_error(party.redeem(party.code(), resource="https://unknown.example/"), "invalid_target")
