"""The redirect to the client in a real Chromium: the Content-Security-Policy must not block it."""

from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Page

from tests.support.callbacks import callback_page
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.only_on("sqlite")]

# RFC 7636, appendix B.
CHALLENGE = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_cancelled_sign_in_redirects_to_the_client(live_server: LiveServer, page: Page, mode: str) -> None:
    """The error arrives in the requested response mode (form-action must not block the form)."""
    with callback_page() as callback:
        key = live_server.add_client("Model review", callback.url)["client_key"]
        query = {
            "client_id": key,
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": callback.url,
            "state": "s",
        }
        query_string = urlencode({**query, **CHALLENGE, "response_mode": mode})
        page.goto(f"{live_server.url}/oauth2/authorize?{query_string}")
        page.get_by_role("link", name="Cancel").click()
        page.wait_for_url(f"{callback.url}*")
        location = {"query": "location.search", "fragment": "location.hash"}.get(mode)
        parameters = page.evaluate(location)[1:] if location else callback.bodies[0]
    assert parse_qs(parameters)["error"] == ["access_denied"]
