"""The claims of a scope: their names, sources and limits."""

import pytest

from authserver.context import SYSTEM
from authserver.domain import custom_claims, scopes
from authserver.domain.orm import Database
from authserver.errors import InvalidInput

RESERVED = (
    "iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "auth_time", "sid", "jti",
    "scope", "client_id", "cnf", "act", "active", "username", "token_type", "groups", "roles", "name", "email",
    "email_verified", "preferred_username", "phone_number", "address", "updated_at",
)  # fmt: skip


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_claim_is_rejected(name: str) -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        custom_claims.clean_claims({name: "username"})


@pytest.mark.parametrize("name", ["", "two words", 'quo"te', "é", "x" * 101])
def test_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(InvalidInput, match="invalid"):
        custom_claims.clean_claims({name: "username"})


@pytest.mark.parametrize(
    "source",
    [
        "",
        "password_hash",
        "attribute:",
        "attribute:two words",
        '"',
        '""',
        '"a" "b"',
        "{{ user }}",
        '"a\\u0000"',
        '["a"]',
    ],
)
def test_invalid_source_is_rejected(source: str) -> None:
    with pytest.raises(InvalidInput):
        custom_claims.clean_claims({"claim": source})


@pytest.mark.parametrize("source", ["attribute:cost-center", '"a \\"b\\""', "username", "groups", "locale"])
def test_source_is_accepted(source: str) -> None:
    assert custom_claims.clean_claims({"https://example.org/claim": source})


def test_number_of_claims_is_limited() -> None:
    with pytest.raises(InvalidInput, match="20 claims at most"):
        custom_claims.clean_claims({f"claim{number}": "username" for number in range(21)})


@pytest.mark.parametrize("lines", [["department"], ["a = username", "a = email"]])
def test_malformed_lines_are_rejected(lines: list[str]) -> None:
    with pytest.raises(InvalidInput):
        custom_claims.parse_claims(lines)


def test_lines_are_read_as_they_are_written() -> None:
    claims = {"a": '"x = y"', "b": "attribute:b"}
    assert custom_claims.parse_claims(custom_claims.format_claims(claims)) == claims


def test_claim_belongs_to_one_scope(database: Database) -> None:
    with database.transaction() as db:
        scopes.add(db, SYSTEM, name="first", words="First", claims={"tenant": '"a"'})
        with pytest.raises(InvalidInput, match="The scope first already has the claim tenant"):
            scopes.add(db, SYSTEM, name="second", words="Second", claims={"tenant": '"b"'})
        second = scopes.add(db, SYSTEM, name="second", words="Second")
        with pytest.raises(InvalidInput, match="The scope first already"):
            scopes.edit(
                db,
                SYSTEM,
                second,
                words="Second",
                is_open=False,
                revision=second.revision,
                claims={"tenant": "username"},
            )
