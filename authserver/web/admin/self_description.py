"""What a client says of itself, for those who decide about it: links, contacts, software, demands on sign-ins."""

from typing import NamedTuple
from urllib.parse import urlsplit

from authserver.domain.clients import client_links, sign_in_requirements
from authserver.domain.clients.clients import Client
from authserver.web.admin.audit_changes import field_label, value_texts

_LINKS = (*client_links.LINKS, sign_in_requirements.INITIATE_LOGIN)
_NAMES = (*client_links.NAMES, *sign_in_requirements.NAMES)


class SelfDescription(NamedTuple):
    """One fact; ``is_elsewhere`` for a link to a host that no sign-in goes to."""

    label: str
    texts: list[str]
    is_link: bool
    is_elsewhere: bool


def self_description_of(client: Client) -> list[SelfDescription]:
    """Return what a client says of itself."""
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    return [_said(name, client.details[name], hosts) for name in _NAMES if client.details.get(name)]


def _said(name: str, value: object, hosts: set[str | None]) -> SelfDescription:
    is_link = name in _LINKS
    is_elsewhere = is_link and urlsplit(str(value)).hostname not in hosts
    return SelfDescription(field_label(name), value_texts(value), is_link, is_elsewhere)
