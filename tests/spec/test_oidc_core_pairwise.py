"""OpenID Connect Core, section 8: pairwise subject identifiers."""

import pytest
from flask import Flask

from authserver.domain.clients import registrations
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, claims, register, response_parameters


def pairwise(app: Flask, services: Services, host: str = "rp.example", **more: str) -> RelyingParty:
    uri = f"https://{host}/cb"
    key, secret = register(services, redirect_uris=(uri,), details={"subject_type": "pairwise"} | more)
    return RelyingParty(app, key, secret, redirect_uri=uri)


def subject(party: RelyingParty, username: str = "alice") -> str:
    return str(claims(party.tokens(username)["id_token"])["sub"])


def test_subject_is_the_same_everywhere(app: Flask, services: Services, alice: User) -> None:
    """5.3.2: the sub of userinfo MUST match the ID token. Introspection and JWTs have the same sub, and no user name."""
    party = pairwise(app, services)
    tokens = party.tokens()
    sub = claims(tokens["id_token"])["sub"]
    assert sub != alice.subject
    assert party.userinfo(tokens["access_token"]).get_json()["sub"] == sub
    form = {"token": tokens["access_token"]}
    document = party.browser.post("/oauth2/introspect", data=form, headers=party.basic).get_json()
    assert document["sub"] == sub
    assert "username" not in document


@pytest.mark.parametrize("name", ["access_token_signed_response_alg", "userinfo_signed_response_alg"])
def test_signed_responses_contain_the_pairwise_subject(
    app: Flask, services: Services, alice: User, name: str
) -> None:
    """8.1: a client gets the sub of its sector in every response, signed or not."""
    details = {"subject_type": "pairwise", name: "ES256"}
    party = RelyingParty(app, *register(services, details=details))
    tokens = party.tokens()
    token = party.userinfo(tokens["access_token"]).text if "userinfo" in name else tokens["access_token"]
    assert claims(token)["sub"] == claims(tokens["id_token"])["sub"] != alice.subject


def test_sector_identifier_uri_defines_the_sector(app: Flask, services: Services, alice: User) -> None:
    """8.1: the host of a registered sector_identifier_uri is the sector, not that of the redirect URIs."""
    subjects = {
        uri: [
            subject(pairwise(app, services, host, sector_identifier_uri=uri))
            for host in ("a.example", "b.example")
        ]
        for uri in ("https://one.example/sector.json", "https://two.example/sector.json")
    }
    first, second = (set(found) for found in subjects.values())
    assert (len(first), len(second), first & second) == (1, 1, set())


def test_subject_is_stable(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """8.1: the algorithm MUST be deterministic."""
    assert subject(pairwise(app, services)) == subject(pairwise(app, services))


def test_sectors_differ(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """8.1: different sector identifiers MUST get different subjects."""
    assert subject(pairwise(app, services)) != subject(pairwise(app, services, "other.example"))


def test_users_differ(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """8: a sub is never reassigned to another user."""
    assert subject(pairwise(app, services)) != subject(pairwise(app, services), "bob")


def test_id_token_hint_with_a_pairwise_subject(app: Flask, services: Services, alice: User) -> None:
    """3.1.2.1: id_token_hint contains the subject that the client knows."""
    party = pairwise(app, services)
    hint = party.tokens()["id_token"]
    assert "code" in response_parameters(party.authorize(prompt="none", id_token_hint=hint))


@pytest.mark.only_on("sqlite")
def test_several_hosts_need_a_sector_identifier(services: Services) -> None:
    """8.1: with several hosts the client MUST register a sector_identifier_uri."""
    uris = ("https://a.example/cb", "https://b.example/cb")
    values = {"kind": "oidc", "name": "Two", "redirect_uris": uris, "subject_type": "pairwise"}
    with pytest.raises(InvalidInput, match="sector identifier"):
        registrations.validate(values)


def test_discovery_lists_both_types(app: Flask) -> None:
    """Discovery, 3: subject_types_supported."""
    document = app.test_client().get("/.well-known/openid-configuration").get_json()
    assert document["subject_types_supported"] == ["public", "pairwise"]
