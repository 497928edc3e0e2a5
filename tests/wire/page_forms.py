"""The forms of a page, as a browser without scripts sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

Pairs = list[tuple[str, str]]


@dataclass
class PageForm:
    """One form: its action, and the fields that it sends unchanged."""

    action: str = ""
    method: str = "get"
    fields: Pairs = field(default_factory=list)
    buttons: Pairs = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def path(self) -> str:
        """The path of the action."""
        return urlsplit(self.action).path

    def filled(self, changes: dict[str, str | list[str] | None]) -> Pairs:
        """Return the fields with these values changed; None omits a field."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            values = value if isinstance(value, list) else [value]
            kept += [(name, one) for one in values if one is not None]
        return kept


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._is_open = False
        self._select = self._textarea = ""
        self._text: str | None = None
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(values.get("action", ""), values.get("method", "get").lower()))
            self._is_open = True
        elif self._is_open:
            self._add(tag, values)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False
        elif tag == "select" and self._select:
            chosen = [value for value, is_selected in self._options if is_selected]
            chosen = chosen or [value for value, _ in self._options[:1]]
            self.forms[-1].fields += [(self._select, value) for value in chosen]
            self._select = ""
        elif tag == "textarea" and self._text is not None:
            self.forms[-1].fields.append((self._textarea, self._text.removeprefix("\n")))
            self._text = None

    def _add(self, tag: str, values: dict[str, str]) -> None:
        form, name = self.forms[-1], values.get("name", "")
        form.names.add(name)
        if tag == "select" and name:
            self._select, self._options = name, []
        elif tag == "option" and self._select:
            self._options.append((values.get("value", ""), "selected" in values))
        elif tag == "textarea" and name:
            self._textarea, self._text = name, ""
        elif tag in {"input", "button"}:
            self._add_control(form, name, values, values.get("type", "submit" if tag == "button" else "text"))

    @staticmethod
    def _add_control(form: PageForm, name: str, values: dict[str, str], kind: str) -> None:
        if kind == "submit":
            form.buttons.append((name, values.get("value", "")))
        elif name and (kind not in {"checkbox", "radio"} or "checked" in values):
            form.fields.append((name, values.get("value", "on" if kind == "checkbox" else "")))


def forms_of(page: str) -> list[PageForm]:
    """Return the forms of an HTML page."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def form_to(page: str, path: str, *, having: str = "") -> PageForm:
    """Return the form whose action has that path, and that has a field of that name."""
    for form in forms_of(page):
        if form.path == path and (not having or having in form.names):
            return form
    raise AssertionError(f"there is no form to {path}, but to {[form.action for form in forms_of(page)]}")
