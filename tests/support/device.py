"""A device for the tests: it requests codes and polls. Its user decides in a browser."""

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import forms, sample_users
from tests.support.relying_party import RelyingParty

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Device:
    """A device of one relying party, and the user's browser."""

    rp: RelyingParty
    codes: dict[str, Any] = field(default_factory=dict)

    @property
    def browser(self) -> FlaskClient:
        """Return the user's browser."""
        return self.rp.browser

    def request_codes(self, path: str = "/oauth2/device_authorization", **changes: Any) -> TestResponse:
        """Request a device code and a user code, with client authentication unless ``client_id`` is given."""
        form = {"scope": "openid profile"} | changes
        headers = {} if "client_id" in form else self.rp.basic
        data = {name: value for name, value in form.items() if value is not None}
        return self.rp.app.test_client().post(path, data=data, headers=headers)

    def start(self, **changes: Any) -> "Device":
        """Request codes and keep them."""
        response = self.request_codes(**changes)
        assert response.status_code == 200, response.text
        self.codes = response.get_json()
        return self

    def poll(self, **changes: str) -> TestResponse:
        """Send the token request."""
        return self.rp.token(**({"grant_type": GRANT, "device_code": self.codes["device_code"]} | changes))

    def open_page(self, url: str = "/device", username: str = "alice") -> TestResponse:
        """Open the page for the user code. Sign in if the page asks for it."""
        page = self.rp.follow(self.browser.get(url))
        return self.rp.sign_in(page, username) if 'id="login-submit"' in page.text else page

    def enter(self, user_code: str | None = None, username: str = "alice") -> TestResponse:
        """Enter a code as a signed-in user. The default is the device's own code."""
        if self.browser.get_cookie("authserver_session") is None:
            sample_users.open_session(self.browser, self.rp.services, username)
        page = self.open_page(username=username)
        return forms.submit(
            self.browser, page, "device-submit", user_code=user_code or self.codes["user_code"]
        )

    def approve(self, username: str = "alice") -> TestResponse:
        """Enter the code and allow."""
        return forms.submit(self.browser, self.enter(username=username), "device-allow")

    def deny(self) -> TestResponse:
        """Enter the code and deny."""
        return forms.submit(self.browser, self.enter(), "device-deny")

    def tokens(self) -> dict[str, Any]:
        """Return the token response of the complete flow."""
        if not self.codes:
            self.start()
        self.approve()
        response = self.poll()
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.get_json()
        return document
