"""What a client says of itself, for those who decide about it: links, contacts, software, demands on sign-ins."""

from typing import NamedTuple
from urllib.parse import urlsplit

from authserver.domain import client_demands, client_links
from authserver.domain.clients import Client
from authserver.web.admin.changes import label_of, texts_of

_LINKS = (*client_links.LINKS, client_demands.INITIATE_LOGIN)
_NAMES = (*client_links.NAMES, *client_demands.NAMES)


class Said(NamedTuple):
    """One fact; ``is_elsewhere`` for a link to a host that no sign-in goes to."""

    label: str
    texts: list[str]
    is_link: bool
    is_elsewhere: bool


def of(client: Client) -> list[Said]:
    """Return what a client says of itself."""
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris}
    return [_said(name, client.details[name], hosts) for name in _NAMES if client.details.get(name)]


def _said(name: str, value: object, hosts: set[str | None]) -> Said:
    is_link = name in _LINKS
    is_elsewhere = is_link and urlsplit(str(value)).hostname not in hosts
    return Said(label_of(name), texts_of(value), is_link, is_elsewhere)
