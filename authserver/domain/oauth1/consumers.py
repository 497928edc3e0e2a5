"""Consumers: the options of clients that use OAuth 1.0a. They are stored in the client's details.

Trust is not one of these options: the client's column ``is_trusted`` applies to clients of every kind.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from pydantic.dataclasses import dataclass
from sqlalchemy.orm import Session

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.redirect_uris import STRICT, UriRules
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.messages import message
from authserver.vocabulary import SignatureMethod

KEY = "oauth1"
OUT_OF_BAND = "oob"
ENCODED_TWICE = message("The callback is percent-encoded twice. The application must encode it once.")
MAY_VERIFY_REQUESTS = "may_verify_requests"
"""The metadata field that lets a resource server (a client of any kind) ask this server to verify signed requests."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """The options of one consumer, stored as the metadata field ``oauth1``."""

    signature_methods: tuple[str, ...] = Field(
        default=tuple(SignatureMethod), description="The signature methods that the consumer may use."
    )
    allows_1_0: bool = Field(
        default=False,
        description="Whether the consumer may use OAuth Core 1.0, which has a known weakness (advisory 2009-1).",
    )
    allows_prefix: bool = Field(
        default=False, description="Whether URLs below a registered callback are also accepted as callbacks."
    )
    functional_user_id: int | None = Field(
        default=None,
        description="The functional user: the user that the consumer acts for when it signs without a token.",
    )
    public_key: str = Field(default="", description="The public key for RSA signatures.")
    wants_trust: bool = Field(
        default=False,
        description="Whether the request for the consumer key asked for trust. Administrators see this; "
        "it has no effect.",
    )

    def details(self) -> dict[str, Any]:
        """Return the options in the form in which the client's details store them."""
        return {KEY: asdict(self) | {"signature_methods": [str(method) for method in self.signature_methods]}}


def options_of(details: Mapping[str, Any]) -> ConsumerOptions:
    """Return the options in a client's details. Missing options have their default values.

    Unknown options are ignored: they were stored by a node that runs a newer version.
    """
    known = {field.name for field in fields(ConsumerOptions)}
    kept = {name: value for name, value in (details.get(KEY) or {}).items() if name in known}
    if "signature_methods" in kept:
        kept["signature_methods"] = tuple(kept["signature_methods"])
    return ConsumerOptions(**kept)


def signs_with_key(details: Mapping[str, Any]) -> bool:
    """Return whether the consumer can sign its requests with an RSA key, without a secret."""
    options = options_of(details)
    return bool(options.public_key) and any(method.startswith("RSA-") for method in options.signature_methods)


def validate_options(db: Session, consumer: ConsumerOptions) -> ConsumerOptions:
    """Return the options in normal form; raises InvalidInput with a message for every invalid field."""
    errors = {}
    methods = tuple(method for method in SignatureMethod if method in consumer.signature_methods)
    if not methods or len(methods) != len(set(consumer.signature_methods)):
        errors["signature_methods"] = "Choose at least one of the signature methods."
    if error := _functional_user_error(db, consumer.functional_user_id):
        errors["functional_user"] = error
    if errors:
        raise InvalidInput(errors)
    return replace(consumer, signature_methods=methods)


def functional_user(db: Session, consumer: ConsumerOptions) -> User | None:
    """Return the functional user of a consumer, or None if there is none or the user no longer qualifies."""
    user = db.get(User, consumer.functional_user_id) if consumer.functional_user_id else None
    return user if user is not None and may_be_functional(user) else None


def may_be_functional(user: User) -> bool:
    """Return whether a user qualifies as a functional user: active and not an administrator."""
    return user.is_active and not user.may_configure_server


def callback_error(
    consumer: ConsumerOptions,
    registered: tuple[str, ...],
    callback: str,
    rules: UriRules = STRICT,
) -> str:
    """Return the reason why a consumer may not use a callback, or an empty string if it may.

    A consumer without registered callbacks may use any valid callback, because the signature covers the callback.
    """
    if callback == OUT_OF_BAND:
        return ""
    if not registered:
        issue = redirect_uris.find_issue(callback, rules)
        return issue.sentence if issue is not None and issue.is_rejected else ""
    if is_registered(consumer, registered, callback):
        return ""
    if redirect_uris.is_encoded_twice(callback, registered):
        return ENCODED_TWICE
    return "The callback is not registered for this consumer."


def is_registered(consumer: ConsumerOptions, registered: tuple[str, ...], callback: str) -> bool:
    """Return whether a callback is registered, or is below a registered one if the consumer allows this."""
    if redirect_uris.is_registered(callback, registered):
        return True
    return consumer.allows_prefix and any(_is_below(callback, prefix) for prefix in registered)


def _is_below(callback: str, prefix: str) -> bool:
    known = urlsplit(prefix)
    # Scheme and host are those of the registered URI, so that only the other rules apply.
    issue = redirect_uris.find_issue(callback, UriRules(True, (known.hostname or "",)))
    if issue is not None and issue.is_rejected:
        return False
    requested = urlsplit(callback)
    if "%2e" in requested.path.lower() or "%2f" in requested.path.lower() or "\\" in requested.path:
        return False
    # A prefix ends at a slash: https://a.example/app must not match https://a.example/application.
    directory = known.path if known.path.endswith("/") else f"{known.path}/"
    return requested[:2] == known[:2] and (
        requested.path == known.path or requested.path.startswith(directory)
    )


def _functional_user_error(db: Session, user_id: int | None) -> str:
    if user_id is None:
        return ""
    user = db.get(users.User, user_id)
    if user is None or not user.is_active:
        return "There is no active user with this name."
    return "" if may_be_functional(user) else "An administrator cannot be a functional user."
