"""The Overview page: the first-run checklist, counts, pending clients and recent activity."""

from typing import NamedTuple

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from authserver.domain import audit, user_sessions
from authserver.domain.clients import client_search, clients, self_registration
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.users import user_search
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus
from authserver.web import current, local_urls
from authserver.web.admin import audit_changes, responses
from authserver.web.admin.blueprint import admin

_MAX_PENDING = 5
_MAX_EVENTS = 6


class ChecklistStep(NamedTuple):
    """One line of the first-run checklist."""

    is_done: bool
    text: str
    link: str
    link_text: str


@admin.get("")
def overview() -> ResponseReturnValue:
    """Show the overview."""
    db = current.transaction()
    by_status = client_search.count_by(db, "status")
    waiting, _ = client_search.page_of_clients(
        db, ClientFilter(status=ClientStatus.PENDING), sort="created", limit=_MAX_PENDING
    )
    events, _ = audit.page_of_events(db, audit.EventFilter(), limit=_MAX_EVENTS)
    accounts, active_accounts = user_search.count(db)
    steps = _steps(db, by_status)
    return responses.render(
        "admin/overview.html",
        steps=[] if all(step.is_done for step in steps) else steps,
        by_status=by_status,
        clients_total=sum(by_status.values()),
        waiting=waiting,
        changing=self_registration.clients_with_pending_changes(db, limit=_MAX_PENDING),
        accounts=accounts,
        active_accounts=active_accounts,
        sessions=user_sessions.count_unexpired(db),
        entries=audit_changes.entries_of(db, events),
        back=local_urls.current_url(),
    )


def _steps(db: Session, by_status: dict[str, int]) -> list[ChecklistStep]:
    table = url_for("admin.client_table")
    settings = current.services().settings
    return [
        ChecklistStep(True, "The first administrator exists.", url_for("admin.user_table"), "Users"),
        ChecklistStep(settings.is_secure, _public_url_step(settings), "", ""),
        ChecklistStep(
            bool(by_status), "A client is registered.", url_for("admin.new_client"), "Create client"
        ),
        ChecklistStep(
            bool(by_status.get(ClientStatus.APPROVED)), "A client is approved.", table, "OAuth clients"
        ),
        ChecklistStep(
            clients.has_sign_in(db), "A user has signed in to an application.", table, "OAuth clients"
        ),
    ]


def _public_url_step(settings: Settings) -> str:
    if settings.is_secure:
        return f"Users reach this server at {settings.public_url}."
    return f"Other machines cannot reach {settings.public_url}. Set AUTHSERVER_PUBLIC_URL to an https URL."
