"""No input gives a 5xx: malformed values in every form and list, on both databases."""

import pytest

from tests.support import forms

pytestmark = pytest.mark.both_databases

ODD = [
    "\0",
    "a\0b",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    "9" * 40,
    "-1",
    "²",
    "' OR 1=1 --",
    "%",
    "\\",
    "x" * 5000,
    "\u202e\u200f\u2028",
    "[]",
    "{}",
    "null",
]
LISTS = [
    ("/admin/clients", ["kind", "status", "q", "sort", "desc", "page", "itself"]),
    ("/admin/clients/new", ["kind"]),
    ("/admin/clients/bulk/approve", ["key", "back"]),
    ("/admin/redirect-uris/check", ["uri"]),
    ("/admin/users", ["q", "page"]),
    ("/admin/activity", ["event", "client", "user", "q", "page"]),
    ("/admin/diagnostics", ["q", "client", "at", "page"]),
    ("/admin/activity/export.csv", ["event", "client", "user", "q"]),
]


def test_malformed_query_strings(console):
    console.add_client()
    for path, names in LISTS:
        for name in names:
            for value in ODD:
                response = console.browser.get(path, query_string={name: value})
                assert response.status_code < 500, (path, name, value)


@pytest.mark.parametrize(
    "path",
    [
        "/admin/clients/new",
        "/admin/clients/{key}/edit",
        "/admin/clients/{key}/secrets/new",
        "/admin/clients/{key}/remove",
        "/admin/clients/bulk/disapprove?key={key}",
        "/admin/users/new",
        "/admin/users/2/edit",
        "/admin/users/2/password",
    ],
)
def test_malformed_form_fields(console, path):
    address = path.format(key=console.add_client().client_key)
    page = console.get(address)
    (form,) = (form for form in forms.parse(page.text) if "/admin/" in form.action)
    names = {name for name, _ in form.fields} - {"csrf_token"}
    typed = {"secret", "secret_again", "password", "password_again"}
    for name in sorted(names | typed):
        for value in ODD:
            chosen = {"secret_choice": "typed", "password_choice": "typed"} if name in typed else {}
            data = {**dict(form.fields), **chosen, name: value}
            response = console.browser.post(form.action, data=data)
            assert response.status_code < 500, (name, value)


def test_malformed_paths(console):
    for value in ["\0", "\ud7ff", "x" * 5000, "..", "%2e%2e", "%00", "a/b", "-1", "9" * 40]:
        for path in [
            f"/admin/clients/{value}",
            f"/admin/users/{value}",
            f"/admin/clients/{value}/secrets/{value}/remove",
        ]:
            assert console.get(path).status_code < 500, path
