"""Signs a test client in, and copies its session cookie."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import forms
from tests.support.sample_users import PASSWORD


def sign_in(
    browser: FlaskClient, username: str, password: str = PASSWORD, url: str = "/sign-in", **more: str
) -> TestResponse:
    """Open the sign-in page and submit it."""
    return forms.submit(
        browser, browser.get(url), "login-submit", username=username, password=password, **more
    )


def session_cookie(browser: FlaskClient) -> str | None:
    """Return the session cookie, or None."""
    cookie = browser.get_cookie("authserver_session")
    return cookie.value if cookie else None


def use_cookie(browser: FlaskClient, value: str) -> None:
    """Give a browser the session cookie of another one."""
    browser.set_cookie("authserver_session", value)
