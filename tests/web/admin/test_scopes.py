"""Settings > Scopes: define, change and remove scopes, with effects on discovery and the audit trail."""

from html import unescape
from urllib.parse import quote

import pytest

from tests.web.admin.console import HTMX_DIALOG


def supported(console):
    return console.get("/.well-known/openid-configuration").get_json()["scopes_supported"]


def define(console, name="models.read", words="Read your models", **more):
    return console.press(console.get("/admin/settings/scopes/new"), "Save", name=name, words=words, **more)


def test_scope_is_defined(console, trail):
    response = define(console)
    assert response.status_code == 303
    page = console.get("/admin/settings/scopes")
    assert "models.read" in page.text
    assert "Read your models" in page.text
    assert "models.read" in supported(console)
    assert trail()[0].event == "scope:add"


def test_invalid_input_is_named_under_its_field(console):
    response = define(console, name="two words", words="")
    assert response.status_code == 422
    assert 'id="name-error"' in response.text or "name-error" in response.text
    assert define(console, name="openid").status_code == 422
    define(console)
    assert "already defined" in define(console).text


def test_scope_is_changed(console):
    define(console)
    page = console.get("/admin/settings/scopes/edit?name=models.read")
    assert console.press(page, "Save", words="See your models", open="1").status_code == 303
    text = console.get("/admin/settings/scopes").text
    assert "See your models" in text
    assert "Every client" in text


def test_conflicting_edit_shows_the_other_change(console, trail):
    define(console)
    pages = [console.get("/admin/settings/scopes/edit?name=models.read") for _ in range(2)]
    assert console.press(pages[0], "Save", words="First words").status_code == 303
    answer = console.press(pages[1], "Save", headers=HTMX_DIALOG, words="Second words")
    assert answer.status_code == 409
    assert "models.read has changed" in answer.text
    assert all(
        words in answer.text for words in ("Read your models", "First words", "Your change was not applied")
    )
    assert 'href="/admin/settings/scopes/edit?name=models.read"' in answer.text
    assert "First words" in console.get("/admin/settings/scopes").text
    assert trail()[0].after["words"] == "First words"


def test_invalid_input_keeps_the_revision_that_was_shown(console):
    define(console)
    pages = [console.get("/admin/settings/scopes/edit?name=models.read") for _ in range(2)]
    invalid = console.press(pages[1], "Save", words="")
    assert invalid.status_code == 422
    console.press(pages[0], "Save", words="First words")
    assert console.press(invalid, "Save", words="Second words").status_code == 409


def test_form_without_a_revision_changes_nothing(console):
    define(console)
    page = console.get("/admin/settings/scopes/edit?name=models.read")
    assert console.press(page, "Save", words="Blind", revision="").status_code == 409
    assert "Blind" not in console.get("/admin/settings/scopes").text


def test_scope_is_removed(console, trail):
    define(console)
    page = console.get("/admin/settings/scopes/remove?name=models.read")
    assert console.press(page, "Remove").status_code == 303
    assert "models.read" not in supported(console)
    assert trail()[0].event == "scope:remove"


@pytest.mark.parametrize("name", ["{0}", "{name}", "a.{b}", "{", "%(name)s", "%s"])
def test_name_with_format_characters(console, name):
    """RFC 6749, 3.3, allows braces and percent signs, which are format characters in the console's messages."""
    address = f"name={quote(name)}"
    assert name in unescape(console.get(define(console, name=name).location).text)
    edit = console.get(f"/admin/settings/scopes/edit?{address}")
    assert name in unescape(console.get(console.press(edit, "Save", words="Other words").location).text)
    remove = console.get(f"/admin/settings/scopes/remove?{address}")
    response = console.get(console.press(remove, "Remove").location)
    assert response.status_code == 200
    assert name in unescape(response.text)
    assert name not in supported(console)


def test_unknown_scope_is_not_found(console):
    assert console.get("/admin/settings/scopes/edit?name=nothing").status_code == 404
