"""OpenID Connect Front-Channel Logout 1.0."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from authserver.domain.clients import registrations
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support.logout import end_session, party, sign_out
from tests.support.relying_party import RelyingParty, claims

FRAME = "https://rp.example/front?tenant=a"
RETURN = "https://rp.example/signed-out"


@pytest.fixture
def app_rp(rp: RelyingParty, services: Services) -> RelyingParty:
    """An application with a front-channel logout URI."""
    return party(
        rp,
        services,
        frontchannel_logout_uri=FRAME,
        frontchannel_logout_session_required=True,
        post_logout_redirect_uris=[RETURN],
    )


def frames(page: str) -> list[str]:
    return [unescape(src) for src in re.findall(r'<iframe[^>]*\ssrc="([^"]+)"', page)]


def test_page_contains_the_frame(app_rp: RelyingParty) -> None:
    """3: the OP renders an iframe with the registered URI, and adds iss and sid to its query."""
    sid = claims(app_rp.tokens()["id_token"])["sid"]
    page = app_rp.follow(sign_out(app_rp))
    (frame,) = frames(page.text)
    assert frame.startswith(f"{FRAME}&")
    assert parse_qs(urlsplit(frame).query) == {"tenant": ["a"], "iss": ["http://localhost"], "sid": [sid]}


def test_policy_allows_only_that_frame(app_rp: RelyingParty) -> None:
    """The Content-Security-Policy lists the origin of the frame."""
    app_rp.tokens()
    page = app_rp.follow(sign_out(app_rp))
    assert "frame-src https://rp.example;" in page.headers["Content-Security-Policy"] + ";"
    assert "frame-src" not in app_rp.browser.get("/sign-in").headers["Content-Security-Policy"]


def test_rp_initiated_logout_shows_the_frames_first(app_rp: RelyingParty) -> None:
    """3: the frames load first. The page contains the way back, for the script and as a link."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN, state="xyz")
    assert response.location.startswith("/sign-out?ask=")
    page = app_rp.follow(response).text
    assert len(frames(page)) == 1
    assert re.search(rf'id="logout-continue" href="{RETURN}\?state=xyz" data-redirects', page)


def test_only_applications_of_the_session_have_frames(app_rp: RelyingParty, rp: RelyingParty) -> None:
    """3: the page has frames only for the RPs of the session."""
    rp.tokens()
    assert frames(rp.follow(sign_out(rp)).text) == []


def test_every_application_of_the_session_has_its_frame(
    app_rp: RelyingParty, rp: RelyingParty, services: Services
) -> None:
    """3: each frame gets the sid from the ID tokens of its application."""
    second = party(rp, services, "The Second", frontchannel_logout_uri="https://rp.example/second")
    app_rp.tokens()
    second.tokens()
    found = frames(rp.follow(sign_out(rp)).text)
    assert [urlsplit(frame).path for frame in found] == ["/front", "/second"]


def test_result_of_another_browser_is_not_shown(app_rp: RelyingParty) -> None:
    """The result is bound to the browser that signed out."""
    app_rp.tokens()
    sign_out(app_rp)
    assert frames(app_rp.app.test_client().get("/sign-out").text) == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://other.example/front",
        "http://rp.example/front",
        "https://rp.example:8443/front",
        "https://rp.example/front#x",
        "javascript:alert(1)",
        7,
    ],
)
def test_registered_uri_is_checked(uri: Any) -> None:
    """2: scheme, host and port MUST be those of a registered redirect URI."""
    details = {"frontchannel_logout_uri": uri}
    registration = {"kind": "oidc", "name": "A", "redirect_uris": ("https://rp.example/cb",), **details}
    with pytest.raises(InvalidInput) as refused:
        registrations.validate(registration)
    assert set(refused.value.fields) == {"frontchannel_logout_uri"}


def test_discovery_lists_the_feature(rp: RelyingParty) -> None:
    """2.1: frontchannel_logout_supported and frontchannel_logout_session_supported."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True
