"""Client metadata: what is accepted, which field an error belongs to, and what is stored."""

from types import SimpleNamespace
from typing import Any

import pytest

from authserver.domain.clients import metadata, registrations
from authserver.errors import InvalidInput

URI = "https://app.example/cb"
VALID = {"kind": "oidc", "name": "App", "redirect_uris": [URI]}


def errors(**values: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as rejected:
        registrations.validate({**VALID, **values})
    return rejected.value.fields


def stored(**values: Any) -> dict[str, Any]:
    return registrations.columns_of_metadata(registrations.validate({**VALID, **values}))


@pytest.mark.parametrize("name", metadata.FIELDS)
def test_every_field_is_described(name: str) -> None:
    field = metadata.FIELDS[name]
    assert field.title
    assert field.description
    assert field.description.endswith(".")


def test_defaults_are_stored_in_columns_only() -> None:
    columns = stored()
    assert columns["grant_types"] == ["authorization_code"]
    assert columns["scopes"] == ["openid", "profile", "email"]
    assert columns["is_pkce_required"] is False
    assert columns["details"] == {}


@pytest.mark.parametrize(
    ("kind", "grant_types", "scope"),
    [
        ("oidc", ["authorization_code"], "openid profile email"),
        ("oidc", ["authorization_code", "refresh_token"], "openid profile email offline_access"),
        ("oauth2", ["authorization_code"], "profile email"),
        ("oauth2", ["authorization_code", "refresh_token"], "profile email offline_access"),
        ("oauth1", [], ""),
    ],
)
def test_default_scopes_depend_on_kind_and_grants(kind: str, grant_types: list[str], scope: str) -> None:
    assert stored(kind=kind, grant_types=grant_types)["scopes"] == scope.split()


def test_given_details_are_stored_as_they_are() -> None:
    details = {
        "contacts": ["Ada, +44 20 7946 0000"],
        "require_auth_time": False,
        "of_a_newer_version": {"a": [1]},
    }
    assert stored(**details)["details"] == details


def test_change_keeps_other_fields() -> None:
    client = SimpleNamespace(**stored(contacts=["a"], tos_uri="https://app.example/tos", newer=1))
    changed = registrations.validate_change(client, {"tos_uri": None, "scopes": ["openid"]})
    columns = registrations.columns_of_metadata(changed)
    assert columns["details"] == {"contacts": ["a"], "newer": 1}
    assert columns["scopes"] == ["openid"]


def test_a_known_name_is_not_checked_again() -> None:
    hidden = "App\u202e"
    assert registrations.validate({**VALID, "name": hidden}, known={"name": hidden}).name == hidden
    assert list(errors(name=hidden)) == ["name"]


def test_a_consumer_has_no_grants() -> None:
    columns = stored(kind="oauth1", grant_types=["nonsense"], response_types=["code"], scopes=["openid"])
    assert [columns[name] for name in ("grant_types", "response_types", "scopes")] == [[], [], []]
    assert columns["is_pkce_required"] is False


def test_a_public_client_needs_pkce() -> None:
    assert stored(auth_method="none", is_pkce_required=False)["is_pkce_required"] is True


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", {"kind": "saml"}),
        ("auth_method", {"auth_method": "tls"}),
        ("grant_types", {"grant_types": []}),
        ("grant_types", {"grant_types": ["client_credentials"], "auth_method": "none", "response_types": []}),
        ("response_types", {"response_types": ["token"]}),
        ("response_types", {"response_types": []}),
        ("redirect_uris", {"redirect_uris": []}),
        (
            "redirect_uris",
            {
                "redirect_uris": ["com.app:/cb"],
                "application_type": "web",
                "response_types": ["code id_token"],
            },
        ),
        ("scopes", {"scopes": ["a b"]}),
        ("scopes", {"scopes": [f"s{number}" for number in range(101)]}),
        ("contacts", {"contacts": ["a"] * 21}),
        ("default_max_age", {"default_max_age": 10**9}),
        ("frontchannel_logout_uri", {"frontchannel_logout_uri": "https://other.example/out"}),
        ("subject_type", {"subject_type": "pairwise", "redirect_uris": [URI, "https://b.example/"]}),
        ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": "HS256"}),
        ("jwks", {"auth_method": "private_key_jwt"}),
        ("jwks_uri", {"jwks_uri": "http://keys.example/", "auth_method": "private_key_jwt"}),
        ("resources", {"resources": ["calendar"]}),
    ],
)
def test_an_error_belongs_to_its_field(field: str, values: dict[str, Any]) -> None:
    assert list(errors(**values)) == [field]


def test_errors_are_reported_together() -> None:
    found = errors(name="", scopes=["a b"], redirect_uris=["http://app.example/"], tos_uri="x")
    assert set(found) == {"name", "scopes", "redirect_uris", "tos_uri"}


def test_an_invalid_response_type_does_not_hide_missing_redirect_uris() -> None:
    assert set(errors(response_types=["nonsense"], redirect_uris=[])) == {"response_types", "redirect_uris"}


def test_wrong_types_are_reported_first() -> None:
    found = errors(name="", contacts="a", require_auth_time="yes", default_max_age=True)
    assert found == {
        "contacts": "Enter a list of strings.",
        "require_auth_time": "Enter true or false.",
        "default_max_age": "Enter a whole number.",
    }


@pytest.mark.parametrize("name", ["redirect_uris", "grant_types", "response_types", "scopes", "contacts"])
def test_error_message_can_contain_any_text(name: str) -> None:
    assert list(errors(**{name: ["{\ud800}"]})) == [name]
