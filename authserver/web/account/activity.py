"""The activity page: audit events of the user's own account."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import audit
from authserver.domain.audit import EVENTS, AuditEvent, Event, EventFilter
from authserver.messages import message
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session

PAGE_SIZE = 25
_EVENT_TEXTS = EVENTS | {
    Event.SESSION_START: message("You signed in."),
    Event.SESSION_REFUSE: message("A sign-in with your user name failed."),
    Event.SESSION_END: message("One of your sessions ended."),
    Event.AUTHORIZATION_GRANT: message("An application was allowed to use your account."),
    Event.CONSENT_WITHDRAW: message("You removed an application's access."),
}
_LAST_PAGE = 4000


@account.get("/activity")
def activity() -> ResponseReturnValue:
    """Show one page of events, newest first. A page after the last one redirects to the last."""
    number = min(max(1, request.args.get("page", 1, type=int)), _LAST_PAGE)
    user_id = own_session().user_id
    events, count = audit.page_of_events(
        current.transaction(), EventFilter(user_id=user_id), offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
    )
    pages = max(1, -(-count // PAGE_SIZE))
    if number > pages:
        return redirect(url_for("account.activity", page=pages), 303)
    return render_template(
        "account/activity.html",
        events=events,
        event_texts=_EVENT_TEXTS,
        actor_name=_actor_name,
        user_id=user_id,
        page=number,
        pages=pages,
    )


def _actor_name(event: AuditEvent) -> str:
    """Return the actor's name. For the command line, it contains the name of the operating system user."""
    name = event.actor_name.removeprefix("command line (").removesuffix(")")
    return gettext("command line (%(name)s)", name=name) if event.channel == "command" else event.actor_name
