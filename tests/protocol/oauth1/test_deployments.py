"""Effects of settings and administration: a public path, RSA keys, sign-out, revoked access."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain import user_sessions
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients
from authserver.domain.user_sessions import UserSession
from authserver.settings import Settings
from tests.support.consumer import CALLBACK, credentials, problem_of, register


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app)


@pytest.mark.parametrize("method", ["RSA-SHA1", "RSA-SHA256"])
def test_rsa_consumer_signs_with_its_private_key(services, app, sample_users, method):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    consumer = replace(register(services, app, public_key=public), method=method, more={"rsa_key": private})
    assert consumer.get_token_credentials().whoami().get_json()["username"] == "alice"
    without = replace(register(services, app), method=method, more={"rsa_key": private})
    assert problem_of(without.request_token()) == (401, "signature_invalid")


def test_base_string_includes_the_path_of_the_public_url(settings, sample_users):
    app = create_app(changed(settings, public_url="https://host.example:8443/authentication"))
    services = app.extensions["authserver"]
    consumer = register(services, app)
    signed = consumer.sign(
        "POST", "https://HOST.example:8443/authentication/oauth/requestToken", callback_uri=CALLBACK
    )
    credentials(consumer.deliver("POST", *signed))
    signed = consumer.sign("POST", "https://host.example:8443/oauth/requestToken", callback_uri=CALLBACK)
    _, headers, body = signed
    address = "http://localhost/authentication/oauth/requestToken"
    assert problem_of(consumer.deliver("POST", address, headers, body)) == (401, "signature_invalid")
    root = app.test_client().get("/authentication/rootservices").text
    assert 'rdf:about="https://host.example:8443/authentication/rootservices"' in root
    assert '"https://host.example:8443/authentication/oauth/accessToken"' in root
    services.database.engine.dispose()


def test_sign_out_revokes_tokens_of_the_session(services, consumer):
    token = consumer.get_token_credentials()
    with services.database.transaction() as db:
        user_sessions.end(db, SYSTEM, db.query(UserSession).one())
    assert problem_of(token.whoami()) == (401, "invalid_expired_token")


def test_revoked_access_voids_the_token(services, consumer, alice):
    token = consumer.get_token_credentials()
    with services.database.transaction() as db:
        consents.withdraw(db, SYSTEM, alice.id, clients.get(db, consumer.key))
    assert problem_of(token.whoami()) == (401, "invalid_expired_token")


def test_repeated_parameters_in_the_authorization_url_are_rejected(consumer):
    token = consumer.with_token(consumer.request_token()).token
    page = consumer.browser.get(f"/oauth/authorize?oauth_token={token}&oauth_token={token}")
    assert page.status_code == 400
    assert "parameter_rejected" in page.text


def test_catalogs_and_realm_come_from_the_settings(settings, sample_users):
    catalog = "https://models.example/oslc/am?x=1&y=2"
    changes = {
        "oslc_am_catalog": catalog,
        "oslc_rm_catalog": "https://r.example/",
        "oauth_realm": "A & B <x>",
    }
    app = create_app(changed(settings, **changes))
    text = app.test_client().get("/rootservices").text
    assert '<oslc_am:amServiceProviders rdf:resource="https://models.example/oslc/am?x=1&amp;y=2"/>' in text
    assert '<oslc_rm:rmServiceProviders rdf:resource="https://r.example/"/>' in text
    assert "<jfs:oauthRealmName>A &amp; B &lt;x&gt;<" in text
    challenge = app.test_client().get("/oauth/whoami").headers["WWW-Authenticate"]
    assert challenge == 'OAuth realm="A & B <x>"'
    app.extensions["authserver"].database.engine.dispose()


def changed(settings, **changes):
    """Return new settings for the same database, with changes. A copy of the settings would keep cached values."""
    values = {
        name: getattr(settings, name)
        for name in ("public_url", "database_url", "keys_dir", "password_hash_memory")
    }
    return Settings(**(values | changes))
