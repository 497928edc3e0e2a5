"""What is particular to OAuth 1.0a: the options of a consumer, the right to verify requests, and the signature debugger."""

from dataclasses import dataclass, replace

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import clients, consumers, diagnostics, registrations, users
from authserver.domain.clients import Client
from authserver.domain.consumers import MAY_VERIFY_REQUESTS, Consumer
from authserver.errors import Conflict, InvalidInput
from authserver.protocol.oauth1 import public_keys, submitted
from authserver.protocol.oauth1.diagnosis import Diagnosis, diagnose
from authserver.protocol.oauth1.problems import Problem
from authserver.terms import Kind, SignatureMethod
from authserver.web import door, guards
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import header


@dataclass(frozen=True)
class OptionsForm:
    """The options as the form shows them; the functional user by name."""

    consumer: Consumer
    functional_user: str
    may_verify_requests: bool

    @classmethod
    def of(cls, client: Client) -> "OptionsForm":
        """Return the form that shows a client as it is."""
        consumer = consumers.of(client.details)
        user = (
            door.session().get(users.User, consumer.functional_user_id)
            if consumer.functional_user_id
            else None
        )
        may_verify = client.details.get(MAY_VERIFY_REQUESTS) is True
        return cls(consumer, user.username if user else "", may_verify)

    @classmethod
    def sent(cls, before: Consumer) -> "OptionsForm":
        """Read the form; what it does not show is kept from before."""
        form = request.form
        consumer = Consumer(
            signature_methods=tuple(form.getlist("signature_methods")),
            allows_1_0="allows_1_0" in form,
            allows_prefix="allows_prefix" in form,
            public_key=form.get("public_key", "").strip(),
            wants_trust=before.wants_trust,
        )
        return cls(consumer, form.get("functional_user", "").strip(), "may_verify_requests" in form)

    def checked(self) -> Consumer:
        """Return the options in normal form; raises InvalidInput."""
        faults: dict[str, str] = {}
        user = users.find(door.session(), self.functional_user) if self.functional_user else None
        if self.functional_user and user is None:
            faults["functional_user"] = "There is no active user of this name."
        try:
            public_keys.load(self.consumer.public_key) if self.consumer.public_key else None
        except ValueError as error:
            faults["public_key"] = str(error)
        wanted = replace(self.consumer, functional_user_id=user.id if user else None)
        try:
            wanted = consumers.check(door.session(), wanted)
        except InvalidInput as error:
            faults = error.fields | faults
        if faults:
            raise InvalidInput(faults)
        return wanted


@admin.get("/clients/<key>/oauth1")
@guards.require_recent_sign_in
def oauth1_options(key: str) -> ResponseReturnValue:
    """Show the options of a consumer, and for every client whether it may verify signed requests."""
    client = answers.get_client(key)
    return _options(client, OptionsForm.of(client), answers.seen(client))


@admin.post("/clients/<key>/oauth1")
@guards.require_recent_sign_in
def save_oauth1_options(key: str) -> ResponseReturnValue:
    """Save the options, unless somebody else changed the client since they were shown."""
    client = answers.get_client(key)
    form = OptionsForm.sent(consumers.of(client.details))
    marks = answers.sent_marks()
    details = client.details | {MAY_VERIFY_REQUESTS: form.may_verify_requests}
    try:
        if client.kind == Kind.OAUTH1:
            details |= form.checked().details()
        wanted = replace(registrations.of(client), details=details)
        with answers.attempt():
            clients.edit(door.session(), door.actor(), client, wanted, revision=answers.seen_revision())
    except InvalidInput as error:
        return _options(client, form, marks, error.fields, 422)
    except Conflict as error:
        return answers.conflict(client, error)
    return answers.go(url_for("admin.client_settings", key=key), "{name} was saved.", name=client.name)


@admin.get("/clients/<key>/oauth1/debugger")
def oauth1_debugger(key: str) -> ResponseReturnValue:
    """Show the form into which a signed request is pasted."""
    return _debugger(answers.get_client(key))


@admin.post("/clients/<key>/oauth1/debugger")
def debug_oauth1(key: str) -> ResponseReturnValue:
    """Say what the server makes of the request; nothing of it is kept."""
    client = answers.get_client(key)
    document = {
        name: request.form.get(name, "").strip() for name in ("method", "url", "authorization", "body")
    }
    server = door.services().oauth1
    try:
        signed = submitted.read(document)
        found = diagnose(server, signed, request.form.get("base_string", "").strip())
    except ValueError as error:
        return _debugger(client, errors={"": str(error)}, status=422)
    except Problem as problem:
        return _debugger(client, problem=problem)
    is_other = signed.client_key != client.client_key
    return _debugger(client, found=found, problem=found.problem, is_other=is_other)


def _options(
    client: Client, form: OptionsForm, marks: object, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    return answers.show(
        "admin/oauth1_options.html",
        status,
        client=client,
        form=form,
        methods=list(SignatureMethod),
        marks=marks,
        errors=errors or {},
        back=url_for("admin.client_settings", key=client.client_key),
    )


def _debugger(
    client: Client,
    *,
    found: Diagnosis | None = None,
    problem: Problem | None = None,
    is_other: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    names = ("method", "url", "authorization", "body", "base_string")
    return answers.show(
        "admin/oauth1_debugger.html",
        status,
        found=found,
        problem=problem,
        is_other=is_other,
        failures=diagnostics.of_client(door.session(), client.id, limit=20),
        errors=errors or {},
        typed={name: request.form.get(name, "") for name in names},
        **header(client, "settings"),
    )
