"""Redirect URIs: which ones can be registered by whom, which cause a warning, and what the explanation is."""

import pytest

from authserver.domain.clients import redirect_uris, registrations
from authserver.domain.clients.redirect_uris import STRICT, UriRules
from authserver.errors import InvalidInput

ADMINISTRATOR = UriRules(is_administrator=True)
PRIVATE = UriRules(http_hosts=("10.0.0.0/8", "fd00::/8", "jazz", ".corp.example"))


def issue(uri: str, rules: UriRules = STRICT) -> tuple[str, str, bool]:
    found = redirect_uris.find_issue(uri, rules)
    return (found.sentence, found.fix, found.is_rejected) if found else ("", "", False)


@pytest.mark.parametrize(
    "uri",
    ["cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github", "oc://android", "cameo://cb", "myapp:/cb"],
)  # fmt: skip
def test_only_administrators_may_allow_a_scheme_without_a_dot(uri: str) -> None:
    sentence, _, is_rejected = issue(uri)
    assert is_rejected
    assert "has no dot" in sentence
    assert "ask an administrator" in sentence
    sentence, _, is_rejected = issue(uri, ADMINISTRATOR)
    assert not is_rejected
    assert "can also claim the scheme" in sentence


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:x",
     "about:blank", "view-source://x", "filesystem:x", "intent://x", "ms-msdt:/id", "search-ms:query", "mailto:a@b",
     "urn:ietf:wg:oauth:2.0:oob"],
)  # fmt: skip
@pytest.mark.parametrize("rules", [STRICT, ADMINISTRATOR])
def test_dangerous_schemes_are_never_allowed(uri: str, rules: UriRules) -> None:
    sentence, fix, is_rejected = issue(uri, rules)
    assert (is_rejected, fix) == (True, "")
    assert "scheme is missing" not in sentence


@pytest.mark.parametrize(
    ("uri", "sentence", "fix"),
    [
        ("app.example.org/cb", "The scheme is missing", "https://app.example.org/cb"),
        ("app.example.org:8443/cb", "The scheme is missing", "https://app.example.org:8443/cb"),
        ("localhost:3000", "The scheme is missing", "https://localhost:3000"),
        ("https:app.example.org", "The host is missing", ""),
        ("https%3A%2F%2Fapp.example%2Fcb", "is percent-encoded", "https://app.example/cb"),
        ("https%253A%252F%252Fapp.example%252Fcb", "is percent-encoded", "https://app.example/cb"),
        ("javascript%3Aalert(1)", "is percent-encoded", ""),
    ],
)
@pytest.mark.parametrize("rules", [STRICT, ADMINISTRATOR])
def test_explanation_names_the_problem(uri: str, sentence: str, fix: str, rules: UriRules) -> None:
    found = issue(uri, rules)
    assert sentence in found[0]
    assert found[1:] == (fix, True)


@pytest.mark.parametrize(
    ("uri", "sentence", "fix"),
    [
        ("https://app.example/cb?code=1", "contains code=", "https://app.example/cb"),
        ("https://app.example/cb?state", "contains state=", "https://app.example/cb"),
        ("https://app.example/cb?a=1&error=x", "contains error=", "https://app.example/cb"),
        ("https://app.example/a%2520b", "encoded twice", "https://app.example/a%20b"),
    ],
)
def test_suspicious_uris_cause_a_warning(uri: str, sentence: str, fix: str) -> None:
    found = issue(uri)
    assert sentence in found[0]
    assert found[1:] == (fix, False)


@pytest.mark.parametrize("rest", ["#x", "../x?code=1", "*"])
@pytest.mark.parametrize("start", ["https://app.example/cb?code=1&", "cursor://app/"])
def test_a_warning_does_not_hide_a_rejection(start: str, rest: str) -> None:
    if start.startswith("https") and rest == "../x?code=1":
        start = "https://app.example/"
    assert issue(start + rest, ADMINISTRATOR)[2]


@pytest.mark.parametrize(
    ("uri", "is_accepted"),
    [
        ("http://10.1.2.3:9080/cb", True),
        ("http://[fd00::1]/cb", True),
        ("http://jazz:9443/cb", True),
        ("http://app.corp.example/cb", True),
        ("http://11.1.2.3/cb", False),
        ("http://jazz.example/cb", False),
        ("http://corp.example/cb", False),
        ("http://evilcorp.example/cb", False),
        ("http://10.1.2.3.evil.example/cb", False),
        ("http://jazz@evil.example/cb", False),
        ("http://169.254.1.1/cb", False),
    ],
)
def test_http_is_accepted_where_the_setting_allows_it(uri: str, is_accepted: bool) -> None:
    assert issue(uri)[2]
    assert issue(uri, PRIVATE)[2] is not is_accepted


def test_localhost_accepts_any_port_like_a_loopback_address() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        registered = (f"http://{host}:3000/cb",)
        assert redirect_uris.is_registered(f"http://{host}:49152/cb", registered)
        assert not redirect_uris.is_registered(f"http://{host}:49152/other", registered)
        assert not redirect_uris.is_registered(f"https://{host}:49152/cb", registered)
    assert not redirect_uris.is_registered("http://localhost.evil.example:1/cb", ("http://localhost/cb",))
    assert not redirect_uris.is_registered("http://127.0.0.1/cb", ("http://localhost/cb",))


@pytest.mark.parametrize("name", ["redirect_uris", "post_logout_redirect_uris"])
def test_repeated_uri_counts_once(name: str) -> None:
    uri = "https://app.example/cb"
    given = {"kind": "oidc", "name": "App", "redirect_uris": [uri], name: [uri] * 60}
    assert getattr(registrations.validate(given), name) == (uri,)


def test_registered_uris_stay_valid_when_the_rules_become_stricter() -> None:
    given = {"kind": "oidc", "name": "App", "redirect_uris": ["cursor://app/cb"]}
    client = registrations.validate(given, uri_rules=ADMINISTRATOR)
    columns = registrations.columns_of_metadata(client)
    row = type("Row", (), columns)
    assert registrations.validate_change(row, {"name": "New"}).redirect_uris == ("cursor://app/cb",)
    with pytest.raises(InvalidInput):
        registrations.validate_change(row, {"post_logout_redirect_uris": ["cursor://app/cb"]})


@pytest.mark.parametrize("name", ["backchannel_logout_uri", "frontchannel_logout_uri"])
@pytest.mark.parametrize("uri", ["http://10.1.2.3/out", "cursor://app/out"])
def test_exceptions_do_not_apply_to_logout_urls(name: str, uri: str) -> None:
    given = {"kind": "oidc", "name": "App", "redirect_uris": [uri], name: uri}
    rules = UriRules(is_administrator=True, http_hosts=("10.0.0.0/8",))
    with pytest.raises(InvalidInput) as rejected:
        registrations.validate(given, uri_rules=rules)
    assert set(rejected.value.fields) == {name}
    assert "Enter an https:// URL" in rejected.value.fields[name]


@pytest.mark.parametrize("name", ["backchannel_logout_uri", "frontchannel_logout_uri"])
def test_logout_urls_may_have_any_query_parameter(name: str) -> None:
    uri = "https://app.example/out?state=1&code=2"
    given = {"kind": "oidc", "name": "App", "redirect_uris": [uri], name: uri}
    assert getattr(registrations.validate(given), name) == uri


@pytest.mark.parametrize(
    ("uri", "is_twice"),
    [
        ("https%3A%2F%2Fapp.example%2Fcb%3Fa%3Db%2520c", True),
        ("https://app.example/cb%3Fa=b%2520c", True),
        ("https%3A%2F%2Fother.example%2F", True),
        ("https://app.example/cb?a=b%20c", False),
        ("https://other.example/a%20b", False),
        ("", False),
    ],
)
def test_double_encoding_is_recognized(uri: str, is_twice: bool) -> None:
    assert redirect_uris.is_encoded_twice(uri, ("https://app.example/cb?a=b%20c",)) is is_twice


def test_every_bad_uri_is_named_with_its_position() -> None:
    uris = ["http://a.example/", "https://good.example/", "https://*.example/", "http://a.example/"]
    lines = str(redirect_uris.list_error(uris)).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "URI 1, http://a.example/",
        "URI 3, https://*.example/",
    ]
    assert redirect_uris.list_error(uris, known=[uris[0], uris[2]]) is None


def test_single_bad_uri_has_no_position() -> None:
    assert str(redirect_uris.list_error(["http://a.example/"])).startswith(
        "http://a.example/: http:// is accepted"
    )


def test_every_uri_that_is_unsafe_for_tokens_is_named() -> None:
    uris = ["http://127.0.0.1/cb", "https://good.example/", "https://localhost/cb"]
    assert [line[:6] for line in str(redirect_uris.web_error(uris)).splitlines()] == ["URI 1,", "URI 3,"]
