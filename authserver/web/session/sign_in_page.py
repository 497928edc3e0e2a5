"""The sign-in page, rendered by the sign-in views and by ``access`` when a view requires a new sign-in."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from flask import render_template, url_for

Mode = Literal["first", "again", "switch"]
Step = Literal["password", "code"]

_TEMPLATES: dict[Step, str] = {"password": "sign_in.html", "code": "second_factor.html"}
ENDPOINTS: dict[Step, str] = {
    "password": "frontchannel.sign_in",
    "code": "frontchannel.second_factor",
}


@dataclass
class SignInPage:
    """The contents of the page.

    ``mode`` is ``first`` if no user is signed in, ``again`` if the current user must prove their identity (the user
    name is fixed), or ``switch`` if the user changes to another account. ``step`` is ``password``, or ``code`` for the
    code of the second factor. Three values are encrypted: ``context`` (of the authorization endpoint, see
    ``sign_in_context``), ``resume`` (a preserved form) and ``pending`` (the user whose password was correct, in the
    step ``code``). ``is_set_up`` is False if no account exists, so that nobody can sign in. ``asks_for_code`` is True after
    too many attempts: the step ``password`` then also offers a field for a code.
    """

    mode: Mode = "first"
    step: Step = "password"
    next: str = ""
    username: str = ""
    is_remembered: bool = False
    application: str = ""
    cancel_url: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    context: str = ""
    resume: str = ""
    pending: str = ""
    is_set_up: bool = True
    asks_for_code: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def render(self) -> str:
        """Return the HTML of the page."""
        action = url_for(ENDPOINTS[self.step])
        return render_template(
            _TEMPLATES[self.step], **asdict(self), action=action, switch_url=self._switch_url()
        )

    def _switch_url(self) -> str:
        if self.context:
            return url_for("frontchannel.sign_in", ask=self.context, switch=1)
        return url_for("frontchannel.sign_in", next=self.next or None, switch=1)
