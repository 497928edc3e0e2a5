"""Own activity: what the audit trail knows of a person, without what concerns others."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from authserver.domain import audit
from authserver.domain.audit import EVENTS, AuditEvent, Event, EventFilter
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session
from authserver.web.rendering.languages import gettext, gettext_noop

PAGE_SIZE = 25
_WORDS = EVENTS | {
    Event.SESSION_START: gettext_noop("You signed in."),
    Event.SESSION_REFUSE: gettext_noop("A sign-in with your user name was refused."),
    Event.SESSION_END: gettext_noop("A session of yours ended."),
    Event.AUTHORIZATION_GRANT: gettext_noop("An application was let use your account."),
    Event.CONSENT_WITHDRAW: gettext_noop("You removed an application's access."),
}
_LAST_PAGE = 4000


@account.get("/activity")
def activity() -> ResponseReturnValue:
    """Show one page of events, the latest first."""
    number = min(max(1, request.args.get("page", 1, type=int)), _LAST_PAGE)
    user_id = own_session().user_id
    events, count = audit.page_of_events(
        current.transaction(), EventFilter(user_id=user_id), offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
    )
    return render_template(
        "account/activity.html",
        events=events,
        words=_WORDS,
        doer=_doer,
        user_id=user_id,
        page=number,
        pages=max(1, -(-count // PAGE_SIZE)),
    )


def _doer(event: AuditEvent) -> str:
    """Return who did it; on the command line nobody is signed in, and the operating system's name is told."""
    name = event.actor_name.removeprefix("command line (").removesuffix(")")
    return gettext("command line (%(name)s)", name=name) if event.channel == "command" else event.actor_name
