"""The catalogues are complete, in step with pages and code, compiled, and as safe as what they translate."""

import ast
import re
from gettext import GNUTranslations
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog

from authserver import languages
from authserver.web.rendering import sentences
from tests.architecture.engine import ROOT, Room, rooms
from tools import translations

CATALOGUES = translations.catalogues()
PLACE = re.compile(r"%(?:\(\w+\)s)?")
SENTENCE = re.compile(r"[A-Z\0].+\.")
MARKUP = re.compile(r"<[a-zA-Z/!]|&#?\w+;")
# A page for people whose words stand in the markup, and not between {{ _( and ) }}.
BARE_WORDS = re.compile(
    r">[^<>{}=]*[A-Za-z]{2,}[^<>{}=]*<|\b(?:alt|title|aria-label|placeholder)=\"[^\"{]*[A-Za-z]"
)
NOT_WORDS = re.compile(
    r"\{#.*?#\}|\{%-?\s*trans\b.*?%\}.*?\{%-?\s*endtrans\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}|<!doctype html>",
    re.DOTALL,
)
SPOKEN_PAGES = sorted(page for place in translations.PAGES for page in (ROOT / "templates").glob(place))


# The rooms whose sentences reach pages for people, and what of theirs does not: it is for the console, the command line
# or clients, or the page has words of its own for it.
SPOKEN_ROOMS = {
    f"authserver/{room}.py"
    for room in (
        "domain/users/authenticator_apps",
        "domain/users/passwords",
        "domain/users/profiles",
        "domain/users/recovery_codes",
        "domain/users/second_factors",
        "domain/users/setup",
        "domain/users/authentication",
        "domain/text_rules",
        "domain/users/users",
        "protocol/access",
        "protocol/oidc/end_session",
    )
}
UNSHOWN = {
    "An address has the parts \0.",
    "Enter the \0.",  # what people can leave empty is the user name alone, and that is listed
    "Enter true or false.",
    "Somebody changed this account meanwhile. Look at it again before you decide.",
    "The \0 is text.",
    "There is an authenticator app already. Remove it before you set up another.",
    "There is no authenticator app that recovery codes could replace.",
    "There is no claim \0 that can be set.",
    "There is no such user.",
    "This account signs in with a second factor.",
    "This server has been set up already.",
    "Write a claim as NAME=VALUE.",
    "\0 is the last administrator. Give another user Configure Server first.",
}


@pytest.fixture(scope="module")
def extracted():
    return translations.extracted()


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.parents[1].name)
def path(request):
    return request.param


@pytest.fixture
def catalogue(path):
    return translations.read(path)


def untranslated(catalogue):
    """Sentences without words, or with words that nobody has looked at."""
    return [message.id for message in said(catalogue) if not all(forms(message.string)) or message.fuzzy]


def said(catalogue):
    return [message for message in catalogue if message.id]


def forms(texts):
    return texts if not isinstance(texts, str) else (texts,)


def places(text):
    return set(PLACE.findall(text))


def out_of_place(message):
    """Whether a translation fills in other places than its sentence: a word more, less, or misspelt.

    Only the form for one thing may leave the number out, where English does: "One code is left."
    """
    originals = forms(message.id)
    one, many = places(originals[0]), places(originals[-1])
    first, *others = [places(text) for text in forms(message.string)]
    return first not in (one, many) or any(found != many for found in others)


def bare_words(template):
    """Words that stand in a template untranslated."""
    return [
        found.strip("<> \n")
        for found in BARE_WORDS.findall(NOT_WORDS.sub("", template))
        if found.strip("<> \n")
    ]


def test_there_is_one_at_least():
    assert [path.parents[1].name for path in CATALOGUES] == [
        tag.replace("-", "_") for tag in languages.supported()[1:]
    ]
    assert "de" in languages.supported()


def test_they_are_complete(catalogue):
    assert untranslated(catalogue) == []


def test_they_are_in_step_with_the_sources(catalogue, extracted):
    there, wanted = ({message.id for message in said(found)} for found in (catalogue, extracted))
    assert (there - wanted, wanted - there) == (set(), set()), "run: make translations"


def test_they_are_compiled(path, catalogue):
    """What is committed beside the catalogue holds the same words; its head may differ by who wrote it."""
    fresh, kept = (
        GNUTranslations(BytesIO(content))._catalog
        for content in (translations.compiled(catalogue), path.with_suffix(".mo").read_bytes())
    )
    assert {**kept, "": ""} == {**fresh, "": ""}, "run: make translations"


def test_they_are_written_as_the_tool_writes_them(path, catalogue):
    without_head = [
        text.partition("\n\n")[2]
        for text in (path.read_text("utf-8"), translations.written(catalogue).decode())
    ]
    assert without_head[0] == without_head[1], "run: make translations"


def test_places_agree(catalogue):
    assert [message.id for message in said(catalogue) if out_of_place(message)] == []


def test_no_sentence_holds_markup(catalogue):
    """Templates take what a catalogue says as it is, so that it must not be HTML; names in it are escaped."""
    texts = [(message.id, text) for message in said(catalogue) for text in forms(message.string)]
    assert [sentence for sentence, text in texts if MARKUP.search(f"{sentence} {text}")] == []


def test_no_page_has_words_of_its_own():
    found = {page.name: bare_words(page.read_text("utf-8")) for page in SPOKEN_PAGES}
    assert {name: words for name, words in found.items() if words} == {}


def test_sentences_from_below_are_there():
    """Each is a text of domain or protocol, to the letter, what changes left open."""
    texts = {text for room in rooms() if room.floor in {"domain", "protocol"} for text in texts_of(room.tree)}
    patterns = [
        re.compile(re.escape(text).replace("\0", ".+")) for text in texts if len(text.replace("\0", "")) > 8
    ]
    plain = [re.sub(r"%\(\w+\)s", "7", sentence) for sentence in sentences.FROM_BELOW]
    behind_a_uri = {one: f"7: {one}" for one in plain}
    assert [
        one
        for one in plain
        if not any(pattern.fullmatch(one) or pattern.fullmatch(behind_a_uri[one]) for pattern in patterns)
    ] == []


def test_every_sentence_of_the_spoken_rooms_is_listed():
    spoken = [room for room in rooms() if room.path in SPOKEN_ROOMS]
    assert {room.path for room in spoken} == SPOKEN_ROOMS
    assert set().union(*map(unlisted, spoken)) == UNSHOWN


def test_a_planted_sentence_is_seen():
    source = "def f(x):\n    'Return what nobody reads.'\n    raise Refused(f'{x} is planted.' if x else 'Planted.')"
    assert unlisted(Room("authserver/domain/users/users.py", source)) == {"\0 is planted.", "Planted."}


def unlisted(room):
    """The sentences of a room, but for docstrings, that the catalogues do not know."""
    listed = [
        re.compile(PLACE.sub(".+", re.escape(one).replace("\\(", "(").replace("\\)", ")")))
        for one in sentences.FROM_BELOW
    ]
    docstrings = {
        node.value.value
        for node in ast.walk(room.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = {text for text in texts_of(room.tree) if SENTENCE.fullmatch(text)} - docstrings
    return {text for text in found if not any(pattern.fullmatch(text) for pattern in listed)}


def texts_of(tree):
    """Every text in a syntax tree; what an f-string leaves open is a NUL."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def planted(sentence, words):
    catalogue = Catalog(locale="de")
    catalogue.add(sentence, words)
    return catalogue[sentence]


def test_planted_mistakes_are_seen():
    catalogue = Catalog(locale="de")
    catalogue.add("Sign in", "")
    catalogue.add("Sign out", "Abmelden", flags=["fuzzy"])
    assert untranslated(catalogue) == ["Sign in", "Sign out"]
    assert out_of_place(planted("Hello %(name)s", "Hallo %(nmae)s"))
    assert out_of_place(planted("Hello %(name)s", "Hallo"))
    assert out_of_place(planted("Hello", "Hallo 100 %"))
    codes = ("One code", "%(number)s codes")
    assert not out_of_place(planted(codes, ("Ein Code", "%(number)s Codes")))
    assert out_of_place(planted(codes, ("Ein Code", "Codes")))
    assert not out_of_place(planted("Hello %(name)s", "%(name)s, hallo"))
    assert [bool(MARKUP.search(text)) for text in ("<b>", "&nbsp;", "Settings > A & B")] == [
        True,
        True,
        False,
    ]
    assert bare_words('<p>Words</p><img alt="Words">{# Words #}<b>{{ _("Words") }}</b>') == [
        "Words",
        'alt="Words',
    ]
