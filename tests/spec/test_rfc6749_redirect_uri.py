"""RFC 6749, sections 4.1.3 and 10.6: to which redirect URI a code belongs when it is redeemed."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import REDIRECT_URI, RelyingParty, edit, refused, register

NEW_URI = "https://rp.example/new"


@pytest.fixture
def silent(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client with one redirect URI, which its authorization requests may leave out (section 3.1.2.3)."""
    return RelyingParty(app, *register(services, kind="oauth2", scopes=("read",)))


def silent_code(silent: RelyingParty) -> str:
    return silent.code(redirect_uri=None, scope="read")


@pytest.mark.parametrize(
    "uri",
    [
        "https://rp.example/cb/",
        "https://rp.example/cb?",
        "https://rp.example/cb?x=1",
        "https://rp.example/CB",
        "https://RP.example/cb",
        "https://rp.example:443/cb",
        "https://rp.example/%63b",
        " https://rp.example/cb",
    ],
)
def test_the_values_are_identical(rp: RelyingParty, uri: str) -> None:
    """4.1.3: redirect_uri MUST be identical to that of the authorization request, to the letter."""
    refused(rp.redeem(rp.code(), redirect_uri=uri), "invalid_grant")


def test_another_registered_one_is_not_identical(app: Flask, services: Services, people: object) -> None:
    """4.1.3: that the client has registered it as well is not enough."""
    rp = RelyingParty(app, *register(services, redirect_uris=(REDIRECT_URI, NEW_URI)))
    refused(rp.redeem(rp.code(), redirect_uri=NEW_URI), "invalid_grant")


def test_a_loopback_port_is_part_of_it(app: Flask, services: Services, people: object) -> None:
    """RFC 8252, 7.3: the port may vary between sign-ins, not between a sign-in and its code."""
    rp = RelyingParty(app, *register(services, redirect_uris=("http://127.0.0.1/cb",)))
    uri = "http://127.0.0.1:51004/cb"
    refused(rp.redeem(rp.code(redirect_uri=uri), redirect_uri="http://127.0.0.1:51005/cb"), "invalid_grant")
    assert rp.redeem(rp.code(redirect_uri=uri), redirect_uri=uri).status_code == 200


@pytest.mark.parametrize("uri", [None, REDIRECT_URI])
def test_one_that_was_left_out_may_be_left_out_again(silent: RelyingParty, uri: str | None) -> None:
    """4.1.3: redirect_uri is REQUIRED if it was included in the authorization request, else not."""
    assert silent.redeem(silent_code(silent), redirect_uri=uri).status_code == 200


@pytest.mark.parametrize("uri", ["https://evil.example/cb", f"{REDIRECT_URI}/", "nonsense"])
def test_one_that_was_left_out_is_held_against_the_registered(silent: RelyingParty, uri: str) -> None:
    """10.6: if a redirection URI is provided in the request, the server MUST validate it against the registered value."""
    refused(silent.redeem(silent_code(silent), redirect_uri=uri), "invalid_grant")


def test_one_that_was_taken_away_is_refused(rp: RelyingParty, services: Services) -> None:
    """S2: an administrator's edit counts at once, for codes that are on their way too."""
    code = rp.code()
    edit(services, rp.key, redirect_uris=(NEW_URI,))
    refused(rp.redeem(code), "invalid_grant")


@pytest.mark.parametrize("uri", [None, REDIRECT_URI, NEW_URI])
def test_one_that_was_left_out_and_taken_away_is_refused(
    silent: RelyingParty, services: Services, uri: str | None
) -> None:
    """S2: the code went to the address that was registered then."""
    code = silent_code(silent)
    edit(services, silent.key, redirect_uris=(NEW_URI,))
    refused(silent.redeem(code, redirect_uri=uri), "invalid_grant")


def test_a_replay_after_it_was_taken_away_revokes(rp: RelyingParty, services: Services) -> None:
    """4.1.2: the second use counts whatever has changed since the first."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    edit(services, rp.key, redirect_uris=(NEW_URI,))
    refused(rp.redeem(code), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 401
