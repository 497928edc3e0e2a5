"""A client's description of itself, for administrators: links, contacts, software and sign-in requirements."""

from typing import NamedTuple
from urllib.parse import urlsplit

from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import fields_of
from authserver.domain.clients.metadata_types import Section
from authserver.web.admin.audit_changes import field_label, value_texts

_LINKS = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")
_NAMES = (*fields_of(Section.DESCRIPTION), *fields_of(Section.SIGN_IN))


class DescribedField(NamedTuple):
    """One field. ``is_elsewhere`` is true for a link to a host that is not the host of a redirect URI."""

    label: str
    texts: list[str]
    is_link: bool
    is_elsewhere: bool


def self_description_of(client: Client) -> list[DescribedField]:
    """Return the fields of a client's description of itself."""
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    return [_described(name, client.details[name], hosts) for name in _NAMES if client.details.get(name)]


def _described(name: str, value: object, hosts: set[str | None]) -> DescribedField:
    is_link = name in _LINKS
    is_elsewhere = is_link and urlsplit(str(value)).hostname not in hosts
    return DescribedField(field_label(name), value_texts(value), is_link, is_elsewhere)
