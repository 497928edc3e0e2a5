"""The forms of a page, parsed by WebTest and submitted as a browser without scripts does."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webtest
from flask.testing import FlaskClient
from webtest.forms import Form as ParsedForm
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Button:
    """A submit button of a form."""

    id: str
    label: str
    pair: tuple[str, str]

    @property
    def sent(self) -> Pairs:
        """The pair that the form also sends if it is submitted with this button."""
        return [self.pair] if self.pair[0] else []


class Form:
    """A form of a page: its target, its buttons, and the fields that it sends unless they are changed."""

    def __init__(self, form: ParsedForm) -> None:
        self.action: str = form.action
        self.path: str = urlsplit(form.action).path
        self.method: str = form.method.lower()
        self.fields: Pairs = [(name, value or "") for name, value in form.submit_fields()]
        self.names: set[str] = {name for name, _ in form.field_order if name}
        self.ids: set[str] = {control["id"] for control in form.html.select("input[id], button[id]")}
        self.buttons = [
            Button(tag.get("id", ""), " ".join(tag.text.split()), (tag.get("name", ""), tag.get("value", "")))
            for tag in form.html.find_all("button")
            if tag.get("type", "submit") == "submit"
        ]

    def filled(self, changes: dict[str, Any]) -> Pairs:
        """Return the fields with these values changed. A list sends several values, None sends none."""
        sent = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            values = value if isinstance(value, list) else [] if value is None else [value]
            sent += [(name, str(one)) for one in values]
        return sent

    def button(self, *, element_id: str = "", label: str = "") -> Button | None:
        """Return the button with this id or label."""
        found = (one for one in self.buttons if (one.id == element_id if element_id else one.label == label))
        return next(found, None)


def parse(html: str) -> list[Form]:
    """Return all forms of a page, in order."""
    forms = webtest.TestResponse(html, content_type="text/html", charset="utf-8").forms
    return [Form(form) for position, form in forms.items() if isinstance(position, int)]


def find(page: TestResponse, element_id: str) -> Form:
    """Return the form that contains the field or button with this id."""
    for form in parse(page.text):
        if element_id in form.ids:
            return form
    raise AssertionError(f"no form with #{element_id} on this page ({page.status}):\n{page.text[:3000]}")


def submit(browser: FlaskClient, page: TestResponse, button_id: str, **changes: Any) -> TestResponse:
    """Fill in the form with this button, submit it, and return the response."""
    form = find(page, button_id)
    return _send(browser, page, form, form.button(element_id=button_id), changes)


def press(
    browser: FlaskClient, page: TestResponse, label: str, changes: dict[str, Any], headers: Any = None
) -> TestResponse:
    """Fill in the first form that has a button with this label, press the button, and return the response."""
    for form in parse(page.text):
        if button := form.button(label=label):
            return _send(browser, page, form, button, changes, headers)
    raise AssertionError(f"no button {label!r} on {page.request.path} ({page.status}):\n{page.text[:3000]}")


def _send(
    browser: FlaskClient,
    page: TestResponse,
    form: Form,
    button: Button | None,
    changes: dict[str, Any],
    headers: Any = None,
) -> TestResponse:
    assert button is not None
    pairs = MultiDict(form.filled(changes) + button.sent)
    path = form.action or page.request.path
    if form.method == "get":
        return browser.get(path, query_string=pairs, headers=headers)
    return browser.post(path, data=pairs, headers=headers)


def link(page: TestResponse, label: str) -> str:
    """Return the URL of the link with this label."""
    parsed = webtest.TestResponse(page.data, content_type="text/html; charset=utf-8")
    (found,) = (a["href"] for a in parsed.html.find_all("a") if " ".join(a.text.split()) == label)
    return str(found)
