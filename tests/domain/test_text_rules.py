"""Names must contain a visible character and no hidden ones. Every script is allowed."""

import unicodedata

import pytest

from authserver.context import SYSTEM
from authserver.domain import text_rules
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from tests.support.relying_party import RelyingParty, edit, register

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"  # three emoji, joined to one


@pytest.mark.parametrize(
    "name",
    [
        "Grafana",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        FAMILY,
        "\u2764\ufe0f",
        "\u65e5\u672c",
        "e\u0301",
        "1",
        "?",
    ],
)
def test_every_script_is_accepted(name):
    assert text_rules.clean_line("name", "name", f" {name} ") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name", ["\u200d", "\u3164", "\u2800", "\u115f\u1160", "\u0301", "\ufe0f", "\u200c \u200c"]
)
def test_name_without_visible_characters_is_rejected(name):
    with pytest.raises(InvalidInput, match="The name has no visible characters"):
        text_rules.clean_line("name", "name", name)


@pytest.mark.parametrize(
    "code",
    [
        0xAD,
        0x61C,
        0x180E,
        0x200B,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        0x2060,
        *range(0x2066, 0x206A),
        0xFEFF,
        0xE0041,
    ],
)
def test_hidden_and_bidirectional_characters_are_rejected(code):
    with pytest.raises(InvalidInput, match=rf"text direction \(U\+{code:04X}\)"):
        text_rules.clean_line("name", "name", f"a{chr(code)}gpj.exe")


def test_names_of_users_and_clients_are_checked(database, services):
    with database.transaction() as db:
        for field in ({"username": "a\u202eb"}, {"username": "b", "name": "\u200b"}):
            with pytest.raises(InvalidInput):
                users.add(db, SYSTEM, password_hash=None, **field)
    with pytest.raises(InvalidInput):
        register(services, name="\u200b\u200b")


def test_existing_invalid_name_does_not_block_changes(app, services, database, sample_users):
    """Records with such a name work, and their other fields can be changed."""
    rp = RelyingParty(app, *register(services))
    with database.transaction() as db:
        clients.get(db, rp.key).name = "Old\u200b"
        user = db.get_one(User, sample_users["alice"].id)
        user.name = "Alice\u200b"
    edit(services, rp.key, redirect_uris=("https://rp.example/new",), name="Old\u200b")
    with database.transaction() as db:
        users.edit(db, SYSTEM, db.get_one(User, user.id), name="Alice\u200b", email="a@example.org")
    with database.transaction(write=False) as db:
        assert db.query(Client).one().redirect_uris == ["https://rp.example/new"]
        assert db.get_one(User, user.id).email == "a@example.org"
    with pytest.raises(InvalidInput):
        edit(services, rp.key, name="New\u200b")


@pytest.mark.parametrize("name", ["\u200b", "a\u202egpj.exe"])
def test_self_registration_with_an_invalid_name_is_rejected(client, services, name):
    response = client.post(
        "/oauth2/register", json={"client_name": name, "redirect_uris": ["https://app.example.org/cb"]}
    )
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert "U+20" in response.get_json()["error_description"]


@pytest.mark.parametrize(
    "address",
    [
        "name@example.org",
        "NAME+tag@EXAMPLE.ORG",
        "root@localhost",
        "admin@mail.local",
        "a@b",
        "ü@bücher.de",
        "x@[127.0.0.1]",
    ],
)
def test_valid_email_address_is_accepted(address: str) -> None:
    """Local domains and other alphabets are accepted. The check makes no DNS lookup."""
    assert text_rules.is_email_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "@example.org",
        "name@",
        "not an address",
        "a@b@c.org",
        "<a@x.org>",
        "a@my_host",
        '"a b"@x.org',
    ],
)
def test_invalid_email_address_is_rejected(text: str) -> None:
    assert not text_rules.is_email_address(text)
