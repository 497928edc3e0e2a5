"""A device for the tests: it asks for codes and polls; the person beside it decides in a browser of their own."""

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import forms, people
from tests.support.relying_party import RelyingParty

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Device:
    """A device of one relying party, and the person's browser."""

    rp: RelyingParty
    codes: dict[str, Any] = field(default_factory=dict)

    @property
    def browser(self) -> FlaskClient:
        """The person's browser."""
        return self.rp.browser

    def ask(self, path: str = "/oauth2/device_authorization", **changes: Any) -> TestResponse:
        """Ask for a pair of codes, authenticated as the client unless ``client_id`` is given."""
        form = {"scope": "openid profile"} | changes
        headers = {} if "client_id" in form else self.rp.basic
        data = {name: value for name, value in form.items() if value is not None}
        return self.rp.app.test_client().post(path, data=data, headers=headers)

    def start(self, **changes: Any) -> "Device":
        """Ask for codes and keep them."""
        response = self.ask(**changes)
        assert response.status_code == 200, response.text
        self.codes = response.get_json()
        return self

    def poll(self, **changes: str) -> TestResponse:
        """Ask for the tokens."""
        return self.rp.token(**({"grant_type": GRANT, "device_code": self.codes["device_code"]} | changes))

    def open_page(self, address: str = "/device", username: str = "alice") -> TestResponse:
        """Open the page for people, signing in where that is asked for."""
        page = self.rp.follow(self.browser.get(address))
        return self.rp.sign_in(page, username) if 'id="login-submit"' in page.text else page

    def enter(self, user_code: str | None = None, username: str = "alice") -> TestResponse:
        """Type a code, the device's own unless another is given; the person is signed in already."""
        if self.browser.get_cookie("authserver_session") is None:
            people.open_session(self.browser, self.rp.services, username)
        page = self.open_page(username=username)
        return forms.submit(
            self.browser, page, "device-submit", user_code=user_code or self.codes["user_code"]
        )

    def approve(self, username: str = "alice") -> TestResponse:
        """Type the code and allow."""
        return forms.submit(self.browser, self.enter(username=username), "device-allow")

    def deny(self) -> TestResponse:
        """Type the code and cancel."""
        return forms.submit(self.browser, self.enter(), "device-deny")

    def tokens(self) -> dict[str, Any]:
        """Go all the way."""
        if not self.codes:
            self.start()
        self.approve()
        response = self.poll()
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.get_json()
        return document
