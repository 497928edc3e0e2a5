"""Validates authorization requests (RFC 5849, section 2.2), and records whether the user allows or denies them.

OAuth Core 1.0 has a session fixation weakness (advisory 2009-1): the callback is not signed and there is no verifier,
so an attacker can make a victim complete the attacker's sign-in. Requests of OAuth Core 1.0 therefore always need
consent and return to registered callbacks only.
"""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import access_state, opaque_tokens, typed_codes
from authserver.domain.authorizations import authorizations, consents
from authserver.domain.authorizations.authorizations import NewAuthorization
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.oauth1 import consumers, temporary_credentials
from authserver.domain.oauth1.consumers import OUT_OF_BAND, ConsumerOptions
from authserver.domain.oauth1.temporary_credentials import TemporaryCredential
from authserver.domain.user_sessions import UserSession
from authserver.errors import Conflict
from authserver.messages import message
from authserver.protocol import access
from authserver.protocol.access import ClientNotApproved, UserNotAllowed
from authserver.protocol.oauth1.encoding import Pair, encode_form
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.vocabulary import OAUTH1_GRANT

_TYPED_VERIFIER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class TokenApproval:
    """A valid request that a user can allow. ``callback`` is a URL, oob, or empty."""

    credential: TemporaryCredential = field(repr=False)
    client: RegisteredClient = field(repr=False)
    token: str = field(repr=False)
    callback: str

    @property
    def is_1_0(self) -> bool:
        """Whether the consumer uses OAuth Core 1.0, so that the user must be warned."""
        return self.credential.is_1_0

    @property
    def has_callback_url(self) -> bool:
        """Whether the browser can be redirected to the consumer."""
        return self.callback not in {"", OUT_OF_BAND}


@dataclass(frozen=True, slots=True)
class ApprovalOutcome:
    """The result of a decision: a ``location`` to redirect to, or a page that shows the ``verifier``, if any."""

    location: str = ""
    verifier: str = ""


def find_approval(
    server: OAuth1Server, db: Session, token: str, callback: str, *, is_decided: bool = False
) -> TokenApproval:
    """Return the request that belongs to a token; raises OAuth1Error or ClientNotApproved, both shown on a page.

    ``callback`` is the oauth_callback of the authorization URL, which only OAuth Core 1.0 uses. Set ``is_decided`` to
    find a request that the user has already allowed, for ``reissue_verifier``.
    """
    credential = temporary_credentials.find(db, token)
    client = db.get(Client, credential.client_id) if credential else None
    if credential is None or client is None:
        advice = message("The application sent a token that this server does not know.")
        raise OAuth1Error(ProblemCode.TOKEN_REJECTED, advice)
    registered = server.client_cache.of(db, client)
    denial = access.check_access(access_state.state_of_client(client.status, client.epoch))
    if denial is not None:
        raise ClientNotApproved(registered, denial)
    can_continue = credential.authorization_id is not None if is_decided else credential.is_open
    if not can_continue or credential.client_epoch != client.epoch:
        advice = message("This sign-in is already complete or has expired.")
        raise OAuth1Error(ProblemCode.TOKEN_USED, advice, client_id=client.id)
    rules = redirect_uris.rules_for_clients(server.settings)
    return TokenApproval(credential, registered, token, _callback(credential, registered, callback, rules))


def needs_consent(db: Session, approval: TokenApproval, user_session: UserSession) -> bool:
    """Return whether the user must consent; raises UserNotAllowed. Requests of OAuth Core 1.0 always need consent."""
    check_user(approval, user_session)
    if approval.is_1_0:
        return True
    consent = consents.find_covering(db, user_session.user_id, approval.client.id)
    return not approval.client.is_trusted and consent is None


def check_user(approval: TokenApproval, user_session: UserSession) -> None:
    """Raise UserNotAllowed if the groups of the user do not permit the use of the consumer."""
    if not access.may_use(approval.client, user_session.user):
        raise UserNotAllowed(approval.client, user_session.user)


def allow(db: Session, actor: Actor, approval: TokenApproval, user_session: UserSession) -> ApprovalOutcome:
    """Bind the temporary credentials to the user who allowed the request.

    Raises UserNotAllowed, or Conflict if the user had already decided, or if the consumer or the user changed.
    """
    check_user(approval, user_session)
    temporary_credentials.lock(db, approval.credential)
    client_epoch = access_state.record_sign_in(db, approval.client, user_session)
    if client_epoch is None:
        # The client or the user changed a moment ago; reloading the page repeats the access check.
        raise Conflict(message("The application or your account changed during this sign-in."))
    authorization = authorizations.add(
        db,
        actor,
        NewAuthorization(
            client_id=approval.client.id,
            client_epoch=client_epoch,
            client_name=approval.client.name,
            grant_type=OAUTH1_GRANT,
            scope="",
            user=access_state.authentication_of(user_session),
        ),
    )
    verifier = _new_verifier(approval)
    if not temporary_credentials.allow(db, approval.credential, authorization.id, verifier):
        raise Conflict(message("This sign-in was already completed in another tab."))
    return _outcome(approval, verifier)


def reissue_verifier(db: Session, approval: TokenApproval) -> ApprovalOutcome:
    """Return the outcome of an earlier approval, with a new verifier because only a digest of the first is stored.

    If the consumer has already used the first verifier, the outcome is a page without one.
    """
    verifier = _new_verifier(approval)
    is_waiting = temporary_credentials.reissue_verifier(db, approval.credential, verifier)
    return _outcome(approval, verifier) if is_waiting else ApprovalOutcome()


def deny(db: Session, approval: TokenApproval) -> ApprovalOutcome:
    """Record that the user denied access, and return to the consumer if it has a callback URL."""
    temporary_credentials.deny(db, approval.credential)
    if not approval.has_callback_url:
        return ApprovalOutcome()
    return ApprovalOutcome(
        _location(approval, ("oauth_token", approval.token), ("oauth_problem", ProblemCode.USER_REFUSED))
    )


def _callback(
    credential: TemporaryCredential, client: RegisteredClient, requested: str, rules: UriRules
) -> str:
    consumer = consumers.options_of(client.details)
    if credential.is_1_0:
        return _callback_of_1_0(consumer, client, requested)
    # Check again, because an administrator may have changed the registration since the token was requested.
    if error := consumers.callback_error(consumer, client.redirect_uris, credential.callback, rules):
        raise _not_registered(error, client, credential.callback)
    return credential.callback


def _callback_of_1_0(consumer: ConsumerOptions, client: RegisteredClient, requested: str) -> str:
    if not consumer.allows_1_0:
        advice = message("This consumer may not use OAuth Core 1.0.")
        raise OAuth1Error(ProblemCode.VERSION_REJECTED, advice, client_id=client.id)
    if requested == OUT_OF_BAND:
        return ""
    if not requested:
        return client.redirect_uris[0] if len(client.redirect_uris) == 1 else ""
    if not consumers.is_registered(consumer, client.redirect_uris, requested):
        if redirect_uris.is_encoded_twice(requested, client.redirect_uris):
            raise _not_registered(consumers.ENCODED_TWICE, client, requested)
        raise _not_registered(message("The callback is not registered for this consumer."), client, requested)
    return requested


def _not_registered(advice: str, client: RegisteredClient, callback: str) -> OAuth1Error:
    return OAuth1Error(
        ProblemCode.PARAMETER_REJECTED,
        advice,
        received=callback,
        expected="\n".join(client.redirect_uris),
        client_id=client.id,
    )


def _new_verifier(approval: TokenApproval) -> str:
    if approval.callback != OUT_OF_BAND:
        return opaque_tokens.new_secret()
    return typed_codes.generate_code(_TYPED_VERIFIER_LENGTH)


def _outcome(approval: TokenApproval, verifier: str) -> ApprovalOutcome:
    if approval.callback == OUT_OF_BAND:
        return ApprovalOutcome(verifier=typed_codes.format_code(verifier))
    if not approval.has_callback_url:
        return ApprovalOutcome()
    pairs = [("oauth_token", approval.token)] + ([] if approval.is_1_0 else [("oauth_verifier", verifier)])
    return ApprovalOutcome(_location(approval, *pairs))


def _location(approval: TokenApproval, *pairs: Pair) -> str:
    return f"{approval.callback}{'&' if '?' in approval.callback else '?'}{encode_form(list(pairs))}"
