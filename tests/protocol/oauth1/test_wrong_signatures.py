"""A wrong signature is explained: a wrong secret, another address, or no token secret. Each has its own reference."""

from dataclasses import replace

import pytest

from tests.support.consumer import CALLBACK, problem_of, register
from tests.support.error_log import recorded, reference_of

PATH = "/oauth/requestToken"


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app)


def sent_for(consumer, address, host=None, **headers):
    """Send a request that is signed for another address, to the host of that address unless another is given."""
    _, signed, body = consumer.sign("POST", address, callback_uri=CALLBACK)
    host = host or address.split("/")[2]
    return consumer.app.test_client().post(
        PATH, headers={**signed, "Host": host, **headers}, data=body or b""
    )


def test_wrong_secret_and_wrong_address_have_different_references(services, consumer):
    wrong_secret = replace(consumer, secret="a wrong secret").request_token()
    wrong_address = sent_for(consumer, f"https://login.example{PATH}")
    assert problem_of(wrong_secret) == problem_of(wrong_address) == (401, "signature_invalid")
    assert reference_of(wrong_secret) != reference_of(wrong_address)
    assert recorded(services, wrong_secret).cause == "signature-invalid"
    row = recorded(services, wrong_address)
    assert (row.cause, row.received) == ("signature-address", f"https://login.example{PATH}")
    assert row.expected == f"http://localhost{PATH}"


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost",
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://login.example:8443",
    ],
)
def test_address_of_the_host_header_is_recognized(services, consumer, address):
    row = recorded(services, sent_for(consumer, f"{address}{PATH}"))
    assert (row.cause, row.received) == ("signature-address", f"{address}{PATH}")


@pytest.mark.parametrize("path", ["/requestToken", f"{PATH}/"])
def test_path_that_a_proxy_changed_is_recognized(services, consumer, path):
    row = recorded(services, sent_for(consumer, f"http://localhost{path}"))
    assert (row.cause, row.received) == ("signature-address", f"http://localhost{path}")


def test_address_behind_a_proxy_is_recognized(services, consumer):
    headers = {"X-Forwarded-Host": "login.example"}
    row = recorded(services, sent_for(consumer, f"https://login.example{PATH}", "10.0.0.1:8000", **headers))
    assert (row.cause, row.received) == ("signature-address", f"https://login.example{PATH}")


@pytest.mark.parametrize("host", ["", "[", "a b", "x:99999999", "\xff", "@", "user:pass@x", "a" * 5000])
def test_malformed_host_is_ignored(services, consumer, host):
    wrong = replace(consumer, secret="a wrong secret")
    response = sent_for(wrong, f"http://localhost{PATH}", "localhost", **{"X-Forwarded-Host": host})
    assert problem_of(response) == (401, "signature_invalid")
    assert recorded(services, response).cause == "signature-invalid"


def test_missing_token_secret_is_recognized(services, consumer):
    token = consumer.get_token_credentials()
    missing, wrong = (replace(token, token_secret=secret).whoami() for secret in (None, "a wrong secret"))
    assert problem_of(missing) == (401, "signature_invalid")
    assert recorded(services, missing).cause == "signature-token-secret"
    assert recorded(services, wrong).cause == "signature-invalid"


def test_wrong_plaintext_secret_is_not_taken_for_a_wrong_address(services, consumer):
    response = replace(consumer, method="PLAINTEXT", secret="a wrong secret").request_token()
    assert recorded(services, response).cause == "signature-invalid"
