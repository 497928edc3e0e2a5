"""Takes the screenshots in docs/images from a real server with example data: `make screenshots`.

It is not a test, but it uses the support of the tests: a database, a server, a browser, and the actions of a user.
"""

import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page

from tests.support import browser, databases, page_actions, run, servers
from tests.support.sample_users import PASSWORD
from tools.external_programs import ROOT

IMAGES = ROOT / "docs" / "images"
CLIENTS = {
    "Cameo Systems Modeler": "http://127.0.0.1:11111/cameo",
    "Grafana": "https://grafana.example.org/login/generic_oauth",
    "Model review board": "https://review.example.org/oauth/callback",
    "Requirements exporter": "https://exporter.example.org/callback",
}
CONSUMERS = ["DOORS Next", "Jazz team server"]
PENDING = {"Requirements exporter"}


def main() -> None:
    """Take every screenshot."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    run.begin()
    try:
        folder = Path(tempfile.mkdtemp(dir=run.folder()))
        with databases.migrated("sqlite", folder) as url:
            keys = databases.copy_keys(folder)
            with servers.serve(url, keys, folder, product_name="Engineering sign-in") as server:
                _take_all(server)
    finally:
        run.end()


def _take_all(server: servers.LiveServer) -> None:
    server.add_user("admin", password=PASSWORD, grant="configure_server")
    keys = {
        name: server.add_client(name, uri, approve=name not in PENDING)["client_key"]
        for name, uri in CLIENTS.items()
    }
    with (
        browser.launched() as chromium,
        browser.fresh_page(chromium, browser.BrowserErrors(), server.url) as page,
    ):
        page.goto(f"{server.url}/oauth2/authorize?{_request(keys['Grafana'])}")
        page.set_viewport_size({"width": 900, "height": 760})
        _take(page, "sign-in")
        page.set_viewport_size({"width": 1360, "height": 880})
        page.goto(f"{server.url}/admin")
        page_actions.sign_in(page, "admin")
        page.goto(f"{server.url}/admin/clients")
        _take(page, "console")


def _request(client_key: str) -> str:
    return urlencode(
        {
            "client_id": client_key,
            "response_type": "code",
            "redirect_uri": CLIENTS["Grafana"],
            "scope": "openid profile email",
            "state": "picture",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
    )


def _take(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(ROOT)}")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
