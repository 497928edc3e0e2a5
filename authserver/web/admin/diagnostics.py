"""Diagnostics: recorded errors, searched by reference, client or text.

The explanations are in ``explanations``, and the available fixes in ``error_fixes``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import error_search
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log, redaction
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.errors import NotFound
from authserver.vocabulary import EndpointPath, LegacyPath
from authserver.web import current
from authserver.web.admin import comparison, error_fixes, pagination, responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import header
from authserver.web.admin.explanations import FixKind, explanation_of

ENDPOINTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sign-in": ("Sign-in", (EndpointPath.AUTHORIZE, LegacyPath.OIDC_AUTHORIZE)),
    "token": ("Token", (EndpointPath.TOKEN, LegacyPath.OAUTH2_TOKEN, LegacyPath.OIDC_TOKEN)),
    "device": (
        "Device",
        (EndpointPath.DEVICE_AUTHORIZATION, LegacyPath.OAUTH2_DEVICE, LegacyPath.OIDC_DEVICE),
    ),
    "introspection": ("Introspection", (EndpointPath.INTROSPECTION,)),
    "revocation": ("Revocation", (EndpointPath.REVOCATION,)),
    "registration": (
        "Registration",
        (EndpointPath.REGISTRATION, LegacyPath.OAUTH2_REGISTRATION, LegacyPath.OIDC_REGISTRATION),
    ),
    "userinfo": ("Userinfo", (EndpointPath.USERINFO,)),
    "sign-out": ("Sign-out", (EndpointPath.END_SESSION,)),
    "oauth1": ("OAuth 1.0a", ("/oauth/",)),
}
_KEYS = frozenset(ENDPOINTS)


class ErrorEntry:
    """A recorded error with its client and title, as lists show it."""

    def __init__(self, error: RecordedError, client: Client | None) -> None:
        self.error = error
        self.client = client
        self.title = explanation_of(error.cause).title


@dataclass(frozen=True)
class ErrorQuery:
    """The filters in the query string. ``client`` is a client key, ``at`` a key of ``ENDPOINTS``."""

    q: str = ""
    client: str = ""
    at: str = ""
    page: int = 1

    @classmethod
    def from_request(cls) -> "ErrorQuery":
        """Parse the query string, ignoring invalid values."""
        return cls(
            q=request.args.get("q", "").strip()[:1000],
            client=pagination.query_value("client"),
            at=pagination.query_value("at", _KEYS),
            page=pagination.requested_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.q or self.client or self.at)

    def url(self, **changes: Any) -> str:
        """Return the URL with some filters changed, for the first page unless ``page`` is given."""
        values = asdict(replace(self, **({"page": 1} | changes)))
        return url_for(
            "admin.diagnostics", **{name: one for name, one in values.items() if one not in ("", 1)}
        )

    def error_filter(self) -> error_search.ErrorFilter:
        """Return the filter for the error log. An unknown client matches no errors."""
        client = clients.find(current.transaction(), self.client) if self.client else None
        return error_search.ErrorFilter(
            client_id=(client.id if client else -1) if self.client else None,
            endpoints=ENDPOINTS[self.at][1] if self.at else (),
            search=self.q,
        )


@admin.get("/diagnostics", endpoint="diagnostics")
def error_list() -> ResponseReturnValue:
    """Show one page of errors, newest first. Searching for a reference redirects to its page."""
    query = ErrorQuery.from_request()
    named = error_search.error_named_in(current.transaction(), query.q) if query.q else None
    is_htmx = request.headers.get("HX-Request") == "true"
    if named is not None and not is_htmx:
        return redirect(url_for("admin.recorded_error", reference=named.reference), 303)
    rows, paging = (
        ([named], pagination.Paging(1, 1)) if named is not None else _rows(query.error_filter(), query.page)
    )
    if paging.is_beyond:
        return responses.redirect_with_message(query.url(page=paging.pages))
    page = responses.render(
        "admin/diagnostics.html",
        query=query,
        paging=paging,
        entries=_entries(rows),
        endpoints=ENDPOINTS,
        is_reference=bool(error_search.references_in(query.q)),
        **limits(),
    )
    return *page, {"HX-Replace-Url": query.url(page=query.page)}


@admin.get("/clients/<key>/diagnostics")
def client_diagnostics(key: str) -> ResponseReturnValue:
    """Show the errors of one client."""
    client = responses.get_client(key)
    rows, paging = _rows(error_search.ErrorFilter(client_id=client.id), pagination.requested_page())
    if paging.is_beyond:
        return responses.redirect_with_message(
            url_for("admin.client_diagnostics", key=key, page=paging.pages)
        )
    return responses.render(
        "admin/client_diagnostics.html",
        **header(client, "diagnostics"),
        entries=[ErrorEntry(row, client) for row in rows],
        paging=paging,
        **limits(),
    )


@admin.get("/diagnostics/<reference>")
def recorded_error(reference: str) -> ResponseReturnValue:
    """Show one error with its explanation, the compared values and the available fix."""
    db = current.transaction()
    error = error_search.error_named_in(db, reference)
    if error is None:
        return responses.render("admin/unknown_reference.html", 404, reference=reference[:40], **limits())
    if error.reference != reference:
        return redirect(url_for("admin.recorded_error", reference=error.reference), 303)
    client = error_search.clients_of_errors(db, [error]).get(error.client_id or 0)
    explanation = explanation_of(error.cause)
    return responses.render(
        "admin/recorded_error.html",
        error=error,
        client=client,
        explanation=explanation,
        sides=comparison.compare(explanation.compare, error.received, _expected(error, client)),
        fix=error_fixes.available_fix(error, client),
        token_client=_client_of_token(error),
        back=url_for("admin.recorded_error", reference=error.reference),
        **limits(),
    )


def get_with_client(reference: str) -> tuple[RecordedError, Client]:
    """Return an error and its client; raises NotFound if either does not exist."""
    error = error_search.get(current.transaction(), reference)
    client = error_search.clients_of_errors(current.transaction(), [error]).get(error.client_id or 0)
    if client is None:
        raise NotFound("The client of this error no longer exists.")
    return error, client


def limits() -> dict[str, int]:
    """Return the limits of the error log for the templates: days until deletion, and errors per client."""
    return {"kept_days": error_log.KEPT.days, "kept_count": error_log.MAX_PER_CLIENT}


def _rows(wanted: error_search.ErrorFilter, number: int) -> tuple[list[RecordedError], pagination.Paging]:
    offset = (number - 1) * pagination.SIZE
    rows, count = error_search.page_of_errors(
        current.transaction(), wanted, offset=offset, limit=pagination.SIZE
    )
    return rows, pagination.Paging(number, count)


def _entries(rows: list[RecordedError]) -> list[ErrorEntry]:
    known = error_search.clients_of_errors(current.transaction(), rows)
    return [ErrorEntry(row, known.get(row.client_id or 0)) for row in rows]


def _client_of_token(error: RecordedError) -> Client | None:
    """Return the client whose token another client tried to introspect, or None for other errors."""
    if explanation_of(error.cause).fix_kind != FixKind.INTROSPECTION:
        return None
    key = error.received.split("\n", 1)[0].removeprefix("client_id=")
    return clients.find(current.transaction(), key)


def _expected(error: RecordedError, client: Client | None) -> str:
    if client is not None and explanation_of(error.cause).fix_kind == FixKind.ADD_URI:
        # The error log truncates long lists of URIs. In that case, compare with the URIs that are registered now.
        is_cut = error.expected.endswith(redaction.HIDDEN)
        return "\n".join(client.redirect_uris) if is_cut else error.expected
    return error.expected
