"""The form of a client: converts between form fields, client metadata and the choice of a secret.

``domain.clients.metadata`` defines and validates the metadata.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from authserver.domain.clients import client_secrets, redirect_uris, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.default_scopes import default_scopes
from authserver.domain.clients.metadata import (
    BACKCHANNEL_LOGOUT_URI,
    FIELDS,
    FRONTCHANNEL_LOGOUT_URI,
    POST_LOGOUT_REDIRECT_URIS,
    ClientMetadata,
    fields_of,
)
from authserver.domain.clients.metadata_types import Section
from authserver.domain.clients.redirect_uris import RedirectUriIssue, UriRules
from authserver.domain.clients.response_types import possible_response_types
from authserver.errors import InvalidInput
from authserver.vocabulary import AuthMethod, ClientKind
from authserver.web import current

PUBLIC = "none"
GENERATE = "generate"
KEEP = "keep"
TYPED = "typed"
_LOGOUT = fields_of(Section.LOGOUT)
_WITH_SCOPES = (ClientKind.OAUTH2, ClientKind.OIDC)
_GRANT_TYPES = FIELDS["grant_types"].default
_SHOWN_FIELDS = frozenset({
    "kind", "name", "redirect_uris", "secret", "secret_again", "overlap", "grant_types", "response_types", "scopes",
    "auth_method", "pkce_required", "trusted", "remember_consent_on_loopback", *_LOGOUT,
})  # fmt: skip
"""The fields with an element of the same id on the form, to which an error can link."""

_AUTH_METHOD: str = FIELDS["auth_method"].default


@dataclass(frozen=True)
class ClientForm:
    """The values that the form shows.

    Response types and scopes are kept for each kind of client, because the choices depend on the kind. ``focus`` names
    the field that a suggestion is about, and ``suggestion`` explains the suggestion.
    """

    kind: str = ClientKind.OIDC
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    secret_choice: str = GENERATE
    auth_method: str = _AUTH_METHOD
    grant_types: tuple[str, ...] = _GRANT_TYPES
    response_types: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict.fromkeys(_WITH_SCOPES, FIELDS["response_types"].default)
    )
    scopes: Mapping[str, str] = field(
        default_factory=lambda: {kind: _default_scope(kind, _GRANT_TYPES) for kind in _WITH_SCOPES}
    )
    is_pkce_required: bool = FIELDS["is_pkce_required"].default
    is_trusted: bool = FIELDS["is_trusted"].default
    remembers_on_loopback: bool = False
    logout: Mapping[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    secret_again: str = field(default="", repr=False)
    focus: str = ""
    suggestion: str = ""

    @classmethod
    def from_form(
        cls, form: MultiDict[str, str], kind: str = "", *, secret_choice: str = GENERATE
    ) -> "ClientForm":
        """Parse the submitted form. For an existing client, pass its kind: the form does not contain it.

        ``secret_choice`` is the choice if the form contains none.
        """
        return cls(
            kind=kind or form.get("kind", ""),
            name=form.get("name", ""),
            redirect_uris=tuple(_lines(form.get("redirect_uris", ""))),
            secret_choice=form.get("secret_choice", secret_choice),
            auth_method=form.get("auth_method", _AUTH_METHOD),
            grant_types=tuple(form.getlist("grant_types")),
            response_types={kind: tuple(form.getlist(f"{kind}_response_types")) for kind in _WITH_SCOPES},
            scopes=_existing_scopes(form) if kind else _new_scopes(form),
            is_pkce_required="pkce_required" in form,
            is_trusted="trusted" in form,
            remembers_on_loopback="remember_consent_on_loopback" in form,
            logout=_logout(form),
            secret=form.get("secret", ""),
            secret_again=form.get("secret_again", ""),
        )

    @classmethod
    def from_client(cls, client: Client) -> "ClientForm":
        """Return the form of an existing client."""
        blank = cls()
        return cls(
            kind=client.kind,
            name=client.name,
            redirect_uris=tuple(client.redirect_uris),
            secret_choice=PUBLIC if client.auth_method == AuthMethod.NONE else KEEP,
            auth_method=client.auth_method if client.auth_method != AuthMethod.NONE else _AUTH_METHOD,
            grant_types=tuple(client.grant_types),
            response_types={**blank.response_types, client.kind: tuple(client.response_types)},
            scopes={**blank.scopes, client.kind: " ".join(client.scopes)},
            is_pkce_required=client.is_pkce_required,
            is_trusted=client.is_trusted,
            remembers_on_loopback=bool(client.details.get("remember_consent_on_loopback")),
            logout={name: client.details[name] for name in _LOGOUT if name in client.details},
        )

    @property
    def has_new_secret(self) -> bool:
        """Whether the client gets a new secret."""
        return self.secret_choice in {GENERATE, TYPED}

    @property
    def is_public(self) -> bool:
        """Whether the application cannot keep a secret."""
        return self.kind != ClientKind.OAUTH1 and self.secret_choice == PUBLIC

    def values(self) -> dict[str, Any]:
        """Return the metadata fields of the form, not validated; None clears a field."""
        logout = self.logout if self.kind in _WITH_SCOPES else {}
        return {
            "kind": self.kind,
            "name": self.name,
            "redirect_uris": self.redirect_uris,
            "grant_types": self.grant_types,
            # The form preselects "code", also for clients that do not use the authorization code grant.
            "response_types": possible_response_types(
                self.response_types.get(self.kind, ()), self.grant_types
            ),
            "scopes": tuple(self.scopes.get(self.kind, "").split()),
            "auth_method": AuthMethod.NONE if self.is_public else self.auth_method,
            "is_pkce_required": self.is_pkce_required,
            "is_trusted": self.is_trusted,
            "remember_consent_on_loopback": self.remembers_on_loopback or None,
            **{name: value or None for name, value in logout.items()},
        }

    def validated(self) -> ClientMetadata:
        """Return the metadata of a new client; raises InvalidInput."""
        return registrations.validate(self.values(), uri_rules=uri_rules())

    def validation_errors(self) -> dict[str, str]:
        """Return the errors of a new client by field, including those of the secret."""
        return _errors_of(self.validated, self.check_secret)

    def validated_change(self, client: Client) -> ClientMetadata:
        """Return the changed metadata of a client; raises InvalidInput, also for errors of the secret."""

        def validate() -> ClientMetadata:
            return registrations.validate_change(client, self.values(), uri_rules())

        if errors := _errors_of(validate, self.check_secret):
            raise InvalidInput(errors)
        return validate()

    def check_secret(self) -> None:
        """Raise InvalidInput if a typed secret is not acceptable or its repetition differs."""
        if self.secret_choice != TYPED:
            return
        client_secrets.check_entered(self.secret)
        if self.secret != self.secret_again:
            raise InvalidInput({"secret_again": "The two secrets differ. Type the same secret again."})

    def findings(self) -> list[tuple[str, RedirectUriIssue]]:
        """Return each redirect URI that has an issue, with the issue. Warnings are issues too."""
        return uri_findings(self.redirect_uris)

    def with_fix(self, uri: str) -> "ClientForm":
        """Return the form with a redirect URI replaced by its suggested fix."""
        fixed = {bad: issue.fix for bad, issue in self.findings() if issue.fix and bad == uri}
        uris = tuple(dict.fromkeys(fixed.get(one, one) for one in self.redirect_uris))
        return ClientForm(**{**self.__dict__, "redirect_uris": uris})


def shown_errors(errors: dict[str, str]) -> dict[str, str]:
    """Return the errors by field. The errors of fields that are edited elsewhere belong to the whole form."""
    others = [text for name, text in errors.items() if name not in _SHOWN_FIELDS]
    shown = {name: text for name, text in errors.items() if name in _SHOWN_FIELDS}
    return ({"": " ".join(others)} if others else {}) | shown


def uri_rules() -> UriRules:
    """Return the rules for redirect URIs that an administrator registers in the console."""
    return redirect_uris.rules_for_administrators(current.services().settings)


def uri_findings(uris: Iterable[str]) -> list[tuple[str, RedirectUriIssue]]:
    """Return each redirect URI that has an issue, with the issue. Warnings are issues too."""
    rules = uri_rules()
    return [(uri, found) for uri in dict.fromkeys(uris) if (found := redirect_uris.find_issue(uri, rules))]


def _errors_of(*checks: Callable[[], object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except InvalidInput as error:
            found |= error.fields
    return found


def _existing_scopes(form: MultiDict[str, str]) -> dict[str, str]:
    return {kind: form.get(f"{kind}_scopes", "") for kind in _WITH_SCOPES}


def _new_scopes(form: MultiDict[str, str]) -> dict[str, str]:
    """Parse the scopes of a new client. The default, if it was not changed, follows the selected grant types."""
    grant_types = form.getlist("grant_types")
    return {
        kind: _default_scope(kind, grant_types) if text == _default_scope(kind, _GRANT_TYPES) else text
        for kind, text in _existing_scopes(form).items()
    }


def _default_scope(kind: str, grant_types: Iterable[str]) -> str:
    return " ".join(default_scopes(kind, grant_types))


def _logout(form: MultiDict[str, str]) -> dict[str, Any]:
    """Parse the logout fields; a field that was not submitted stays unchanged."""
    shown = (BACKCHANNEL_LOGOUT_URI, FRONTCHANNEL_LOGOUT_URI, POST_LOGOUT_REDIRECT_URIS)
    found: dict[str, Any] = {name: form[name].strip() for name in shown if name in form}
    if POST_LOGOUT_REDIRECT_URIS in found:
        found[POST_LOGOUT_REDIRECT_URIS] = _lines(form[POST_LOGOUT_REDIRECT_URIS])
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
