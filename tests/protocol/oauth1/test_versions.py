"""The version parameter and the methods of signed requests (RFC 5849, sections 3.1 and 3.4.1.1)."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from oauthlib import oauth1

from tests.support.consumer import CALLBACK, problem_of, register
from tests.support.error_log import recorded


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app)


def test_version_must_be_1_0(app):
    response = app.test_client().post("/oauth/requestToken?oauth_version=2.0")
    assert problem_of(response) == (400, "version_rejected")
    assert dict(parse_qsl(response.text))["oauth_acceptable_versions"] == "1.0-1.0"


@pytest.mark.parametrize("version", ["1.0", "1.0a", "1.0A", None])
@pytest.mark.parametrize("place", ["AUTH_HEADER", "QUERY", "BODY"])
def test_version_may_name_the_revision(consumer, monkeypatch, version, place):
    """RFC 5849, section 3.1, allows only 1.0, but libraries send 1.0a, which is the name of the protocol."""
    create = oauth1.Client.get_oauth_params

    def with_version(signer, request):
        pairs = [pair for pair in create(signer, request) if pair[0] != "oauth_version"]
        return pairs if version is None else [*pairs, ("oauth_version", version)]

    monkeypatch.setattr(oauth1.Client, "get_oauth_params", with_version)
    user_consumer = replace(consumer, place=place).get_token_credentials()
    assert user_consumer.whoami("POST").get_json()["username"] == "alice"


@pytest.mark.parametrize("version", ["2.0", "1.0b", "1", "1.0aA", "1.0 ", ""])
def test_other_versions_are_rejected(app, services, version):
    response = app.test_client().post("/oauth/requestToken", query_string={"oauth_version": version})
    assert problem_of(response) == (400, "version_rejected")
    error = recorded(services, response)
    assert (error.received, error.expected) == (version, "1.0 1.0a 1.0A")


@pytest.mark.parametrize("path", ["/oauth/requestToken", "/oauth/whoami"])
def test_head_is_signed_like_get(consumer, path):
    """RFC 5849, section 3.4.1.1: the method is part of the base string."""
    signer = consumer if path.endswith("Token") else consumer.get_token_credentials()
    more = {"callback_uri": CALLBACK} if path.endswith("Token") else {}
    head = signer.send("HEAD", path, **more)
    assert (head.status_code, head.data) == (200, b"")
    assert signer.send("GET", path, **more).status_code == 200
