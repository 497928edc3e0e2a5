"""The logout metadata of a client in Create and Edit."""

LOGOUT = {
    "post_logout_redirect_uris": ["https://a.example/out", "https://a.example/out2"],
    "backchannel_logout_uri": "https://a.example/back",
    "frontchannel_logout_uri": "https://grafana.example.org/front",
}


def edit_page(console, client):
    return console.get(f"/admin/clients/{client.client_key}/edit")


def test_logout_uris_are_saved_and_shown(console):
    client = console.add_client(redirect_uris=("https://grafana.example.org/cb",))
    sent = LOGOUT | {"post_logout_redirect_uris": "https://a.example/out\n https://a.example/out2 "}
    console.press(edit_page(console, client), "Save", **sent)
    assert console.client(client.client_key).details == LOGOUT
    page = edit_page(console, client).text
    for address in ("https://a.example/out2", "https://a.example/back", "https://grafana.example.org/front"):
        assert address in page


def test_saving_without_changes_keeps_them(console):
    details = LOGOUT | {"backchannel_logout_session_required": True, "client_uri": "https://a.example"}
    client = console.add_client(redirect_uris=("https://grafana.example.org/cb",), details=details)
    console.press(edit_page(console, client), "Save")
    assert console.client(client.client_key).details == details


def test_emptied_fields_are_removed(console):
    client = console.add_client(redirect_uris=("https://grafana.example.org/cb",), details=LOGOUT)
    console.press(edit_page(console, client), "Save", **dict.fromkeys(LOGOUT, ""))
    assert console.client(client.client_key).details == {}


def test_invalid_logout_uri_is_named_under_its_field(console):
    client = console.add_client()
    response = console.press(
        edit_page(console, client), "Save", backchannel_logout_uri="http://a.example/back"
    )
    assert response.status_code == 422
    assert 'id="backchannel_logout_uri-error"' in response.text
