"""The form of a client: from what was sent to a Registration and a query about its secret, and back onto the page.

Which values are right is decided in ``domain.registrations``; here is only what people type, line by line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from authserver.domain.clients import client_secrets, logout_uris, redirect_uris, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.redirect_uris import RedirectUriIssue
from authserver.domain.clients.registrations import Registration
from authserver.errors import InvalidInput
from authserver.vocabulary import AuthMethod, ClientKind, GrantType

PUBLIC = "none"
GENERATE = "generate"
TYPED = "typed"
_WITH_SCOPES = (ClientKind.OAUTH2, ClientKind.OIDC)


@dataclass(frozen=True)
class ClientForm:
    """What the form shows; response types and scopes are kept per kind, since changing the kind changes the choice.

    ``focus`` names the field that a refusal is about, and ``suggestion`` says so.
    """

    kind: str = ClientKind.OIDC
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    secret_choice: str = GENERATE
    auth_method: str = AuthMethod.BASIC
    grant_types: tuple[str, ...] = (GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN)
    response_types: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict.fromkeys(_WITH_SCOPES, ("code",))
    )
    scopes: Mapping[str, str] = field(
        default_factory=lambda: {kind: " ".join(registrations.DEFAULT_SCOPES[kind]) for kind in _WITH_SCOPES}
    )
    is_pkce_required: bool = True
    is_trusted: bool = False
    logout: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    secret_again: str = field(default="", repr=False)
    focus: str = ""
    suggestion: str = ""

    @classmethod
    def sent(cls, form: MultiDict[str, str], kind: str = "") -> "ClientForm":
        """Read the form; ``kind`` wins where a client exists already."""
        return cls(
            kind=kind or form.get("kind", ""),
            name=form.get("name", ""),
            redirect_uris=tuple(_lines(form.get("redirect_uris", ""))),
            secret_choice=form.get("secret_choice", GENERATE),
            auth_method=form.get("auth_method", AuthMethod.BASIC),
            grant_types=tuple(form.getlist("grant_types")),
            response_types={kind: tuple(form.getlist(f"{kind}_response_types")) for kind in _WITH_SCOPES},
            scopes={kind: form.get(f"{kind}_scopes", "") for kind in _WITH_SCOPES},
            is_pkce_required="pkce_required" in form,
            is_trusted="trusted" in form,
            logout=_logout(form),
            secret=form.get("secret", ""),
            secret_again=form.get("secret_again", ""),
        )

    @classmethod
    def of(cls, client: Client) -> "ClientForm":
        """Return the form that shows a client as it is."""
        blank = cls()
        return cls(
            kind=client.kind,
            name=client.name,
            redirect_uris=tuple(client.redirect_uris),
            secret_choice=PUBLIC if client.auth_method == AuthMethod.NONE else GENERATE,
            auth_method=client.auth_method if client.auth_method != AuthMethod.NONE else AuthMethod.BASIC,
            grant_types=tuple(client.grant_types),
            response_types={**blank.response_types, client.kind: tuple(client.response_types)},
            scopes={**blank.scopes, client.kind: " ".join(client.scopes)},
            is_pkce_required=client.is_pkce_required,
            is_trusted=client.is_trusted,
            logout={name: client.details[name] for name in logout_uris.NAMES if name in client.details},
        )

    @property
    def is_public(self) -> bool:
        """Whether the application cannot keep a secret."""
        return self.kind != ClientKind.OAUTH1 and self.secret_choice == PUBLIC

    def registration(self, details: Mapping[str, Any] | None = None) -> Registration:
        """Return what is asked for; ``details`` are kept from the client that is edited."""
        return Registration(
            kind=self.kind,
            name=self.name,
            redirect_uris=self.redirect_uris,
            grant_types=self.grant_types,
            response_types=self.response_types.get(self.kind, ()),
            scopes=tuple(self.scopes.get(self.kind, "").split()),
            auth_method=AuthMethod.NONE if self.is_public else self.auth_method,
            is_pkce_required=self.is_pkce_required,
            is_trusted=self.is_trusted,
            details=self._details(details or {}),
        )

    def _details(self, before: Mapping[str, Any]) -> dict[str, Any]:
        details = {**before, **(self.logout if self.kind in _WITH_SCOPES else {})}
        return {name: value for name, value in details.items() if value or name not in logout_uris.NAMES}

    def faults(self) -> dict[str, str]:
        """Return what is wrong with a new client, field by field, secret included."""
        found: dict[str, str] = {}
        for check in (lambda: registrations.validate(self.registration()), self.check_secret):
            try:
                check()
            except InvalidInput as error:
                found |= error.fields
        return found

    def check_secret(self) -> None:
        """Raise InvalidInput when a typed secret cannot be taken or its repetition differs."""
        if self.secret_choice != TYPED:
            return
        client_secrets.check_typed(self.secret)
        if self.secret != self.secret_again:
            raise InvalidInput({"secret_again": "The two secrets differ. Type the same one again."})

    def findings(self) -> list[tuple[str, RedirectUriIssue]]:
        """Return what there is to say about each redirect URI, warnings included."""
        return [(uri, found) for uri in self.redirect_uris if (found := redirect_uris.find_issue(uri))]

    def with_fix(self, uri: str) -> "ClientForm":
        """Return the form with the better value that was offered for one of its redirect URIs."""
        fixed = {bad: finding.fix for bad, finding in self.findings() if finding.fix and bad == uri}
        uris = tuple(dict.fromkeys(fixed.get(one, one) for one in self.redirect_uris))
        return ClientForm(**{**self.__dict__, "redirect_uris": uris})


def _logout(form: MultiDict[str, str]) -> dict[str, Any]:
    """Read where people return to after signing out, and where it is told; a field that was not sent stays as it was."""
    found: dict[str, Any] = {}
    if logout_uris.POST_LOGOUT in form:
        found[logout_uris.POST_LOGOUT] = _lines(form[logout_uris.POST_LOGOUT])
    for name in (logout_uris.BACK_CHANNEL, logout_uris.FRONT_CHANNEL):
        if name in form:
            found[name] = form[name].strip()
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
