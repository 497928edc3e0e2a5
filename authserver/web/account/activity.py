"""Own activity: what the audit trail knows of a person, without what concerns others."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from authserver.domain import audit
from authserver.domain.audit import EVENTS, AuditEvent, Filter
from authserver.web import door
from authserver.web.account import account
from authserver.web.account.person import my_session
from authserver.web.languages import say, to_say

PAGE_SIZE = 25
_WORDS = EVENTS | {
    "session:start": to_say("You signed in."),
    "session:refuse": to_say("A sign-in with your user name was refused."),
    "session:end": to_say("A session of yours ended."),
    "authorization:grant": to_say("An application was let use your account."),
    "consent:withdraw": to_say("You removed an application's access."),
}
_LAST_PAGE = 4000


@account.get("/activity")
def activity() -> ResponseReturnValue:
    """Show one page of events, the latest first."""
    number = min(max(1, request.args.get("page", 1, type=int)), _LAST_PAGE)
    user_id = my_session().user_id
    events, count = audit.page(
        door.session(), Filter(user_id=user_id), offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
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
    return say("command line (%(name)s)", name=name) if event.channel == "command" else event.actor_name
