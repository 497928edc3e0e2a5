"""The authorization endpoint's decisions (RFC 5849, section 2.2): is the request one to decide on, ask, approve, refuse.

OAuth Core 1.0 is weak here: the address to return to comes unsigned and no verifier ties the two ends together, so that
a victim can be made to finish an attacker's sign-in (advisory 2009-1). Such a request is never answered silently, and
returns to registered addresses only.
"""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import typed_codes
from authserver.domain.authorizations import access_state, authorizations, consents
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1 import consumers, temporary_credentials
from authserver.domain.oauth1.consumers import OUT_OF_BAND, ConsumerOptions
from authserver.domain.oauth1.temporary_credentials import TemporaryCredential
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.tokens import opaque_tokens
from authserver.errors import Conflict
from authserver.messages import message
from authserver.protocol import access
from authserver.protocol.access import ClientNotApproved
from authserver.protocol.oauth1.encoding import Pair, encode_form
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.vocabulary import OAUTH1_GRANT

_TYPED_VERIFIER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class TokenApproval:
    """A request that a person can decide on; ``callback`` is an address, oob, or empty where there is none."""

    credential: TemporaryCredential = field(repr=False)
    client: RegisteredClient = field(repr=False)
    token: str = field(repr=False)
    callback: str

    @property
    def is_1_0(self) -> bool:
        """Whether the consumer speaks OAuth Core 1.0, so that the person must be warned."""
        return self.credential.is_1_0

    @property
    def has_address(self) -> bool:
        """Whether there is somewhere to send the browser afterwards."""
        return self.callback not in {"", OUT_OF_BAND}


@dataclass(frozen=True, slots=True)
class ApprovalOutcome:
    """What the browser gets: a ``location`` to go to, or a page, with the ``verifier`` to type where there is one."""

    location: str = ""
    verifier: str = ""


def find_approval(
    server: OAuth1Server, db: Session, token: str, callback: str, *, is_decided: bool = False
) -> TokenApproval:
    """Return the request that a token stands for; raises Problem or NotApproved, both for a page.

    ``callback`` is what the address of the page named: only OAuth Core 1.0 sends it here. ``is_decided`` reads one that
    was approved already, for ``approve_again``.
    """
    credential = temporary_credentials.find(db, token)
    client = db.get(Client, credential.client_id) if credential else None
    if credential is None or client is None:
        raise Problem(Reason.TOKEN_REJECTED, message("This sign-in is unknown."))
    policy = server.client_cache.of(db, client)
    denial = access.check_access(access_state.state_of_client(client.status, client.epoch))
    if denial is not None:
        raise ClientNotApproved(policy, denial)
    can_go_on = credential.authorization_id is not None if is_decided else credential.is_open
    if not can_go_on or credential.client_epoch != client.epoch:
        raise Problem(Reason.TOKEN_USED, message("This sign-in is already finished or has expired.")).about(
            client.id
        )
    return TokenApproval(credential, policy, token, _callback(credential, policy, callback))


def needs_consent(db: Session, ask: TokenApproval, live: UserSession) -> bool:
    """Return whether the person must be asked; those of OAuth Core 1.0 always are."""
    if ask.is_1_0:
        return True
    return not ask.client.is_trusted and consents.find(db, live.user_id, ask.client.id) is None


def approve(db: Session, actor: Actor, ask: TokenApproval, live: UserSession) -> ApprovalOutcome:
    """Bind the credential to the person, once; raises Conflict when it was decided, or the consumer changed, meanwhile."""
    client_epoch = access_state.record_sign_in(db, ask.client, live)
    if client_epoch is None:
        # Changed in this very moment; whoever loads the page again passes the gate anew.
        raise Conflict("What you worked on was changed in the meantime.")
    authorization = authorizations.add(
        db,
        actor,
        client_id=ask.client.id,
        client_epoch=client_epoch,
        client_name=ask.client.name,
        grant_type=OAUTH1_GRANT,
        scope="",
        user_id=live.user_id,
        user_epoch=live.user_epoch,
        session_id=live.id,
        auth_time=live.signed_in_at,
        acr=live.acr,
        amr=live.amr,
        sid=live.sid,
    )
    verifier = _new_verifier(ask)
    if not temporary_credentials.approve(db, ask.credential, authorization.id, verifier):
        raise Conflict(message("This sign-in was finished in another tab."))
    return _outcome(ask, verifier)


def reissue_verifier(db: Session, ask: TokenApproval) -> ApprovalOutcome:
    """Return the outcome of an approval once more: with a new verifier, as only the digest of the first one is kept.

    Where the consumer has used the first one by now, there is nothing left to carry back.
    """
    verifier = _new_verifier(ask)
    is_waiting = temporary_credentials.reissue_verifier(db, ask.credential, verifier)
    return _outcome(ask, verifier) if is_waiting else ApprovalOutcome()


def deny(db: Session, ask: TokenApproval) -> ApprovalOutcome:
    """Note that the person said no, and tell the consumer where there is an address."""
    temporary_credentials.deny(db, ask.credential)
    if not ask.has_address:
        return ApprovalOutcome()
    return ApprovalOutcome(_location(ask, ("oauth_token", ask.token), ("oauth_problem", Reason.USER_REFUSED)))


def _callback(credential: TemporaryCredential, client: RegisteredClient, named: str) -> str:
    consumer = consumers.options_of(client.details)
    if credential.is_1_0:
        return _callback_of_1_0(consumer, client, named)
    # Checked again: an administrator may have changed what is registered since the token was requested.
    if fault := consumers.callback_error(consumer, client.redirect_uris, credential.callback):
        raise _not_registered(fault, client, credential.callback)
    return credential.callback


def _callback_of_1_0(consumer: ConsumerOptions, client: RegisteredClient, named: str) -> str:
    if not consumer.allows_1_0:
        raise Problem(Reason.VERSION_REJECTED, message("This consumer may not use OAuth Core 1.0.")).about(
            client.id
        )
    if named == OUT_OF_BAND:
        return ""
    if not named:
        return client.redirect_uris[0] if len(client.redirect_uris) == 1 else ""
    if not consumers.is_registered(consumer, client.redirect_uris, named):
        raise _not_registered(message("The callback is not registered for this consumer."), client, named)
    return named


def _not_registered(fault: str, client: RegisteredClient, callback: str) -> Problem:
    problem = Problem(Reason.PARAMETER_REJECTED, fault)
    return problem.about(client.id, callback, "\n".join(client.redirect_uris))


def _new_verifier(ask: TokenApproval) -> str:
    if ask.callback != OUT_OF_BAND:
        return opaque_tokens.new_secret()
    return typed_codes.generate_code(_TYPED_VERIFIER_LENGTH)


def _outcome(ask: TokenApproval, verifier: str) -> ApprovalOutcome:
    if ask.callback == OUT_OF_BAND:
        return ApprovalOutcome(verifier=typed_codes.format_code(verifier))
    if not ask.has_address:
        return ApprovalOutcome()
    pairs = [("oauth_token", ask.token)] + ([] if ask.is_1_0 else [("oauth_verifier", verifier)])
    return ApprovalOutcome(_location(ask, *pairs))


def _location(ask: TokenApproval, *pairs: Pair) -> str:
    return f"{ask.callback}{'&' if '?' in ask.callback else '?'}{encode_form(list(pairs))}"
