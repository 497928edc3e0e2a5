"""The document behind a sector identifier URI, from a real server on loopback (OpenID Connect Registration, section 5)."""

from collections.abc import Iterator
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from authserver.domain.clients import sector_identifiers
from authserver.domain.clients.registrations import Registration
from authserver.domain.fetcher import Fetcher
from authserver.errors import InvalidInput
from authserver.settings import Settings
from tests.support.documents import DocumentServer

LOOPBACK = Settings(fetch_networks=(ip_network("127.0.0.0/8"),))
ONE, TWO = "https://a.example/cb", "https://b.example/cb"


@pytest.fixture
def sector() -> Iterator[DocumentServer]:
    with DocumentServer([ONE, TWO]) as server:
        yield server


def fault(url: str, *redirect_uris: str, settings: Settings = LOOPBACK) -> str:
    with pytest.raises(InvalidInput) as refused:
        sector_identifiers.check(Fetcher(settings), url, redirect_uris or (ONE,))
    assert list(refused.value.fields) == ["sector_identifier_uri"]
    return refused.value.fields["sector_identifier_uri"]


def registration(url: str, *redirect_uris: str) -> Registration:
    details = {"subject_type": "pairwise", "sector_identifier_uri": url}
    return Registration("oidc", "Two", redirect_uris=redirect_uris, details=details)


def test_every_redirect_uri_is_listed(sector: DocumentServer) -> None:
    """Section 5: the values of the registered redirect_uris MUST be included in the elements of the array."""
    sector_identifiers.check(Fetcher(LOOPBACK), sector.url, (TWO, ONE))
    assert sector.asked == 1


@pytest.mark.parametrize("missing", ["https://c.example/cb", ONE + "/", ONE.upper(), ONE + "?a=b"])
def test_a_redirect_uri_that_is_not_listed(sector: DocumentServer, missing: str) -> None:
    """Section 5: else registration MUST fail; the comparison is by exact string."""
    assert f"does not list {missing}" in fault(sector.url, ONE, missing)


@pytest.mark.parametrize("document", [b"", b"{", b"\xff\xfe", b"[" * 99999, b"nothing"])
def test_what_is_not_json(sector: DocumentServer, document: bytes) -> None:
    sector.document = document
    assert "is not JSON" in fault(sector.url)


@pytest.mark.parametrize(
    "document", [{}, {"redirect_uris": [ONE]}, ONE, 5, None, [ONE, 5], [[ONE]], [ONE, None]]
)
def test_what_is_not_an_array_of_strings(sector: DocumentServer, document: Any) -> None:
    sector.document = document
    assert "is not a JSON array" in fault(sector.url)


@pytest.mark.parametrize("status", [404, 500, 302, 204])
def test_what_is_not_found(sector: DocumentServer, status: int) -> None:
    """A redirect is not followed (S17)."""
    sector.status = status
    assert f"status {status}" in fault(sector.url)


def test_an_unreachable_server(sector: DocumentServer) -> None:
    sector.close()
    assert "could not be fetched" in fault(sector.url)


def test_a_private_address_is_not_asked(sector: DocumentServer) -> None:
    """S17: loopback is fetched from only where the operator said so."""
    assert "not on the public internet" in fault(sector.url, settings=Settings())
    assert sector.asked == 0


def test_a_new_registration_is_checked(sector: DocumentServer) -> None:
    with pytest.raises(InvalidInput):
        sector_identifiers.check_registration(
            Fetcher(LOOPBACK), registration(sector.url, "https://c.example/cb")
        )


def test_without_the_uri_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Fetcher, "get", lambda _self, url, *_: asked.append(url))
    plain = Registration("oidc", "One", redirect_uris=(ONE,))
    sector_identifiers.check_registration(Fetcher(Settings()), plain)
    assert asked == []


@pytest.mark.parametrize(
    ("uris", "asked"), [((ONE, TWO), 0), ((ONE,), 0), ((ONE, TWO, "https://c.example/cb"), 1)]
)
def test_only_new_redirect_uris_of_a_known_sector_are_looked_for(
    sector: DocumentServer, uris: tuple[str, ...], asked: int
) -> None:
    """S17: an edit of something else fetches nothing."""
    sector.document = [*sector.document, "https://c.example/cb"]
    before = SimpleNamespace(redirect_uris=[ONE, TWO], details={"sector_identifier_uri": sector.url})
    sector_identifiers.check_registration(Fetcher(LOOPBACK), registration(sector.url, *uris), before)
    assert sector.asked == asked


def test_another_sector_is_fetched(sector: DocumentServer) -> None:
    before = SimpleNamespace(
        redirect_uris=[ONE, TWO], details={"sector_identifier_uri": "https://a.example/sector"}
    )
    sector_identifiers.check_registration(Fetcher(LOOPBACK), registration(sector.url, ONE), before)
    assert sector.asked == 1
