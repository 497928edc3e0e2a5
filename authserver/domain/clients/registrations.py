"""Registrations: validates client metadata, and converts it to and from the columns of a client's record.

Fields that queries use are stored in columns of their own. ``details`` stores all other fields as JSON.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.clients.redirect_uris import STRICT, UriRules
from authserver.errors import InvalidInput

COLUMNS = (
    "kind",
    "name",
    "redirect_uris",
    "grant_types",
    "response_types",
    "scopes",
    "auth_method",
    "is_pkce_required",
    "is_trusted",
)
"""The fields that have a column of their own."""

DETAILS = tuple(name for name in ClientMetadata.model_fields if name not in COLUMNS)
"""The fields that are stored in ``details``."""

_AUDIT_NAMES = {"is_pkce_required": "pkce_required", "is_trusted": "trusted"}
_FIELD_SENTENCES = {
    "kind": "Choose OAuth 1.0a, OAuth 2.0 or OpenID Connect.",
    "auth_method": "Choose how the application authenticates.",
    "scopes": "Enter scopes, separated by spaces.",
}
_SENTENCES = {
    "missing": "Enter a value.",
    "string_type": "Enter text.",
    "int_type": "Enter a whole number.",
    "bool_type": "Enter true or false.",
    "tuple_type": "Enter a list of strings.",
    "dict_type": "Enter a JSON object.",
    "too_long": "Enter {max_length} entries at most.",
    "greater_than_equal": "Enter a number of {ge} or more.",
    "less_than": "Enter a number below {lt}.",
}


def validate(
    values: Mapping[str, Any],
    *,
    known: Mapping[str, Any] | None = None,
    uri_rules: UriRules = STRICT,
) -> ClientMetadata:
    """Return client metadata in normal form; raises InvalidInput with a message for every invalid field.

    None means that a field is absent. ``known`` contains the stored values of a client that is changed. Its name, its URIs
    and its signing algorithms stay valid, even if the rules have become stricter.
    """
    given = {name: value for name, value in values.items() if value is not None}
    context = {
        "known": known or {},
        "uri_rules": uri_rules,
        "given": given,
    }
    try:
        return ClientMetadata.model_validate(given, context=context)
    except ValidationError as error:
        raise InvalidInput(_sentences(error)) from error


def validate_change(
    client: object,
    changes: Mapping[str, Any],
    uri_rules: UriRules = STRICT,
) -> ClientMetadata:
    """Return a client's metadata with the changes applied. None removes a field. Raises InvalidInput."""
    before = stored_values(client)
    return validate(
        {**before, **changes},
        known=before,
        uri_rules=uri_rules,
    )


def stored_values(client: object) -> dict[str, Any]:
    """Return the values that a client is registered with, by field. Fields that were never set are absent."""
    return values_of_columns({name: getattr(client, name) for name in (*COLUMNS, "details")})


def values_of_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the columns of a client, by field, including the fields in ``details``."""
    values = {name: value for name, value in columns.items() if name != "details"}
    return values | dict(columns.get("details", {}))


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a client, including ``details``, that store the values of these fields."""
    columns = {name: values[name] for name in COLUMNS if name in values}
    return columns | {"details": {name: value for name, value in values.items() if name not in COLUMNS}}


def columns_of_metadata(metadata: ClientMetadata) -> dict[str, Any]:
    """Return the columns of a client that store this metadata. Details that were not given are absent."""
    given = metadata.model_dump(mode="json", exclude_unset=True)
    return columns_of(given | metadata.model_dump(mode="json", include=set(COLUMNS)))


def audit_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a client under the names that the audit trail uses."""
    return {_AUDIT_NAMES.get(name, name): value for name, value in columns.items()}


def _sentences(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    issues = error.errors(include_url=False, include_input=False)
    # The rules assume values of the right type, so wrong types are reported first, without other errors.
    wrong_types = [issue for issue in issues if issue["type"].endswith("_type")]
    for issue in wrong_types or issues:
        name, context = str(issue["loc"][0]), issue.get("ctx", {})
        if issue["type"] == "value_error":
            sentence = str(context["error"])
        else:
            template = _FIELD_SENTENCES.get(name) or _SENTENCES.get(issue["type"], "Enter another value.")
            sentence = template.format(**context)
        found.setdefault(name, sentence)
    # The other rules depend on the kind.
    return {"kind": found["kind"]} if "kind" in found else found
