"""A browser without scripts for the console: it reads the forms of a page, fills them in, and presses buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from authserver.domain.clients import clients, registrations
from authserver.domain.clients.clients import Client
from authserver.protocol.services import Services
from tests.support import sample_users

REGISTERED_URI = "https://app.example.org/callback"
WRONG_URI = "https://app.example.org/Callback/"
HTMX_DIALOG = {"HX-Request": "true", "HX-Target": "dialog#dialog"}
HTMX_RESULTS = {"HX-Request": "true", "HX-Target": "div#results"}


@dataclass
class Form:
    """One form: its action, its fields, and its buttons by label."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def filled(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        """Return the pairs to send with these values. A list selects several checkboxes, None clears one."""
        unchanged = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            selected = value if isinstance(value, list) else [] if value is None else [value]
            unchanged += [(name, str(one)) for one in selected]
        return unchanged


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._text: list[str] | None = None
        self._open: tuple[str, dict[str, str]] = ("", {})
        self._is_in_form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
            self._is_in_form = True
        if not self._is_in_form:
            return
        if tag == "input" and values.get("name"):
            is_chosen = values.get("type") not in {"checkbox", "radio"} or "checked" in values
            if is_chosen:
                self.forms[-1].fields.append((values["name"], values.get("value", "")))
        elif tag in {"textarea", "button", "select"}:
            self._open, self._text = (tag, values), []
        elif tag == "option" and self._open[0] == "select" and "selected" in values:
            self.forms[-1].fields.append((self._open[1]["name"], values.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in_form = False
        elif self._text is not None and tag == self._open[0]:
            values, text = self._open[1], "".join(self._text)
            if tag == "textarea":
                self.forms[-1].fields.append((values["name"], text))
            elif tag == "button":
                words = " ".join(text.split())
                self.forms[-1].buttons[words] = (values.get("name", ""), values.get("value", ""))
            self._text = None


def forms(text: str) -> list[Form]:
    """Return all forms of a page."""
    reader = _Reader()
    reader.feed(text)
    return reader.forms


class Console:
    """The browser of one administrator."""

    def __init__(self, browser: FlaskClient, services: Services) -> None:
        self.browser = browser
        self.services = services

    def get(self, path: str, **headers: str) -> TestResponse:
        """Request a path."""
        return self.browser.get(path, headers=headers)

    def press(self, page: TestResponse, words: str, /, headers: Any = None, **values: Any) -> TestResponse:
        """Fill in the form that contains the button with this label, press it, and return the response."""
        for form in forms(page.text):
            if words in form.buttons:
                button = form.buttons[words]
                pairs = form.filled(values) + ([button] if button[0] else [])
                path = form.action or page.request.path
                if form.method == "get":
                    return self.browser.get(path, query_string=pairs, headers=headers)
                data: dict[str, list[str]] = {}
                for name, value in pairs:
                    data.setdefault(name, []).append(value)
                return self.browser.post(path, data=data, headers=headers)
        raise AssertionError(
            f"no button {words!r} on {page.request.path} ({page.status}):\n{page.text[:3000]}"
        )

    def client(self, key: str) -> Client | None:
        """Return the stored client."""
        with self.services.database.transaction(write=False) as db:
            return clients.find(db, key)

    def add_client(self, name: str = "Grafana", *, approve: bool = False, **fields: Any) -> Client:
        """Register a client directly in the database."""
        usual = {"kind": "oidc", "name": name, "redirect_uris": ("https://app.example.org/callback",)}
        registration = registrations.validate(registrations.values_of_columns(usual | fields))
        with self.services.database.transaction() as db:
            client = clients.register(db, sample_users.ACTOR, registration, source="registration")
            if approve:
                clients.approve(db, sample_users.ACTOR, client, revision=client.revision)
        return client


def authorize(browser: FlaskClient, client: Client, **changes: str) -> TestResponse:
    """Send an authorization request as the client would."""
    query = {
        "client_id": client.client_key, "response_type": "code", "redirect_uri": REGISTERED_URI, "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return browser.get("/oauth2/authorize", query_string=query | changes)
