"""What is particular to a client that speaks OAuth 1.0a, a *consumer*: kept in the client's details.

Whether it is trusted is a column of the client, as for every kind.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from authserver.domain.clients import redirect_uris
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.vocabulary import SignatureMethod

KEY = "oauth1"
OUT_OF_BAND = "oob"
MAY_VERIFY_REQUESTS = "may_verify_requests"
"""The detail of a client of any kind that lets it, a resource server, ask whether signed requests are valid."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """The options of one consumer.

    ``allows_1_0`` lets it speak OAuth Core 1.0, which has a known weakness (advisory 2009-1). ``allows_prefix`` makes
    each registered callback stand for every address below it. ``functional_user_id`` is who it acts for when it signs
    without a token. ``wants_trust`` is what an anonymous registration asked for; it has no effect.
    """

    signature_methods: tuple[str, ...] = tuple(SignatureMethod)
    allows_1_0: bool = False
    allows_prefix: bool = False
    functional_user_id: int | None = None
    public_key: str = ""
    wants_trust: bool = False

    def details(self) -> dict[str, Any]:
        """Return the options as the client's details keep them."""
        return {KEY: asdict(self) | {"signature_methods": [str(method) for method in self.signature_methods]}}


def options_of(details: Mapping[str, Any]) -> ConsumerOptions:
    """Return the options that a client's details hold; what is missing has its default.

    What a newer node has written and this one does not know is passed over, so that both can run side by side.
    """
    known = {field.name for field in fields(ConsumerOptions)}
    kept = {name: value for name, value in (details.get(KEY) or {}).items() if name in known}
    if "signature_methods" in kept:
        kept["signature_methods"] = tuple(kept["signature_methods"])
    return ConsumerOptions(**kept)


def validate_options(db: Session, consumer: ConsumerOptions) -> ConsumerOptions:
    """Return the options in normal form; raises InvalidInput naming every field that is wrong."""
    faults = {}
    methods = tuple(method for method in SignatureMethod if method in consumer.signature_methods)
    if not methods or len(methods) != len(set(consumer.signature_methods)):
        faults["signature_methods"] = "Choose at least one of the signature methods."
    if fault := _functional_user_fault(db, consumer.functional_user_id):
        faults["functional_user"] = fault
    if faults:
        raise InvalidInput(faults)
    return replace(consumer, signature_methods=methods)


def functional_user(db: Session, consumer: ConsumerOptions) -> User | None:
    """Return the user a consumer acts for without a token, while that user may serve so."""
    user = db.get(User, consumer.functional_user_id) if consumer.functional_user_id else None
    return user if user is not None and may_be_functional(user) else None


def may_be_functional(user: User) -> bool:
    """Return whether a user can serve as a functional user: in good standing and never an administrator."""
    return user.is_active and not user.may_configure_server


def callback_error(consumer: ConsumerOptions, registered: tuple[str, ...], callback: str) -> str:
    """Return why a consumer may not have people sent to the callback, or an empty text.

    A consumer without registered callbacks may name any that could be registered, because its signature covers it.
    """
    if callback == OUT_OF_BAND:
        return ""
    if not registered:
        finding = redirect_uris.find_issue(callback)
        return finding.sentence if finding is not None and finding.refused else ""
    return (
        ""
        if is_registered(consumer, registered, callback)
        else "The callback is not registered for this consumer."
    )


def is_registered(consumer: ConsumerOptions, registered: tuple[str, ...], callback: str) -> bool:
    """Return whether a callback is registered, exactly or, where the consumer has that rule, by its prefix."""
    if redirect_uris.is_registered(callback, registered):
        return True
    return consumer.allows_prefix and any(_is_below(callback, prefix) for prefix in registered)


def _is_below(callback: str, prefix: str) -> bool:
    finding = redirect_uris.find_issue(callback)
    if finding is not None and finding.refused:
        return False
    asked, known = urlsplit(callback), urlsplit(prefix)
    if "%2e" in asked.path.lower() or "%2f" in asked.path.lower() or "\\" in asked.path:
        return False
    # A prefix ends at a slash: https://a.example/app must not stand for https://a.example/application.
    directory = known.path if known.path.endswith("/") else f"{known.path}/"
    return asked[:2] == known[:2] and (asked.path == known.path or asked.path.startswith(directory))


def _functional_user_fault(db: Session, user_id: int | None) -> str:
    if user_id is None:
        return ""
    user = db.get(users.User, user_id)
    if user is None or not user.is_active:
        return "There is no active user of this name."
    return "" if may_be_functional(user) else "An administrator cannot be a functional user."
