"""The first page of the console: what is left to do after the installation, what waits, and how much there is."""

from typing import NamedTuple

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from authserver.domain import audit, client_lists, client_registrations, clients, sessions, users
from authserver.settings import Settings
from authserver.terms import Status
from authserver.web import destinations, door
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin
from authserver.web.admin.changes import Entry

_PENDING_SHOWN = 5
_EVENTS_SHOWN = 6


class Step(NamedTuple):
    """One line of the first-run checklist."""

    is_done: bool
    words: str
    link: str
    link_words: str


@admin.get("")
def overview() -> ResponseReturnValue:
    """Show the state of the server in a few true numbers."""
    session = door.session()
    by_status = client_lists.count_by(session, "status")
    waiting, _ = client_lists.page(session, status=Status.PENDING, sort="created", limit=_PENDING_SHOWN)
    events, _ = audit.page(session, audit.Filter(), limit=_EVENTS_SHOWN)
    accounts, opened = users.count(session)
    steps = _steps(session, by_status)
    return answers.show(
        "admin/overview.html",
        steps=[] if all(step.is_done for step in steps) else steps,
        by_status=by_status,
        clients_total=sum(by_status.values()),
        waiting=waiting,
        changing=client_registrations.changing(session, limit=_PENDING_SHOWN),
        accounts=accounts,
        opened=opened,
        sessions=sessions.count_live(session),
        entries=[Entry(event) for event in events],
        back=destinations.here(),
    )


def _steps(session: Session, by_status: dict[str, int]) -> list[Step]:
    table = url_for("admin.client_table")
    settings = door.services().settings
    return [
        Step(True, "The first administrator exists.", url_for("admin.user_table"), "Users"),
        Step(settings.is_secure, _reached(settings), "", ""),
        Step(bool(by_status), "A client is registered.", url_for("admin.new_client"), "Create client"),
        Step(bool(by_status.get(Status.APPROVED)), "A client is approved.", table, "OAuth clients"),
        Step(
            clients.has_sign_in(session), "Somebody has signed in to an application.", table, "OAuth clients"
        ),
    ]


def _reached(settings: Settings) -> str:
    if settings.is_secure:
        return f"People reach this server at {settings.public_url}."
    return f"Set a public address that begins with https; {settings.public_url} reaches this machine only."
