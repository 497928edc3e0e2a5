"""The authorization endpoint's decisions (RFC 5849, section 2.2): is the request one to decide on, ask, approve, refuse.

OAuth Core 1.0 is weak here: the address to return to comes unsigned and no verifier ties the two ends together, so that
a victim can be made to finish an attacker's sign-in (advisory 2009-1). Such a request is never answered silently, and
returns to registered addresses only.
"""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import (
    authorizations,
    consents,
    consumers,
    handles,
    standing,
    temporary_credentials,
    typed_codes,
)
from authserver.domain.clients import Client
from authserver.domain.consumers import OUT_OF_BAND, Consumer
from authserver.domain.policies import Policy
from authserver.domain.sessions import UserSession
from authserver.domain.temporary_credentials import TemporaryCredential
from authserver.errors import Conflict
from authserver.protocol import gate
from authserver.protocol.gate import NotApproved
from authserver.protocol.oauth1.encoding import Pair, encode_form
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.terms import OAUTH1_GRANT

_TYPED_VERIFIER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that a person can decide on; ``callback`` is an address, oob, or empty where there is none."""

    credential: TemporaryCredential = field(repr=False)
    policy: Policy = field(repr=False)
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
class Outcome:
    """What the browser gets: a ``location`` to go to, or a page, with the ``verifier`` to type where there is one."""

    location: str = ""
    verifier: str = ""


def read(
    server: OAuth1Server, session: Session, token: str, callback: str, *, is_decided: bool = False
) -> Ask:
    """Return the request that a token stands for; raises Problem or NotApproved, both for a page.

    ``callback`` is what the address of the page named: only OAuth Core 1.0 sends it here. ``is_decided`` reads one that
    was approved already, for ``approve_again``.
    """
    credential = temporary_credentials.find(session, token)
    client = session.get(Client, credential.client_id) if credential else None
    if credential is None or client is None:
        raise Problem(Reason.TOKEN_REJECTED, "This sign-in is unknown; start it again in the application.")
    policy = server.policies.of(session, client)
    verdict = gate.judge(standing.of_client(client.status, client.epoch))
    if verdict is not None:
        raise NotApproved(policy, verdict)
    can_go_on = credential.authorization_id is not None if is_decided else credential.is_open
    if not can_go_on or credential.client_epoch != client.epoch:
        raise Problem(Reason.TOKEN_USED, "This sign-in was finished already, or took too long.").about(
            client.id
        )
    return Ask(credential, policy, token, _callback(credential, policy, callback))


def needs_consent(session: Session, ask: Ask, live: UserSession) -> bool:
    """Return whether the person must be asked; those of OAuth Core 1.0 always are."""
    if ask.is_1_0:
        return True
    return not ask.policy.is_trusted and consents.find(session, live.user_id, ask.policy.id) is None


def approve(session: Session, actor: Actor, ask: Ask, live: UserSession) -> Outcome:
    """Bind the credential to the person, once; raises Conflict when it was decided, or the consumer changed, meanwhile."""
    client_epoch = standing.note_sign_in(session, ask.policy, live)
    if client_epoch is None:
        # Changed in this very moment; whoever loads the page again passes the gate anew.
        raise Conflict("What you worked on was changed in the meantime.")
    authorization = authorizations.add(
        session,
        actor,
        client_id=ask.policy.id,
        client_epoch=client_epoch,
        client_name=ask.policy.name,
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
    if not temporary_credentials.approve(session, ask.credential, authorization.id, verifier):
        raise Conflict("This sign-in was finished in another tab.")
    return _outcome(ask, verifier)


def approve_again(session: Session, ask: Ask) -> Outcome:
    """Return the outcome of an approval once more: with a new verifier, as only the digest of the first one is kept.

    Where the consumer has used the first one by now, there is nothing left to carry back.
    """
    verifier = _new_verifier(ask)
    is_waiting = temporary_credentials.approve_again(session, ask.credential, verifier)
    return _outcome(ask, verifier) if is_waiting else Outcome()


def refuse(session: Session, ask: Ask) -> Outcome:
    """Note that the person said no, and tell the consumer where there is an address."""
    temporary_credentials.refuse(session, ask.credential)
    if not ask.has_address:
        return Outcome()
    return Outcome(_location(ask, ("oauth_token", ask.token), ("oauth_problem", Reason.USER_REFUSED)))


def _callback(credential: TemporaryCredential, policy: Policy, named: str) -> str:
    consumer = consumers.of(policy.details)
    if credential.is_1_0:
        return _callback_of_1_0(consumer, policy, named)
    # Checked again: an administrator may have changed what is registered since the token was requested.
    if fault := consumers.callback_fault(consumer, policy.redirect_uris, credential.callback):
        raise _not_registered(fault, policy, credential.callback)
    return credential.callback


def _callback_of_1_0(consumer: Consumer, policy: Policy, named: str) -> str:
    if not consumer.allows_1_0:
        raise Problem(Reason.VERSION_REJECTED, "This consumer may not use OAuth Core 1.0.").about(policy.id)
    if named == OUT_OF_BAND:
        return ""
    if not named:
        return policy.redirect_uris[0] if len(policy.redirect_uris) == 1 else ""
    if not consumers.is_registered(consumer, policy.redirect_uris, named):
        raise _not_registered("The callback is not registered for this consumer.", policy, named)
    return named


def _not_registered(fault: str, policy: Policy, callback: str) -> Problem:
    problem = Problem(Reason.PARAMETER_REJECTED, fault)
    return problem.about(policy.id, callback, "\n".join(policy.redirect_uris))


def _new_verifier(ask: Ask) -> str:
    if ask.callback != OUT_OF_BAND:
        return handles.new_secret()
    return typed_codes.draw(_TYPED_VERIFIER_LENGTH)


def _outcome(ask: Ask, verifier: str) -> Outcome:
    if ask.callback == OUT_OF_BAND:
        return Outcome(verifier=typed_codes.shown(verifier))
    if not ask.has_address:
        return Outcome()
    pairs = [("oauth_token", ask.token)] + ([] if ask.is_1_0 else [("oauth_verifier", verifier)])
    return Outcome(_location(ask, *pairs))


def _location(ask: Ask, *pairs: Pair) -> str:
    return f"{ask.callback}{'&' if '?' in ask.callback else '?'}{encode_form(list(pairs))}"
