"""RFC 7523, sections 2.2 and 3: client_secret_jwt and private_key_jwt (OpenID Connect Core, section 9)."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask

from authserver import clock
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.relying_party import assert_error, disapprove, register
from tests.support.table import table

CLIENT_CREDENTIALS: dict[str, Any] = {
    "kind": "oauth2",
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
}
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
HOUR = timedelta(hours=1)


def with_key(app: Flask, services: Services, algorithm: str = "ES256", **details: Any) -> Signer:
    key = assertions.generate(algorithm)
    jwks = {"keys": [assertions.public(key, kid="one")]}
    options = {"jwks": jwks, "token_endpoint_auth_signing_alg": algorithm} | details
    client_key, _ = register(services, auth_method="private_key_jwt", details=options, **CLIENT_CREDENTIALS)
    return Signer(app, client_key, key, algorithm, header={"kid": "one"})


@pytest.fixture
def signer(app: Flask, services: Services) -> Signer:
    return with_key(app, services)


@pytest.fixture
def shared_secret_signer(app: Flask, services: Services) -> Signer:
    """A client that signs with its secret."""
    return Signer.with_secret(app, *register(services, auth_method="client_secret_jwt", **CLIENT_CREDENTIALS))


def timestamp_in(**more: float) -> int:
    return clock.timestamp(clock.now() + timedelta(**more))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signed_assertion_authenticates(app: Flask, services: Services, algorithm: str) -> None:
    """2.2: a client that has registered a key signs a JWT with it."""
    assert with_key(app, services, algorithm).token().status_code == 200


def test_shared_secret_authenticates(shared_secret_signer: Signer) -> None:
    """Core, 9: client_secret_jwt, an HMAC with the client secret."""
    assert shared_secret_signer.token().status_code == 200


@pytest.mark.parametrize("path", ["/oauth2/token", "/api/oauth2/token", "/api/oidc/token"])
def test_called_endpoint_is_a_valid_audience(signer: Signer, path: str) -> None:
    """3: aud identifies the authorization server; the token endpoint's URL MAY be used."""
    assert signer.token(signer.assertion(aud=f"http://localhost{path}"), path=path).status_code == 200


@table("audience", ["/oauth2/token", "/api/oauth2/token", "/api/oidc/token"])
@table("path", ["/oauth2/token", "/api/oauth2/token", "/api/oidc/token"])
def test_every_url_of_the_token_endpoint_is_a_valid_audience(
    signer: Signer, path: str, audience: str
) -> None:
    """3: a client can use one URL of the endpoint as the audience and send the request to another."""
    assert signer.token(signer.assertion(aud=f"http://localhost{audience}"), path=path).status_code == 200


@table("path", ["/oauth2/authorize", "/oauth2/introspect", "/oidc/userinfo", "/api/oauth2"])
def test_another_endpoint_is_not_a_valid_audience(signer: Signer, path: str) -> None:
    """3: an assertion for one endpoint must not work at another."""
    assert_error(signer.token(signer.assertion(aud=f"http://localhost{path}")), "invalid_client", 401)


@pytest.mark.parametrize(
    "audience", ["http://localhost", ["http://localhost"], ["https://x.example", "http://localhost"]]
)
def test_issuer_is_a_valid_audience(signer: Signer, audience: Any) -> None:
    """3: aud contains the issuer as a string or in a list."""
    assert signer.token(signer.assertion(aud=audience)).status_code == 200


@table(
    "audience",
    [None, "", [], "https://other.example", "http://localhost/", 5, {"a": 1}, [["http://localhost"]]],
)
def test_another_audience_is_rejected(signer: Signer, audience: Any) -> None:
    """3: the server MUST reject a JWT that does not contain its own identity as the audience."""
    assert_error(signer.token(signer.assertion(aud=audience)), "invalid_client", 401)


def test_client_can_be_restricted_to_the_issuer(app: Flask, services: Services) -> None:
    """FAPI 2.0, 5.3.2.1: only the issuer, as a string, is accepted as the audience."""
    signer = with_key(app, services, client_assertion_audience="issuer")
    assert_error(signer.token(), "invalid_client", 401)
    assert_error(signer.token(signer.assertion(aud=["http://localhost"])), "invalid_client", 401)
    assert signer.token(signer.assertion(aud="http://localhost")).status_code == 200


@pytest.mark.parametrize("kid", [None, "one", "sig-1"])
@pytest.mark.parametrize("is_registered", [True, False])
def test_key_may_have_a_kid(app: Flask, services: Services, kid: str | None, is_registered: bool) -> None:
    """Core, 10.1: kid distinguishes several keys. For a single key, the set and the header may omit it."""
    key = assertions.generate()
    entry = assertions.public(key, **({"kid": kid} if kid and is_registered else {}))
    signer = with_key(app, services, jwks={"keys": [entry]})
    header = {"kid": kid} if kid else {}
    assert Signer(app, signer.client_key, key, header=header).token().status_code == 200


@table("name", ["iss", "sub"])
@table("value", [None, "", "somebody", 5, ["a"]])
def test_issuer_and_subject_must_be_the_client(signer: Signer, name: str, value: Any) -> None:
    """3: for client authentication the subject MUST be the client_id. Core, 9: the issuer too."""
    assert_error(signer.token(signer.assertion(**{name: value})), "invalid_client", 401)


@table("expires", [None, "soon", True, -5, 1e300, 10**30])
def test_invalid_exp_is_rejected(signer: Signer, expires: Any) -> None:
    """3: exp MUST be present."""
    assert_error(signer.token(signer.assertion(exp=expires)), "invalid_client", 401)


def test_expired_assertion_is_rejected(signer: Signer) -> None:
    """3: the server MUST reject a JWT that has expired."""
    assert_error(signer.token(signer.assertion(exp=timestamp_in(seconds=-1))), "invalid_client", 401)


def test_assertion_with_a_long_lifetime_is_rejected(signer: Signer) -> None:
    """3: the server may reject an exp unreasonably far in the future."""
    assert_error(signer.token(signer.assertion(exp=timestamp_in(hours=2))), "invalid_client", 401)


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_assertion_from_the_future_is_rejected(signer: Signer, name: str) -> None:
    """3: before nbf the token MUST NOT be accepted."""
    assert_error(signer.token(signer.assertion(**{name: timestamp_in(minutes=5)})), "invalid_client", 401)


@table("name", ["nbf", "iat"])
@table("value", ["now", True, [1], {"a": 1}, -5, 1e300])
def test_time_must_be_a_number(signer: Signer, name: str, value: Any) -> None:
    """RFC 7519, 4.1.5 and 4.1.6: the value MUST be a number containing a NumericDate."""
    assert_error(signer.token(signer.assertion(**{name: value})), "invalid_client", 401)


@pytest.mark.parametrize("jti", [None, "", 5, "x" * 501])
def test_jti_is_required(signer: Signer, jti: Any) -> None:
    """Core, 9: jti is REQUIRED."""
    assert_error(signer.token(signer.assertion(jti=jti)), "invalid_client", 401)


def test_assertion_is_accepted_once(signer: Signer) -> None:
    """3: the server may ensure that JWTs are not replayed. This one does (I1)."""
    assertion = signer.assertion()
    assert signer.token(assertion).status_code == 200
    assert_error(signer.token(assertion), "invalid_client", 401)
    assert_error(signer.token(signer.assertion(jti=jti_of(assertion))), "invalid_client", 401)


def jti_of(assertion: str) -> str:
    from tests.support.relying_party import claims

    return str(claims(assertion)["jti"])


def test_jti_belongs_to_its_client(app: Flask, services: Services) -> None:
    """Core, 9: two clients may use the same jti."""
    for signer in (with_key(app, services), with_key(app, services)):
        assert signer.token(signer.assertion(jti="one")).status_code == 200


def test_rejected_assertion_does_not_consume_its_jti(signer: Signer) -> None:
    """An attacker who guesses a jti must not be able to block it."""
    other = Signer(signer.app, signer.client_key, assertions.generate(), header=signer.header)
    assert_error(other.token(other.assertion(jti="taken")), "invalid_client", 401)
    assert signer.token(signer.assertion(jti="taken")).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_unregistered_algorithm_is_rejected(app: Flask, services: Services, algorithm: str) -> None:
    """S23: the registration determines the algorithm."""
    key = assertions.generate(algorithm)
    jwks = {"keys": [assertions.public(key)]}
    signer = with_key(app, services, jwks=jwks)
    assert_error(Signer(app, signer.client_key, key, algorithm).token(), "invalid_client", 401)


def test_public_key_is_not_a_secret(app: Flask, services: Services) -> None:
    """RFC 8725, 2.1: an HMAC with the public key as its secret must not be accepted."""
    signer = with_key(app, services)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=").decode()
    content = f"{head}.{signer.assertion().split('.')[1]}"
    forged = hmac.digest(signer.key.as_pem(private=False), content.encode(), "sha256")
    signature = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
    assert_error(signer.token(f"{content}.{signature}"), "invalid_client", 401)


def test_algorithm_none_is_rejected(signer: Signer) -> None:
    """RFC 8725, 3.2: only the registered algorithm is accepted."""
    _, payload, _ = signer.assertion().split(".")
    assert_error(signer.token(f"eyJhbGciOiJub25lIn0.{payload}."), "invalid_client", 401)


def test_another_type_of_jwt_is_rejected(signer: Signer) -> None:
    """RFC 8725, 3.11: typ must match if it is present."""
    assert_error(signer.token(signer.assertion({"typ": "at+jwt"})), "invalid_client", 401)
    assert signer.token(signer.assertion({"typ": "JWT"})).status_code == 200


def test_wrong_secret_is_rejected(shared_secret_signer: Signer) -> None:
    """Core, 9: the HMAC is verified with the client secret."""
    other = Signer.with_secret(shared_secret_signer.app, shared_secret_signer.client_key, "x" * 43)
    assert_error(other.token(), "invalid_client", 401)


def test_secret_in_the_form_is_rejected(app: Flask, services: Services) -> None:
    """S15: only the registered method is accepted."""
    key, secret = register(services, auth_method="client_secret_jwt", **CLIENT_CREDENTIALS)
    form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    assert_error(app.test_client().post("/oauth2/token", data=form), "invalid_client", 401)


def test_assertion_of_a_client_with_basic_is_rejected(app: Flask, services: Services) -> None:
    """S15: only the registered method is accepted."""
    assert_error(
        Signer.with_secret(app, *register(services, **CLIENT_CREDENTIALS)).token(), "invalid_client", 401
    )


def test_two_methods_are_rejected(signer: Signer) -> None:
    """RFC 6749, 2.3: the client MUST NOT use more than one method in a request."""
    assert_error(signer.token(client_secret="x" * 43), "invalid_request")


def test_another_client_id_is_rejected(signer: Signer) -> None:
    """RFC 7521, 4.2: client_id MUST identify the same client as the assertion."""
    assert signer.token(client_id=signer.client_key).status_code == 200
    assert_error(signer.token(client_id="0" * 32), "invalid_request")


@pytest.mark.parametrize("kind", ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt"])
def test_assertion_type_is_required(signer: Signer, kind: str) -> None:
    """2.2: client_assertion_type MUST be the URN."""
    assert_error(signer.token(client_assertion_type=kind), "invalid_client", 401)


@table(
    "assertion",
    [
        "x",
        "a.b.c",
        "..",
        "é",
        "x" * 20000,
        "e30.e30.e30",
        "bnVsbA.bnVsbA.",
        "eyJhbGciOiJFUzI1NiJ9.W10.AAAA",
        "eyJhbGciOlsxXX0.e30.AAAA",
        "WyJhbGciXQ.eyJzdWIiOiJ4In0.AAAA",
        "ImFsZyI.eyJzdWIiOiJ4In0.AAAA",
        "eyJhbGciOiJFUzI1NiJ9." + base64.urlsafe_b64encode(b"[" * 3000).decode() + ".AAAA",
    ],
)
def test_malformed_jwt_is_rejected(signer: Signer, assertion: str) -> None:
    """3: the server MUST reject an invalid JWT. S26: without a 5xx."""
    assert_error(signer.token(assertion), "invalid_client", 401)


def encoded(value: Any, encoding: str = "utf-8") -> str:
    text = json.dumps(value).encode(encoding)
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(signer: Signer, header: str, claims: str) -> str:
    """Return a JWT with these two parts, unmodified, and a valid signature."""
    raw = signer.key.get_op_key("sign")
    r, s = decode_dss_signature(raw.sign(f"{header}.{claims}".encode(), ECDSA(SHA256())))
    signature = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=")
    return f"{header}.{claims}.{signature.decode()}"


def parts(signer: Signer, **header: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    from tests.support.relying_party import claims

    return {"alg": "ES256", "kid": "one"} | header, claims(signer.assertion())


@table("part", ["header", "claims"])
@table("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_jwt_must_be_utf_8(signer: Signer, part: str, encoding: str) -> None:
    """RFC 7519, 7.2: header and claims MUST be the UTF-8 representation of a JSON object."""
    header, claims = parts(signer)
    forms = {"header": "utf-8", "claims": "utf-8"} | {part: encoding}
    malformed = signed(signer, encoded(header, forms["header"]), encoded(claims, forms["claims"]))
    assert_error(signer.token(malformed), "invalid_client", 401)
    assert signer.token(signed(signer, encoded(header), encoded(claims))).status_code == 200


@table(
    "more",
    [
        {"crit": ["exotic"], "exotic": 1},
        {"crit": ["exotic"]},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": 5},
        {"crit": [["a"]]},
        {"crit": None},
    ],
)
def test_unknown_critical_header_is_rejected(signer: Signer, more: dict[str, Any]) -> None:
    """RFC 7515, 4.1.11: if an extension listed in crit is not understood, the JWS is invalid."""
    header, claims = parts(signer, **more)
    assert_error(signer.token(signed(signer, encoded(header), encoded(claims))), "invalid_client", 401)


@pytest.mark.both_databases
@table("kid", ["two", 5, None, ["one"], {"a": 1}, "one\u0000"])
def test_odd_kid_is_rejected(signer: Signer, kid: Any) -> None:
    """S26: for every kid, the endpoint returns a regular error."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": kid}).encode()).rstrip(b"=").decode()
    assert_error(signer.token(f"{header}.{signer.assertion().partition('.')[2]}"), "invalid_client", 401)


def test_disapproved_client_is_rejected(signer: Signer, services: Services) -> None:
    """S3: a valid signature does not help."""
    disapprove(services, signer.client_key)
    assert_error(signer.token(), "unauthorized_client")


def test_assertion_works_at_introspection_and_revocation(signer: Signer) -> None:
    """Core, 9: the methods work wherever clients authenticate. The audience is the called endpoint."""
    token = signer.token().get_json()["access_token"]
    for path in ("/oauth2/introspect", "/oauth2/revoke"):
        form = {
            "token": token,
            "client_assertion_type": assertions.TYPE,
            "client_assertion": signer.assertion(aud=f"http://localhost{path}"),
        }
        assert signer.app.test_client().post(path, data=form).status_code == 200


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_discovery_lists_methods_and_algorithms(app: Flask, path: str, endpoint: str) -> None:
    """RFC 8414, 2: the methods, and the algorithms that MUST be listed with them, for each of the three endpoints."""
    document = app.test_client().get(path).get_json()
    methods = document[f"{endpoint}_endpoint_auth_methods_supported"]
    assert {"client_secret_jwt", "private_key_jwt"} <= set(methods)
    assert ("none" in methods) is (endpoint != "introspection")
    assert document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] == [*ALGORITHMS, "HS256"]


@pytest.mark.parametrize("padding", [b"", bytes(128), bytes(1000)])
def test_short_rsa_key_cannot_be_registered(services: Services, padding: bytes) -> None:
    """RFC 7518, 3.3: a key of 2048 bits or more MUST be used, however its modulus is encoded."""
    short = {"keys": [assertions.padded(assertions.short_rsa_key(), padding)]}
    with pytest.raises(InvalidInput, match="2048"):
        register(services, auth_method="private_key_jwt", details={"jwks": short})
