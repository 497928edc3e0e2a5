"""What people do on the pages, with a browser that has no screen."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import forms
from tests.support.people import PASSWORD


def sign_in(
    browser: FlaskClient, username: str, password: str = PASSWORD, url: str = "/sign-in", **more: str
) -> TestResponse:
    """Opens the sign-in page and sends it."""
    return forms.submit(
        browser, browser.get(url), "login-submit", username=username, password=password, **more
    )


def session_cookie(browser: FlaskClient) -> str | None:
    """The cookie that opens the session."""
    cookie = browser.get_cookie("authserver_session")
    return cookie.value if cookie else None


def use_cookie(browser: FlaskClient, value: str) -> None:
    """Gives a browser a session cookie that was copied from elsewhere."""
    browser.set_cookie("authserver_session", value)
