"""The token endpoint controls its phases: a grant cannot skip, reorder or replace one."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Row, select

from authserver.context import SYSTEM
from authserver.domain import access_state
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.tokens import refresh_tokens, tokens
from authserver.domain.users.users import User
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response
from authserver.protocol.oauth2 import token_endpoint
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import (
    ApprovedRequest,
    CheckResult,
    Grant,
    PresentedRequest,
    RecordChanged,
)
from authserver.protocol.services import Services
from tests.support.relying_party import EVERY_GRANT, RelyingParty, disapprove, register, stored

STEPS = {"load", "check", "issue"}
GRANT_TYPE = "urn:example:grant-type:new"
API = "https://api.example/"

pytestmark = pytest.mark.only_on("sqlite")


class CarelessGrant(Grant):
    """A grant that checks nothing, issues everything it can, and records which steps were called."""

    grant_type = GRANT_TYPE

    def __init__(self, scope: str = "openid") -> None:
        self.scope = scope
        self.called: list[str] = []
        self.approved: list[ApprovedRequest] = []

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        self.called.append("load")
        return access_state.find_client(connection, request.client_key)

    def check(self, presented: PresentedRequest) -> CheckResult:
        self.called.append("check")
        return CheckResult(self.scope)

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        self.called.append("issue")
        self.approved.append(approved)
        return {"access_token": "issued"}


class OverridingGrant(CarelessGrant):
    """A careless grant that also defines methods with the names of the endpoint's phases."""

    def admit(self, *_: Any, **__: Any) -> None:
        pass

    authenticate = authenticate_client = check_client = check_access = check_granted = admit
    validate_token_request = create_token_response = run_phases = _run_phases = _check_access = admit


class CarelessRefresh(CarelessGrant):
    """A careless grant for a credential that belongs to an authorization."""

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        self.called.append("load")
        token = refresh_tokens.parse_refresh_token(request.required("refresh_token"))
        assert token is not None
        return tokens.find_refresh_token(connection, request.client_key, token)


@dataclass
class Caller:
    """A client that sends token requests to an endpoint with one grant."""

    services: Services
    key: str
    secret: str
    form: dict[str, str] = field(default_factory=dict)

    def send(self, grant: Grant, *more: tuple[str, str], **form: str) -> Response:
        fields = {
            "grant_type": GRANT_TYPE,
            "client_id": self.key,
            "client_secret": self.secret,
            **self.form,
            **form,
        }
        message = Request("POST", "/oauth2/token", form=(*fields.items(), *more))
        return token_endpoint.respond_to_token_request(self.services, message, {grant.grant_type: grant})

    def error(self, grant: Grant, **form: str) -> str:
        """Return the error code of a request that must fail."""
        with pytest.raises(ProtocolError) as raised:
            self.send(grant, **form)
        assert raised.value.status in {400, 401}
        return raised.value.error


def allow_grant_type(services: Services, key: str) -> None:
    """Register the client for the new grant type, which the forms do not offer."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        client.grant_types = [*client.grant_types, GRANT_TYPE]
        client.revision += 1


@pytest.fixture
def caller(services: Services) -> Caller:
    """An approved client that is registered for the new grant type."""
    key, secret = register(services, auth_method="client_secret_post", details={"resources": [API]})
    allow_grant_type(services, key)
    return Caller(services, key, secret)


@pytest.fixture
def refreshing(app: Flask, services: Services, sample_users: dict[str, User]) -> Caller:
    """A client with a refresh token, whose authorization includes one resource."""
    details = {"resources": [API, "https://other.example/"]}
    made = register(services, grant_types=EVERY_GRANT, details=details, auth_method="client_secret_post")
    party = RelyingParty(app, *made)
    token = party.redeem(party.code(resource=API), {}, **post(party)).get_json()["refresh_token"]
    allow_grant_type(services, party.key)
    return Caller(services, party.key, party.secret, {"refresh_token": token})


def post(party: RelyingParty) -> dict[str, str]:
    """Return the credentials of client_secret_post."""
    return {"client_id": party.key, "client_secret": party.secret}


def public_methods(kind: type) -> set[str]:
    """Return the public functions that a class itself defines."""
    return {name for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}


@pytest.mark.parametrize("grant", token_endpoint.GRANTS.values(), ids=lambda grant: type(grant).__name__)
def test_a_grant_defines_three_steps_and_nothing_else(grant: Grant) -> None:
    assert public_methods(type(grant)) == STEPS
    assert type(grant).__mro__[1:] == Grant.__mro__


def test_the_interface_has_no_other_step() -> None:
    assert public_methods(Grant) == STEPS == set(Grant.__abstractmethods__)


def test_the_phases_cannot_be_replaced() -> None:
    """The phases are functions. They pass values of final classes, and the mapping of grants is read-only."""
    assert inspect.isfunction(token_endpoint.respond_to_token_request)
    assert ApprovedRequest.__final__
    assert CheckResult.__final__
    with pytest.raises(TypeError):
        token_endpoint.GRANTS["password"] = CarelessGrant()  # type: ignore[index]


def test_a_new_grant_is_one_class(caller: Caller) -> None:
    grant = CarelessGrant()
    response = caller.send(grant, ("resource", API))
    assert (response.status, json.loads(response.body)) == (200, {"access_token": "issued"})
    assert ("Cache-Control", "no-store") in response.headers
    assert grant.called == ["load", "check", "issue"]
    assert [(one.client.client_key, one.scope, one.audience) for one in grant.approved] == [
        (caller.key, "openid", (API,))
    ]


@pytest.mark.parametrize("kind", [CarelessGrant, OverridingGrant])
@pytest.mark.parametrize(
    ("prepare", "form", "error"),
    [
        (None, {"client_secret": "wrong"}, "invalid_client"),
        (None, {"client_id": "nobody"}, "invalid_client"),
        ("disapprove", {}, "unauthorized_client"),
        ("remove_grant_type", {}, "unauthorized_client"),
    ],
)
def test_no_step_follows_a_client_that_is_not_admitted(
    caller: Caller, kind: type[CarelessGrant], prepare: str | None, form: dict[str, str], error: str
) -> None:
    if prepare == "disapprove":
        disapprove(caller.services, caller.key)
    if prepare == "remove_grant_type":
        with caller.services.database.transaction() as db:
            client = clients.get(db, caller.key)
            client.grant_types, client.revision = list(EVERY_GRANT), client.revision + 1
    grant = kind()
    assert caller.error(grant, **form) == error
    assert grant.called == ["load"]


def test_a_pending_client_gets_no_tokens(services: Services) -> None:
    key, secret = register(services, is_approved=False, auth_method="client_secret_post")
    allow_grant_type(services, key)
    grant = CarelessGrant()
    assert Caller(services, key, secret).error(grant) == "unauthorized_client"
    assert grant.called == ["load"]


@pytest.mark.parametrize(
    ("scope", "form", "error"),
    [
        ("openid administration", {}, "invalid_scope"),
        ("openid", {"resource": "https://unregistered.example/"}, "invalid_target"),
        ("openid", {"resource": "no-uri"}, "invalid_target"),
    ],
)
@pytest.mark.parametrize("kind", [CarelessGrant, OverridingGrant])
def test_nothing_is_issued_beyond_the_registration(
    caller: Caller, kind: type[CarelessGrant], scope: str, form: dict[str, str], error: str
) -> None:
    grant = kind(scope)
    assert caller.error(grant, **form) == error
    assert grant.called == ["load", "check"]


def revoke(caller: Caller) -> None:
    with caller.services.database.transaction() as db:
        assert authorizations.revoke(db, SYSTEM, 1, reason="test")


def disapprove_and_approve(caller: Caller) -> None:
    disapprove(caller.services, caller.key)
    with caller.services.database.transaction() as db:
        client = clients.get(db, caller.key)
        clients.approve(db, SYSTEM, client, revision=client.revision)


def disable_user(caller: Caller) -> None:
    with caller.services.database.transaction() as db:
        for user in db.query(User):
            user.is_active = False


@pytest.mark.parametrize("end", [revoke, disapprove_and_approve, disable_user])
def test_an_authorization_that_has_ended_issues_nothing(
    refreshing: Caller, end: Callable[[Caller], None]
) -> None:
    grant = CarelessRefresh()
    assert refreshing.send(grant).status == 200
    end(refreshing)
    grant = CarelessRefresh()
    assert refreshing.error(grant) == "invalid_grant"
    assert grant.called == ["load", "check"]


def test_a_grant_cannot_hide_the_state_of_an_authorization(refreshing: Caller) -> None:
    """A statement that reads an authorization without its state is a programming error, not a way around the check."""

    class Hiding(CarelessGrant):
        def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
            columns = (*access_state.CLIENT_COLUMNS, *access_state.GRANT_COLUMNS)
            client_state = (Client.status.label("s_client_status"), Client.epoch.label("s_client_epoch"))
            return connection.execute(select(*columns, *client_state).join_from(Authorization, Client)).one()

    grant = Hiding()
    with pytest.raises(KeyError):
        refreshing.send(grant)
    assert grant.called == ["check"]


def test_the_audience_is_that_of_the_authorization(refreshing: Caller) -> None:
    grant = CarelessRefresh()
    assert refreshing.send(grant).status == 200
    assert grant.approved[0].audience == (API,)
    assert refreshing.error(CarelessRefresh(), resource="https://other.example/") == "invalid_target"


def test_a_deferred_error_follows_the_access_check_and_precedes_the_audience(caller: Caller) -> None:
    class Deferring(CarelessGrant):
        def check(self, presented: PresentedRequest) -> CheckResult:
            return CheckResult(self.scope, ProtocolError(ErrorCode.INVALID_GRANT, None, "Not redeemable."))

    assert caller.error(Deferring("openid administration")) == "invalid_scope"
    assert caller.error(Deferring(), resource="no-uri") == "invalid_grant"


def test_a_changed_record_passes_every_phase_again(caller: Caller) -> None:
    class Overtaken(CarelessGrant):
        def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
            self.called.append("issue")
            disapprove(caller.services, caller.key)
            raise RecordChanged

    grant = Overtaken()
    assert caller.error(grant) == "unauthorized_client"
    assert grant.called == ["load", "check", "issue", "load"]
    assert stored(caller.services, caller.key).status == "disapproved"
