"""The message catalogs are complete, match the sources, are compiled, and contain no markup."""

import re
from gettext import GNUTranslations

import pytest
from babel.messages.pofile import read_po

from authserver import languages
from tests.architecture import ROOT
from tools import translations

CATALOGS = sorted(languages.CATALOGS.glob("*/LC_MESSAGES/messages.po"))
PLACEHOLDER = re.compile(r"%(?:\(\w+\)s)?")
MARKUP = re.compile(r"<[a-zA-Z/!]|&#?\w+;")
# Text in a page that is not inside {{ _( and ) }}.
BARE_TEXT = re.compile(
    r">[^<>{}=]*[A-Za-z]{2,}[^<>{}=]*<|\b(?:alt|title|aria-label|placeholder)=\"[^\"{]*[A-Za-z]"
)
NOT_TEXT = re.compile(
    r"\{#.*?#\}|\{%-?\s*trans\b.*?%\}.*?\{%-?\s*endtrans\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}|<!doctype html>",
    re.DOTALL,
)
TRANSLATED_PAGES = [page for page in sorted(ROOT.glob("templates/**/*.html")) if "admin" not in page.parts]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    template = tmp_path_factory.mktemp("extracted") / "messages.pot"
    translations.extract(template)
    return messages_of(template)


@pytest.fixture(params=CATALOGS, ids=lambda path: path.parents[1].name)
def path(request):
    return request.param


@pytest.fixture
def catalog(path):
    return messages_of(path)


def messages_of(path):
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def forms(texts):
    return [texts] if isinstance(texts, str) else list(texts)


def placeholders(text):
    return set(PLACEHOLDER.findall(text))


def differs_in_placeholders(original, translation):
    """Return whether placeholders differ. A singular may omit the number if the English one does ("One code left")."""
    one, many = placeholders(forms(original)[0]), placeholders(forms(original)[-1])
    first, *others = map(placeholders, forms(translation))
    return first not in (one, many) or any(found != many for found in others)


def bare_text(template):
    found = (match.strip("<> \n") for match in BARE_TEXT.findall(NOT_TEXT.sub("", template)))
    return [text for text in found if text]


def test_every_supported_language_has_a_catalog():
    tags = [path.parents[1].name.replace("_", "-") for path in CATALOGS]
    assert tags == list(languages.supported()[1:])
    assert "de" in tags


def test_every_message_is_translated(catalog):
    assert [message.id for message in catalog if not all(forms(message.string)) or message.fuzzy] == []


def test_catalogs_match_the_sources(catalog, extracted):
    present, wanted = ({(message.id, message.context) for message in found} for found in (catalog, extracted))
    assert (present - wanted, wanted - present) == (set(), set()), "run `make translations`"


def test_catalogs_are_compiled(path, catalog):
    with path.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    assert len([key for key in compiled._catalog if key]) == sum(len(forms(one.string)) for one in catalog)
    for message in catalog:
        if isinstance(message.id, str):
            found = (
                compiled.pgettext(message.context, message.id)
                if message.context
                else compiled.gettext(message.id)
            )
            assert found == message.string, "run `make translations`"
        else:
            assert compiled.ngettext(*message.id, 1) == message.string[0], "run `make translations`"
            assert compiled.ngettext(*message.id, 2) == message.string[1], "run `make translations`"


def test_placeholders_agree(catalog):
    assert [one.id for one in catalog if differs_in_placeholders(one.id, one.string)] == []


def test_no_message_contains_markup(catalog):
    """Templates print translations without escaping them; values are escaped."""
    texts = [text for message in catalog for text in (*forms(message.id), *forms(message.string))]
    assert [text for text in texts if MARKUP.search(text)] == []


def test_no_page_has_untranslated_text():
    found = {page.name: bare_text(page.read_text("utf-8")) for page in TRANSLATED_PAGES}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_planted_mistakes_are_found():
    assert differs_in_placeholders("Hello %(name)s", "Hallo %(nmae)s")
    assert differs_in_placeholders("Hello %(name)s", "Hallo")
    assert differs_in_placeholders("Hello", "Hallo 100 %")
    codes = ("One code", "%(num)s codes")
    assert not differs_in_placeholders(codes, ("Ein Code", "%(num)s Codes"))
    assert differs_in_placeholders(codes, ("Ein Code", "Codes"))
    assert not differs_in_placeholders("Hello %(name)s", "%(name)s, hallo")
    assert [bool(MARKUP.search(text)) for text in ("<b>", "&nbsp;", "Settings > A & B")] == [
        True,
        True,
        False,
    ]
    page = '<p>Words</p><img alt="Words">{# Words #}<b>{{ _("Words") }}</b>'
    assert bare_text(page) == ["Words", 'alt="Words']
