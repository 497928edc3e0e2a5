"""The document at a sector identifier URI, served from loopback (OpenID Connect Registration, section 5)."""

from collections.abc import Iterator
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from authserver.domain.clients import sector_identifiers
from authserver.domain.clients.metadata import ClientMetadata
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


def check_error(url: str, *redirect_uris: str, settings: Settings = LOOPBACK) -> str:
    with pytest.raises(InvalidInput) as error:
        sector_identifiers.check(Fetcher(settings), url, redirect_uris or (ONE,))
    assert list(error.value.fields) == ["sector_identifier_uri"]
    return error.value.fields["sector_identifier_uri"]


def registration(url: str, *redirect_uris: str) -> ClientMetadata:
    details = {"subject_type": "pairwise", "sector_identifier_uri": url}
    return ClientMetadata(kind="oidc", name="Two", redirect_uris=redirect_uris, **details)


def test_listed_redirect_uris_are_accepted(sector: DocumentServer) -> None:
    """Section 5: the values of the registered redirect_uris MUST be included in the elements of the array."""
    sector_identifiers.check(Fetcher(LOOPBACK), sector.url, (TWO, ONE))
    assert sector.request_count == 1


@pytest.mark.parametrize("missing", ["https://c.example/cb", ONE + "/", ONE.upper(), ONE + "?a=b"])
def test_unlisted_redirect_uri_is_rejected(sector: DocumentServer, missing: str) -> None:
    """Section 5: otherwise registration MUST fail. The comparison is by exact string."""
    assert f"does not list {missing}" in check_error(sector.url, ONE, missing)


@pytest.mark.parametrize("document", [b"", b"{", b"\xff\xfe", b"[" * 99999, b"nothing"])
def test_invalid_json_is_rejected(sector: DocumentServer, document: bytes) -> None:
    sector.document = document
    assert "is not JSON" in check_error(sector.url)


@pytest.mark.parametrize(
    "document", [{}, {"redirect_uris": [ONE]}, ONE, 5, None, [ONE, 5], [[ONE]], [ONE, None]]
)
def test_document_must_be_an_array_of_strings(sector: DocumentServer, document: Any) -> None:
    sector.document = document
    assert "is not a JSON array" in check_error(sector.url)


@pytest.mark.parametrize("status", [404, 500, 302, 204])
def test_unexpected_status_is_rejected(sector: DocumentServer, status: int) -> None:
    """A redirect is not followed (S17)."""
    sector.status = status
    assert f"status {status}" in check_error(sector.url)


def test_unreachable_server_is_rejected(sector: DocumentServer) -> None:
    sector.close()
    assert "could not be fetched" in check_error(sector.url)


def test_private_address_is_not_fetched(sector: DocumentServer) -> None:
    """S17: loopback is fetched only if the operator allows it."""
    assert "only from loopback addresses in fetch_networks" in check_error(sector.url, settings=Settings())
    assert sector.request_count == 0


def test_new_registration_is_checked(sector: DocumentServer) -> None:
    with pytest.raises(InvalidInput):
        sector_identifiers.check_registration(
            Fetcher(LOOPBACK), registration(sector.url, "https://c.example/cb")
        )


def test_nothing_is_fetched_without_the_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(Fetcher, "get", lambda _self, url, *_: fetched.append(url))
    plain = ClientMetadata(kind="oidc", name="One", redirect_uris=(ONE,))
    sector_identifiers.check_registration(Fetcher(Settings()), plain)
    assert fetched == []


@pytest.mark.parametrize(
    ("uris", "fetched"), [((ONE, TWO), 0), ((ONE,), 0), ((ONE, TWO, "https://c.example/cb"), 1)]
)
def test_document_is_fetched_only_for_new_redirect_uris(
    sector: DocumentServer, uris: tuple[str, ...], fetched: int
) -> None:
    """S17: a change of other fields does not fetch the document."""
    sector.document = [*sector.document, "https://c.example/cb"]
    before = SimpleNamespace(redirect_uris=[ONE, TWO], details={"sector_identifier_uri": sector.url})
    sector_identifiers.check_registration(Fetcher(LOOPBACK), registration(sector.url, *uris), before)
    assert sector.request_count == fetched


def test_changed_sector_identifier_is_fetched(sector: DocumentServer) -> None:
    before = SimpleNamespace(
        redirect_uris=[ONE, TWO], details={"sector_identifier_uri": "https://a.example/sector"}
    )
    sector_identifiers.check_registration(Fetcher(LOOPBACK), registration(sector.url, ONE), before)
    assert sector.request_count == 1
