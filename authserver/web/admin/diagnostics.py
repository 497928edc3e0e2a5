"""Diagnostics: what was refused, found by the reference that people and applications were given, and why it was.

What can be done about it is decided in ``remedies``, and done in ``redirect_uri_fix`` or by the client's own forms.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import clients, diagnostics, failures, redaction
from authserver.domain.clients import Client
from authserver.domain.diagnostics import Failure
from authserver.errors import NotFound
from authserver.terms import LanePath, Path
from authserver.web import door
from authserver.web.admin import answers, comparison, listing, remedies
from authserver.web.admin.blueprint import admin
from authserver.web.admin.causes import Remedy, words_of
from authserver.web.admin.client_detail import header

ENDPOINTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sign-in": ("Sign-in", (Path.AUTHORIZE, LanePath.OIDC_AUTHORIZE)),
    "token": ("Token", (Path.TOKEN, LanePath.OAUTH2_TOKEN, LanePath.OIDC_TOKEN)),
    "device": ("Device", (Path.DEVICE_AUTHORIZATION, LanePath.OAUTH2_DEVICE, LanePath.OIDC_DEVICE)),
    "introspection": ("Introspection", (Path.INTROSPECTION,)),
    "revocation": ("Revocation", (Path.REVOCATION,)),
    "registration": (
        "Registration",
        (Path.REGISTRATION, LanePath.OAUTH2_REGISTRATION, LanePath.OIDC_REGISTRATION),
    ),
    "userinfo": ("Userinfo", (Path.USERINFO,)),
    "sign-out": ("Sign-out", (Path.END_SESSION,)),
    "oauth1": ("OAuth 1.0a", ("/oauth/",)),
}
_KEYS = frozenset(ENDPOINTS)


class Entry:
    """One refusal as a list shows it."""

    def __init__(self, failure: Failure, client: Client | None) -> None:
        self.failure = failure
        self.client = client
        self.title = words_of(failure.cause).title


@dataclass(frozen=True)
class Wish:
    """What the query string asks to see; ``client`` is a client key, ``at`` a key of ``ENDPOINTS``."""

    q: str = ""
    client: str = ""
    at: str = ""
    page: int = 1

    @classmethod
    def asked(cls) -> "Wish":
        """Read the query string."""
        return cls(
            q=request.args.get("q", "").strip()[:1000],
            client=listing.asked("client"),
            at=listing.asked("at", _KEYS),
            page=listing.asked_page(),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether some refusals are hidden."""
        return bool(self.q or self.client or self.at)

    def url(self, **changes: Any) -> str:
        """Return the address with some wishes changed."""
        values = asdict(replace(self, **({"page": 1} | changes)))
        return url_for(
            "admin.diagnostics", **{name: one for name, one in values.items() if one not in ("", 1)}
        )

    def filter(self) -> failures.Filter:
        """Return what the ledger is asked for; a client that does not exist has no refusals."""
        client = clients.find(door.session(), self.client) if self.client else None
        return failures.Filter(
            client_id=(client.id if client else -1) if self.client else None,
            endpoints=ENDPOINTS[self.at][1] if self.at else (),
            search=self.q,
        )


@admin.get("/diagnostics", endpoint="diagnostics")
def refusal_list() -> ResponseReturnValue:
    """Show one page of refusals, the latest first; a reference leads to its own page."""
    wish = Wish.asked()
    named = failures.named(door.session(), wish.q) if wish.q else None
    is_live = request.headers.get("HX-Request") == "true"
    if named is not None and not is_live:
        return redirect(url_for("admin.refusal", reference=named.reference), 303)
    rows, paging = ([named], listing.Paging(1, 1)) if named is not None else _rows(wish.filter(), wish.page)
    if paging.is_beyond:
        return answers.go(wish.url(page=paging.pages))
    page = answers.show(
        "admin/diagnostics.html",
        wish=wish,
        paging=paging,
        entries=_entries(rows),
        endpoints=ENDPOINTS,
        is_reference=bool(failures.references_in(wish.q)),
        **limits(),
    )
    return *page, {"HX-Replace-Url": wish.url(page=wish.page)}


@admin.get("/clients/<key>/diagnostics")
def client_diagnostics(key: str) -> ResponseReturnValue:
    """Show what was refused to one client."""
    client = answers.get_client(key)
    rows, paging = _rows(failures.Filter(client_id=client.id), listing.asked_page())
    if paging.is_beyond:
        return answers.go(url_for("admin.client_diagnostics", key=key, page=paging.pages))
    return answers.show(
        "admin/client_diagnostics.html",
        **header(client, "diagnostics"),
        entries=[Entry(row, client) for row in rows],
        paging=paging,
        **limits(),
    )


@admin.get("/diagnostics/<reference>")
def refusal(reference: str) -> ResponseReturnValue:
    """Show one refusal: why, what was received, and what can be done about it."""
    session = door.session()
    failure = failures.named(session, reference)
    if failure is None:
        return answers.show("admin/refusal_unknown.html", 404, reference=reference[:40], **limits())
    if failure.reference != reference:
        return redirect(url_for("admin.refusal", reference=failure.reference), 303)
    client = failures.clients_of(session, [failure]).get(failure.client_id or 0)
    words = words_of(failure.cause)
    return answers.show(
        "admin/refusal.html",
        failure=failure,
        client=client,
        words=words,
        sides=comparison.compare(words.compare, failure.received, _expected(failure, client)),
        fix=remedies.fix_of(failure, client),
        back=url_for("admin.refusal", reference=failure.reference),
        **limits(),
    )


def get_with_client(reference: str) -> tuple[Failure, Client]:
    """Return a refusal and the client that it concerns; raises NotFound when either is gone."""
    failure = failures.get(door.session(), reference)
    client = failures.clients_of(door.session(), [failure]).get(failure.client_id or 0)
    if client is None:
        raise NotFound("There is no client to which this was refused.")
    return failure, client


def limits() -> dict[str, int]:
    """Return how long and how many refusals are kept, for the pages that say so."""
    return {"kept_days": diagnostics.KEPT.days, "kept_count": diagnostics.PER_CLIENT}


def _rows(wanted: failures.Filter, number: int) -> tuple[list[Failure], listing.Paging]:
    offset = (number - 1) * listing.SIZE
    rows, count = failures.page(door.session(), wanted, offset=offset, limit=listing.SIZE)
    return rows, listing.Paging(number, count)


def _entries(rows: list[Failure]) -> list[Entry]:
    known = failures.clients_of(door.session(), rows)
    return [Entry(row, known.get(row.client_id or 0)) for row in rows]


def _expected(failure: Failure, client: Client | None) -> str:
    if client is not None and words_of(failure.cause).remedy == Remedy.ADD_URI:
        # Fifty addresses are longer than what the ledger keeps of them.
        is_cut = failure.expected.endswith(redaction.HIDDEN)
        return "\n".join(client.redirect_uris) if is_cut else failure.expected
    return failure.expected
