"""The sector identifier of a client that is edited: its document is fetched while no transaction is open."""

from authserver.domain import registrations, sector_identifiers
from authserver.domain.clients import Client
from authserver.domain.registrations import Registration
from authserver.web import door
from authserver.web.admin import answers


def checked(client: Client, wanted: Registration) -> Client:
    """Check a change of a client as far as its sector goes, and return the client read anew; raises InvalidInput."""
    if not sector_identifiers.is_due(wanted, client):
        return client
    wanted = registrations.check(wanted, known_name=client.name)
    door.release()
    sector_identifiers.check_registration(door.services().fetcher, wanted, client)
    return answers.get_client(client.client_key)
