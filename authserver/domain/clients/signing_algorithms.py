"""The signing algorithms that clients are registered for. ``keys.signing_keys`` has the keys.

The setting ``signing_algorithms`` lists the algorithms that a client can be registered for. A client that is already
registered for another one keeps it, and the server keeps its keys, until the client is changed.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from authserver.domain.clients.clients import Client

FIELDS = ("id_token_signed_response_alg", "userinfo_signed_response_alg", "access_token_signed_response_alg")


class ClientAlgorithms(NamedTuple):
    """A client and the algorithms that it is registered for."""

    client_key: str
    name: str
    algorithms: frozenset[str]


def of_clients(db: Session) -> set[str]:
    """Return all algorithms that any client is registered for."""
    return {name for client in _registered(db) for name in client.algorithms}


def clients_of_others(db: Session, published: Collection[str]) -> list[ClientAlgorithms]:
    """Return the clients that are registered for algorithms other than the published ones, sorted by name."""
    found = [client._replace(algorithms=client.algorithms - set(published)) for client in _registered(db)]
    return sorted((client for client in found if client.algorithms), key=lambda client: client.name)


def _registered(db: Session) -> list[ClientAlgorithms]:
    names_one = cast(Client.details, String).contains("_signed_response_alg")
    rows = db.execute(select(Client.client_key, Client.name, Client.details).where(names_one))
    return [
        ClientAlgorithms(
            key, name, frozenset(details[field] for field in FIELDS if details.get(field) is not None)
        )
        for key, name, details in rows
    ]
