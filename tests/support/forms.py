"""Parses the forms of a page, so that tests can submit them like a browser without scripts."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass
class Form:
    """A form of a page: its target, and the fields that it sends unchanged."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
            self._is_open = True
        elif self._is_open and tag in {"input", "button"}:
            self._add(tag, values)

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "form"

    def _add(self, tag: str, values: dict[str, str]) -> None:
        form, kind = self.forms[-1], values.get("type", "submit" if tag == "button" else "text")
        form.ids.add(values.get("id", ""))
        if kind == "submit":
            form.buttons[values.get("id", "")] = (values.get("name", ""), values.get("value", ""))
        elif values.get("name") and (kind not in {"checkbox", "radio"} or "checked" in values):
            form.fields.append((values["name"], values.get("value", "")))


def find(page: TestResponse, element_id: str) -> Form:
    """Return the form that contains the element with that id."""
    reader = _Reader()
    reader.feed(page.text)
    for form in reader.forms:
        if element_id in form.ids:
            return form
    raise AssertionError(f"no form with #{element_id} on this page ({page.status}):\n{page.text[:3000]}")


def submit(browser: FlaskClient, page: TestResponse, button_id: str, **filled_in: str) -> TestResponse:
    """Fill in the form with that button, submit it, and return the response."""
    form = find(page, button_id)
    data = dict(form.fields) | filled_in
    name, value = form.buttons[button_id]
    if name:
        data[name] = value
    return browser.post(form.action or page.request.path, data=data)
