"""Groups and their members: the copy of the names in the rows of users, renaming, removing and the audit trail."""

import pytest

from authserver.context import SYSTEM
from authserver.domain import account_erasure, audit
from authserver.domain.clients import clients
from authserver.domain.groups import group_changes
from authserver.domain.groups import groups as records
from authserver.domain.orm import Database
from authserver.domain.users import attributes
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput
from authserver.protocol.services import Services
from tests.support import groups
from tests.support.relying_party import edit, register, stored

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("sample_users")]


def group_names(database: Database, username: str = "alice") -> list[str]:
    with database.transaction(write=False) as db:
        return list(groups.find_user(db, username).group_names)


def are_copies_right(database: Database) -> bool:
    with database.transaction(write=False) as db:
        return records.users_with_wrong_copy(db) == []


def test_user_has_a_copy_of_the_names(database: Database) -> None:
    groups.add(database, "wing", "alice", "bob")
    groups.add(database, "Engineering", "alice")
    assert group_names(database) == ["Engineering", "wing"]
    groups.leave(database, "WING", "alice")
    assert group_names(database) == ["Engineering"]
    assert group_names(database, "bob") == ["wing"]
    assert are_copies_right(database)


def test_rename_changes_the_copies_and_the_clients(database: Database, services: Services) -> None:
    groups.add(database, "Engineering", "alice", "bob")
    groups.add(database, "wing", "alice")
    key, _ = register(services)
    edit(services, key, allowed_groups=["Engineering", "wing"], roles=["editor=Engineering"])
    before = stored(services, key).revision
    groups.rename(database, "Engineering", "Zeppelins")
    assert group_names(database) == ["wing", "Zeppelins"]
    assert group_names(database, "bob") == ["Zeppelins"]
    client = stored(services, key)
    assert client.details["allowed_groups"] == ["Zeppelins", "wing"]
    assert client.details["roles"] == ["editor=Zeppelins"]
    assert client.revision == before + 1
    assert are_copies_right(database)


def test_change_of_case_is_a_rename(database: Database) -> None:
    groups.add(database, "wing", "alice")
    groups.rename(database, "wing", "Wing")
    assert group_names(database) == ["Wing"]


def test_removed_group_leaves_no_trace(database: Database) -> None:
    group = groups.add(database, "Engineering", "alice")
    with database.transaction() as db:
        group_changes.remove(db, SYSTEM, records.get_by_id(db, group.id))
    assert group_names(database) == []
    groups.add(database, "Engineering")
    assert group_names(database) == []
    assert are_copies_right(database)


@pytest.mark.parametrize("details", [{"allowed_groups": ["Engineering"]}, {"roles": ["editor=Engineering"]}])
def test_group_of_a_client_is_not_removed(database: Database, services: Services, details: dict) -> None:  # type: ignore[type-arg]
    group = groups.add(database, "Engineering", "alice")
    key, _ = register(services, name="Portal", details=details)
    with pytest.raises(Conflict, match="Portal"), database.transaction() as db:
        group_changes.remove(db, SYSTEM, records.get_by_id(db, group.id))
    assert group_names(database) == ["Engineering"]
    assert stored(services, key).details == details


def test_concurrent_edit_is_a_conflict(database: Database) -> None:
    group = groups.add(database, "Engineering")
    groups.rename(database, "Engineering", "Aerodynamics")
    with database.transaction() as db:
        row = records.get_by_id(db, group.id)
        with pytest.raises(Conflict):
            group_changes.edit(db, SYSTEM, row, name="Wings", description="", revision=group.revision)


def test_groups_of_a_user_are_replaced(database: Database) -> None:
    groups.add(database, "wing", "alice")
    kept = groups.add(database, "Engineering", "alice")
    added = groups.add(database, "Tails")
    with database.transaction() as db:
        alice = groups.find_user(db, "alice")
        group_changes.set_groups(db, SYSTEM, alice, [kept.id, added.id, 999], revision=alice.revision)
    assert group_names(database) == ["Engineering", "Tails"]
    with pytest.raises(Conflict), database.transaction() as db:
        group_changes.set_groups(db, SYSTEM, groups.find_user(db, "alice"), [], revision=1)


def test_erased_user_is_in_no_group(database: Database, sample_users: dict[str, User]) -> None:
    groups.add(database, "Engineering", "alice", "bob")
    with database.transaction() as db:
        account_erasure.erase(db, SYSTEM, groups.find_user(db, "alice"))
    assert group_names(database, "bob") == ["Engineering"]
    assert are_copies_right(database)


def test_membership_is_in_the_audit_trail_of_the_user(database: Database) -> None:
    groups.add(database, "Engineering", "alice")
    with database.transaction(write=False) as db:
        user_id = groups.find_user(db, "alice").id
        events, _ = audit.page_of_events(db, audit.EventFilter(user_id=user_id))
    assert (events[0].event, events[0].subject_name) == ("group:add-member", "Engineering")
    assert (events[0].before, events[0].after) == ({"groups": []}, {"groups": ["Engineering"]})


def test_wrong_copy_is_found(database: Database) -> None:
    groups.add(database, "Engineering", "alice")
    with database.transaction() as db:
        groups.find_user(db, "alice").group_names = []
    assert not are_copies_right(database)
    groups.leave(database, "Engineering", "alice")
    assert are_copies_right(database)


def test_search_finds_users_who_are_not_members(database: Database) -> None:
    group = groups.add(database, "Engineering", "alice")
    with database.transaction(write=False) as db:
        found = [user.username for user in records.candidates(db, group, "example.org")]
        assert found == ["admin", "bob", "charlie"]
        assert records.candidates(db, group, "") == []
        assert records.candidates(db, group, "\0") == []


def test_client_refers_to_existing_groups_only(database: Database, services: Services) -> None:
    groups.add(database, "Engineering")
    key, _ = register(services)
    client = stored(services, key)
    wanted = clients.registrations.validate_change(client, {"allowed_groups": ["ENGINEERING"]})
    with database.transaction() as db:
        assert records.resolve_names(db, wanted).allowed_groups == ("Engineering",)
        unknown = clients.registrations.validate_change(client, {"roles": ["editor=Nobody"]})
        with pytest.raises(InvalidInput) as error:
            records.resolve_names(db, unknown)
        assert set(error.value.fields) == {"roles"}
        assert records.resolve_names(db, unknown, {"Nobody"}) == unknown


def test_attributes_are_read_as_they_are_written() -> None:
    values: dict[str, str | list[str]] = {"department": "Wings = tails", "teams": ["a", "b"], "one": ["x"]}
    assert attributes.parse_attributes(attributes.format_attributes(values)) == values
