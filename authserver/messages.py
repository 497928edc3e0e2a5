"""Messages for users. The code that creates a message writes it in English; the page that shows it translates it.

``web.rendering.languages.translate`` renders a message in the language of a request. Logs, responses to clients and the
command line get the English text. Text that only administrators or clients read is a plain ``str``.
"""

from collections.abc import Mapping
from typing import Self


class Message(str):
    """English text that keeps its template and values, so that it can be translated later."""

    template: str
    plural: str | None
    values: Mapping[str, object]

    def __new__(
        cls, template: str, plural: str | None = None, values: Mapping[str, object] | None = None
    ) -> Self:
        values = values or {}
        english = template if plural is None or values["num"] == 1 else plural
        text = super().__new__(cls, english % values if values else english)
        text.template, text.plural, text.values = template, plural, values
        return text


def message(template: str, **values: object) -> Message:
    """Return a message. Each ``%(name)s`` in the template is replaced by a value, which may be a message itself."""
    return Message(template, None, values)


def plural_message(singular: str, plural: str, num: int, **values: object) -> Message:
    """Return a message with a singular and a plural form. ``num`` selects the form; both can contain ``%(num)s``."""
    return Message(singular, plural, {"num": num, **values})
