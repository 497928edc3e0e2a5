"""The way back to the application, in a real Chromium: nothing of ours may stop it."""

from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Page, Route

from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

CALLBACK = "https://app.example/cb"
# RFC 7636, appendix B.
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_cancelling_a_sign_in_reaches_the_application(live_server: LiveServer, page: Page, mode: str) -> None:
    """The error arrives in the mode that was asked for (our form-action must not stop the form)."""
    key = live_server.add_client("Model review", CALLBACK)["client_key"]
    received: list[str] = []

    def answer(route: Route) -> None:
        received.append(route.request.post_data or "")
        route.fulfill(body="back at the application")

    page.route(f"{CALLBACK}*", answer)
    query = {
        "client_id": key,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "state": "s",
    }
    asked = urlencode({**query, **CHALLENGE, "response_mode": mode})
    page.goto(f"{live_server.url}/oauth2/authorize?{asked}")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(f"{CALLBACK}*")
    place = {"query": "location.search", "fragment": "location.hash"}.get(mode)
    came = page.evaluate(place)[1:] if place else received[0]
    assert parse_qs(came)["error"] == ["access_denied"]
