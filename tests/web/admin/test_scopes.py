"""Settings > Scopes: define, change, remove; discovery and the trail follow."""


def supported(console):
    return console.get("/.well-known/openid-configuration").get_json()["scopes_supported"]


def define(console, name="models.read", words="Read your models", **more):
    return console.press(console.get("/admin/settings/scopes/new"), "Save", name=name, words=words, **more)


def test_a_scope_is_defined(console, trail):
    answer = define(console)
    assert answer.status_code == 303
    page = console.get("/admin/settings/scopes")
    assert "models.read" in page.text
    assert "Read your models" in page.text
    assert "models.read" in supported(console)
    assert trail()[0].event == "scope:add"


def test_wrong_input_is_shown_where_it_is(console):
    answer = define(console, name="two words", words="")
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text or "name-error" in answer.text
    assert define(console, name="openid").status_code == 422
    define(console)
    assert "defined already" in define(console).text


def test_a_scope_is_changed(console):
    define(console)
    page = console.get("/admin/settings/scopes/edit?name=models.read")
    assert console.press(page, "Save", words="See your models", open="1").status_code == 303
    text = console.get("/admin/settings/scopes").text
    assert "See your models" in text
    assert "Every client" in text


def test_a_scope_is_removed(console, trail):
    define(console)
    page = console.get("/admin/settings/scopes/remove?name=models.read")
    assert console.press(page, "Remove").status_code == 303
    assert "models.read" not in supported(console)
    assert trail()[0].event == "scope:remove"


def test_an_unknown_scope_is_not_found(console):
    assert console.get("/admin/settings/scopes/edit?name=nothing").status_code == 404
