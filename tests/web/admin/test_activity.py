"""Activity: the audit trail with changes, filters, pages and exports."""

import csv
import io
import json

import pytest

from authserver.context import Actor
from authserver.domain import audit
from authserver.web.admin.audit_changes import differences
from tests.web.admin.console import HTMX_RESULTS

pytestmark = pytest.mark.both_databases

EVIL = "=HYPERLINK(1)"


@pytest.fixture
def console_with_events(console):
    """A console with the events of three clients by two users."""
    for name in ["Alpha", "Beta", EVIL]:
        console.add_client(name, approve=True)
    return console


def test_events_are_shown_with_their_changes(console_with_events):
    text = console_with_events.get("/admin/activity").text
    assert 'approved the client <bdi class="trail-name">Beta</bdi>.' in text
    assert '<span class="visually-hidden">was: </span><bdi dir="auto">pending</bdi>' in text
    assert '<span class="visually-hidden">is now: </span><bdi dir="auto">approved</bdi>' in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("event=client:approve", 3),
        ("event=client:create&q=beta", 1),
        ("q=203.0.113.9", 7),
        ("q=%00", 0),
        ("q=%25", 0),
        ("user=ADMIN", 2),
        ("user=nobody", 0),
        ("client=nothing", 0),
        ("event=made:up&user=admin", 2),
    ],
)
def test_filters(console_with_events, query, count):
    text = console_with_events.browser.get(f"/admin/activity?{query}", headers=HTMX_RESULTS).text
    assert f'role="status">{count} event' in text
    assert "<html" not in text


def test_events_of_one_client(console_with_events):
    key = console_with_events.add_client("Gamma").client_key
    assert 'role="status">1 event' in console_with_events.get(f"/admin/activity?client={key}").text


def test_pages_show_every_event_once(console_with_events):
    with console_with_events.services.database.transaction() as db:
        for number in range(60):
            audit.record(db, Actor("robot"), audit.Event.USER_EDIT, subject_name=f"row {number}")
    first, second, third = (
        console_with_events.get(f"/admin/activity?q=row&page={page}").text for page in (1, 2, 3)
    )
    assert ("row 59<" in first, "row 35<" in first, "row 34<" in first) == (True, True, False)
    assert ("row 34<" in second, "row 10<" in second) == (True, True)
    assert "row 0<" in third
    assert console_with_events.get("/admin/activity?q=row&page=4").location == "/admin/activity?q=row&page=3"


def test_json_lines_export(console_with_events, trail):
    response = console_with_events.get("/admin/activity/export.jsonl?event=client:approve")
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [row["subject_name"] for row in rows] == [EVIL, "Beta", "Alpha"]
    assert rows[0]["before"]["status"] == "pending"
    assert rows[0]["at"].endswith("+00:00")
    assert response.headers["Content-Disposition"] == 'attachment; filename="activity.jsonl"'
    everything = console_with_events.get("/admin/activity/export.jsonl").text.splitlines()
    assert len(everything) == len(trail())


def test_csv_export_contains_no_formulas(console_with_events):
    response = console_with_events.get("/admin/activity/export.csv?event=client:create")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["subject_name"] for row in rows] == [f"'{EVIL}", "Beta", "Alpha"]
    assert json.loads(rows[1]["after"])["name"] == "Beta"


@pytest.mark.only_on("sqlite")
def test_long_trail_is_exported_in_batches(console_with_events, monkeypatch):
    monkeypatch.setattr("authserver.web.admin.activity._BATCH_SIZE", 4)
    lines = console_with_events.get("/admin/activity/export.jsonl").text.splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) > 8


def test_overview_counts(console_with_events):
    console_with_events.add_client("Waiting")
    text = console_with_events.get("/admin").text
    for figure in ['<span class="figure">4</span> clients', '<span class="figure">1</span> pending approval']:
        assert figure in text
    assert '<span class="figure">3</span> users' in text
    assert '<span class="figure">1</span> session' in text
    assert "Waiting</bdi>" in text
    assert "Done: </span>A client is approved." in text
    assert "To do: </span>A user has signed in to an application." in text


def test_lists_are_compared_item_by_item():
    before = {"name": "A", "uris": ["a", "b"], "trusted": False, "details": {"policy": "a"}, "same": 1}
    after = {
        "name": "B",
        "uris": ["b", "c"],
        "trusted": True,
        "details": {"policy": "b", "x": [1]},
        "same": 1,
    }
    found = [(change.label, change.removed, change.added) for change in differences(before, after)]
    assert found == [
        ("Name", ["A"], ["B"]),
        ("Uris", ["a"], ["c"]),
        ("Trusted", ["no"], ["yes"]),
        ("Policy", ["a"], ["b"]),
        ("X", [], ["1"]),
    ]
    assert differences(None, None) == []
    assert differences(None, {"name": "A"}) == [("Name", [], ["A"])]
