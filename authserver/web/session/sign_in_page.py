"""The sign-in page: what it needs to know, for the view that owns it and for the guard that asks to sign in again."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from flask import render_template, url_for

Mode = Literal["first", "again", "switch"]
SecondFactorPage = Literal["password", "code"]

_TEMPLATES: dict[SecondFactorPage, str] = {"password": "sign_in.html", "code": "second_factor.html"}
ENDPOINTS: dict[SecondFactorPage, str] = {
    "password": "frontchannel.sign_in",
    "code": "frontchannel.second_factor",
}


@dataclass
class SignInPage:
    """One showing of the page.

    ``first``: nobody is signed in. ``again``: the person must prove once more who they are, so the name is fixed.
    ``switch``: somebody is signed in, but another account is wanted. ``ask`` is what the authorization endpoint handed
    over, signed; ``resume`` a form that waits for the sign-in, sealed. ``half`` is what is asked for: the password, or
    the code of the second factor, for which ``proof`` says, sealed, whose password was right.
    """

    mode: Mode = "first"
    half: SecondFactorPage = "password"
    next: str = ""
    username: str = ""
    is_remembered: bool = False
    application: str = ""
    cancel_url: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    ask: str = ""
    resume: str = ""
    proof: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def render(self) -> str:
        """Return the page."""
        action = url_for(ENDPOINTS[self.half])
        return render_template(
            _TEMPLATES[self.half], **asdict(self), action=action, switch_url=self._switch_url()
        )

    def _switch_url(self) -> str:
        if self.ask:
            return url_for("frontchannel.sign_in", ask=self.ask, switch=1)
        return url_for("frontchannel.sign_in", next=self.next or None, switch=1)
