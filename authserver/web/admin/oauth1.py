"""OAuth 1.0a: the options of a consumer, the permission to verify requests, and the signature debugger."""

from dataclasses import dataclass, replace

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import error_log
from authserver.domain.oauth1 import consumers
from authserver.domain.oauth1.consumers import MAY_VERIFY_REQUESTS, ConsumerOptions
from authserver.domain.users import users
from authserver.errors import Conflict, InvalidInput
from authserver.protocol.oauth1 import described_request, public_keys
from authserver.protocol.oauth1.errors import OAuth1Error
from authserver.protocol.oauth1.request_debugger import Diagnosis, diagnose
from authserver.vocabulary import ClientKind, SignatureMethod
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_detail import header
from authserver.web.session import access


@dataclass(frozen=True)
class OptionsForm:
    """The options form. The functional user is given by name."""

    consumer: ConsumerOptions
    functional_user: str
    may_verify_requests: bool

    @classmethod
    def from_client(cls, client: Client) -> "OptionsForm":
        """Return the form with the current values of a client."""
        consumer = consumers.options_of(client.details)
        user = (
            current.transaction().get(users.User, consumer.functional_user_id)
            if consumer.functional_user_id
            else None
        )
        may_verify = client.details.get(MAY_VERIFY_REQUESTS) is True
        return cls(consumer, user.username if user else "", may_verify)

    @classmethod
    def from_request(cls, before: ConsumerOptions) -> "OptionsForm":
        """Parse the submitted form; options without a field keep their value."""
        form = request.form
        consumer = ConsumerOptions(
            signature_methods=tuple(form.getlist("signature_methods")),
            allows_1_0="allows_1_0" in form,
            allows_prefix="allows_prefix" in form,
            public_key=form.get("public_key", "").strip(),
            wants_trust=before.wants_trust,
        )
        return cls(consumer, form.get("functional_user", "").strip(), "may_verify_requests" in form)

    def validated(self) -> ConsumerOptions:
        """Return the normalized options; raises InvalidInput."""
        errors: dict[str, str] = {}
        user = users.find(current.transaction(), self.functional_user) if self.functional_user else None
        if self.functional_user and user is None:
            errors["functional_user"] = "There is no active user with this name."
        try:
            public_keys.load_public_keys(self.consumer.public_key) if self.consumer.public_key else None
        except ValueError as error:
            errors["public_key"] = str(error)
        wanted = replace(self.consumer, functional_user_id=user.id if user else None)
        try:
            wanted = consumers.validate_options(current.transaction(), wanted)
        except InvalidInput as error:
            errors = error.fields | errors
        if errors:
            raise InvalidInput(errors)
        return wanted


@admin.get("/clients/<key>/oauth1")
@access.require_recent_sign_in
def oauth1_options(key: str) -> ResponseReturnValue:
    """Show the options of a consumer. For other clients, show only the permission to verify signed requests."""
    client = responses.get_client(key)
    return _options(client, OptionsForm.from_client(client), responses.revision_fields(client))


@admin.post("/clients/<key>/oauth1")
@access.require_recent_sign_in
def save_oauth1_options(key: str) -> ResponseReturnValue:
    """Save the options, unless the client has changed since the form was shown."""
    client = responses.get_client(key)
    form = OptionsForm.from_request(consumers.options_of(client.details))
    revision_fields = responses.sent_revision_fields()
    changes: dict[str, object] = {MAY_VERIFY_REQUESTS: form.may_verify_requests}
    try:
        if client.kind == ClientKind.OAUTH1:
            changes |= form.validated().details()
        wanted = registrations.validate_change(client, changes)
        with responses.in_savepoint():
            clients.edit(
                current.transaction(), current.actor(), client, wanted, revision=responses.seen_revision()
            )
    except InvalidInput as error:
        return _options(client, form, revision_fields, error.fields, 422)
    except Conflict as error:
        return responses.render_conflict(client, error)
    return responses.redirect_with_message(
        url_for("admin.client_settings", key=key), "{name} was saved.", name=client.name
    )


@admin.get("/clients/<key>/oauth1/debugger")
def oauth1_debugger(key: str) -> ResponseReturnValue:
    """Show the signature debugger."""
    return _debugger(responses.get_client(key))


@admin.post("/clients/<key>/oauth1/debugger")
def debug_oauth1(key: str) -> ResponseReturnValue:
    """Check the pasted request and show the result. Nothing is stored."""
    client = responses.get_client(key)
    document = {
        name: request.form.get(name, "").strip() for name in ("method", "url", "authorization", "body")
    }
    server = current.services().oauth1
    try:
        signed = described_request.parse_described_request(document)
        diagnosis = diagnose(server, signed, request.form.get("base_string", "").strip())
    except ValueError as error:
        return _debugger(client, errors={"": str(error)}, status=422)
    except OAuth1Error as error:
        return _debugger(client, problem=error)
    is_other_client = signed.client_key != client.client_key
    return _debugger(client, diagnosis=diagnosis, problem=diagnosis.error, is_other_client=is_other_client)


def _options(
    client: Client,
    form: OptionsForm,
    revision_fields: object,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return responses.render(
        "admin/oauth1_options.html",
        status,
        client=client,
        form=form,
        methods=list(SignatureMethod),
        revision_fields=revision_fields,
        errors=errors or {},
        back=url_for("admin.client_settings", key=client.client_key),
    )


def _debugger(
    client: Client,
    *,
    diagnosis: Diagnosis | None = None,
    problem: OAuth1Error | None = None,
    is_other_client: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    names = ("method", "url", "authorization", "body", "base_string")
    return responses.render(
        "admin/oauth1_debugger.html",
        status,
        diagnosis=diagnosis,
        problem=problem,
        is_other_client=is_other_client,
        recent_errors=error_log.errors_of_client(current.transaction(), client.id, limit=20),
        errors=errors or {},
        typed={name: request.form.get(name, "") for name in names},
        **header(client, "settings"),
    )
