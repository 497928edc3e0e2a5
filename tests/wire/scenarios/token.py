"""The token endpoint: five grants, every error, every method of client authentication."""

import time
from typing import Any

from tests.wire.installation import PASSWORD
from tests.wire.recorder import Caller
from tests.wire.run import ASSERTION_TYPE, RegisteredClient, Run, basic, redirect_parameters

TOKEN = "/oauth2/token"


def play(run: Run) -> None:
    """Request tokens with every grant, valid and invalid."""
    caller = run.caller()
    _codes(run, caller)
    _refreshes(run, caller)
    _passwords(run, caller)
    _client_credentials(run, caller)
    _requests(run, caller)
    _authentication(run, caller)
    _assertions(run, caller)
    _rejected_clients(run, caller)


def _codes(run: Run, caller: Caller) -> None:
    web, trusted, loose = run.clients["web"], run.clients["trusted"], run.clients["loose"]

    def redeem(title: str, client: RegisteredClient, value: str, **changes: str | None) -> None:
        caller.post(f"code: {title}", TOKEN, run.redemption(client, value, **changes), headers=client.basic)

    code = run.code(web)
    redeem("success", web, code)
    redeem("replayed", web, code)
    redeem("offline access", trusted, run.code(trusted, scope="openid offline_access", max_age="100"))
    redeem(
        "all scopes, acr and nonce", trusted, run.code(trusted, scope="openid profile email address phone")
    )
    redeem("claims by name", trusted, run.code(trusted, scope="openid email", claims=_CLAIMS))
    redeem("without openid", run.clients["code"], run.code(run.clients["code"], scope="profile", nonce=None))
    redeem("two resources", trusted, _code_for_resources(run, trusted))
    narrowed = run.redemption(trusted, _code_for_resources(run, trusted)) | {
        "resource": "https://api.example/"
    }
    caller.post("code: narrowed to one resource", TOKEN, narrowed, headers=trusted.basic)
    wider = run.redemption(trusted, run.code(trusted, resource="https://api.example/"))
    wider |= {"resource": "https://files.example/"}
    caller.post("code: invalid_target", TOKEN, wider, headers=trusted.basic)
    redeem("signed with other algorithms", run.clients["signed"], run.code(run.clients["signed"]))
    redeem("pairwise", run.clients["pairwise"], run.code(run.clients["pairwise"]))
    redeem(
        "without PKCE",
        loose,
        run.code(loose, code_challenge=None, code_challenge_method=None),
        code_verifier=None,
    )
    plain = run.code(loose, code_challenge=None, code_challenge_method=None)
    redeem("verifier without challenge", loose, plain)
    public = run.clients["public"]
    form = run.redemption(public, run.code(public)) | {"client_id": public.key}
    caller.post("code: public client", TOKEN, form)
    redeem("unknown", web, "asc_1_" + "A" * 43)
    redeem("malformed", web, "nonsense")
    redeem("missing", web, "", code=None)
    redeem("of another client", run.clients["other"], run.code(web))
    redeem("redirect_uri differs", web, run.code(web), redirect_uri="https://rp.example/other")
    redeem("redirect_uri missing", web, run.code(web), redirect_uri=None)
    redeem("verifier wrong", web, run.code(web), code_verifier="x" * 43)
    redeem("verifier missing", web, run.code(web), code_verifier=None)
    late = run.code(web)
    run.pass_time(61)
    redeem("expired", web, late)
    for path in ("/api/oauth2/token", "/api/oidc/token"):
        caller.post(f"code: success at {path}", path, run.redemption(web, run.code(web)), headers=web.basic)


_CLAIMS = (
    '{"userinfo": {"phone_number": null}, "id_token": {"email": {"essential": true}, "auth_time": null}}'
)


def _code_for_resources(run: Run, client: RegisteredClient) -> str:
    browser = run.browser()
    pairs = [
        *run.request(client).items(),
        ("resource", "https://api.example/"),
        ("resource", "https://files.example/"),
    ]
    return redirect_parameters(browser.get(None, "/oauth2/authorize", query=pairs))["code"]


def _refreshes(run: Run, caller: Caller) -> None:
    web, trusted = run.clients["web"], run.clients["trusted"]

    def refresh(title: str, token: str, client: RegisteredClient = web, **form: str) -> Any:
        sent = {"grant_type": "refresh_token", "refresh_token": token} | form
        return caller.post(f"refresh: {title}", TOKEN, sent, headers=client.basic).get_json()

    first = run.tokens(web, scope="openid profile email")["refresh_token"]
    second = refresh("success", first)["refresh_token"]
    refresh("the predecessor within the grace", first)
    refresh("narrower scope", second, scope="openid")
    refresh("wider scope", run.tokens(web, scope="openid")["refresh_token"], scope="openid profile")
    refresh("malformed scope", run.tokens(web)["refresh_token"], scope='"')
    token = run.tokens(trusted, scope="openid", resource="https://api.example/")["refresh_token"]
    refresh("narrower resource", token, trusted, resource="https://api.example/")
    refresh("wider resource", run.tokens(trusted, resource="https://api.example/")["refresh_token"], trusted,
            resource="https://files.example/")  # fmt: skip
    reused = run.tokens(web)["refresh_token"]
    successor = caller.post(
        None, TOKEN, {"grant_type": "refresh_token", "refresh_token": reused}, headers=web.basic
    )
    run.pass_time(11)
    refresh("reused", reused)
    refresh("of a revoked family", successor.get_json()["refresh_token"])
    refresh("unknown", "asr_1_1." + "A" * 43)
    refresh("malformed", "nonsense")
    caller.post("refresh: missing", TOKEN, {"grant_type": "refresh_token"}, headers=web.basic)
    refresh("of another client", run.tokens(web)["refresh_token"], run.clients["other"])
    public = run.clients["public"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": run.tokens(public)["refresh_token"],
        "client_id": public.key,
    }
    caller.post("refresh: public client", TOKEN, form)
    signed_out = run.browser()
    bound = run.tokens(web, signed_out, scope="openid")["refresh_token"]
    offline = run.tokens(trusted, signed_out, scope="openid offline_access")["refresh_token"]
    signed_out.get(None, "/sign-out")
    signed_out.submit(None, "/sign-out")
    refresh("after signing out", bound)
    refresh("offline, after signing out", offline, trusted)
    late = run.tokens(web)["refresh_token"]
    run.pass_time(15 * 24 * 3600)
    refresh("expired", late)


def _passwords(run: Run, caller: Caller) -> None:
    trusted = run.clients["trusted"]

    def ask(title: str, **changes: str | None) -> None:
        form = {
            "grant_type": "password",
            "username": "alice",
            "password": PASSWORD,
            "scope": "openid profile",
        } | changes
        sent = {name: value for name, value in form.items() if value is not None}
        caller.post(f"password: {title}", TOKEN, sent, headers=trusted.basic)

    ask("success")
    ask("default scope", scope=None)
    ask("offline access", scope="openid offline_access")
    ask("wrong", password="wrong horse battery")
    ask("unknown user", username="nobody")
    ask("username missing", username=None)
    ask("password missing", password=None)
    ask("scope not registered", scope="openid admin")
    ask("resource", resource="https://api.example/")
    ask("resource not registered", resource="https://nowhere.example/")
    ask("resource malformed", resource="nowhere")


def _client_credentials(run: Run, caller: Caller) -> None:
    service = run.clients["service"]

    def ask(title: str, **form: str) -> None:
        sent = {"grant_type": "client_credentials"} | form
        caller.post(f"client credentials: {title}", TOKEN, sent, headers=service.basic)

    ask("success")
    ask("scope", scope="printing")
    ask("unknown scope", scope="admin")
    ask("malformed scope", scope='pri"nting')
    ask("resource", resource="http://localhost")
    ask("unknown resource", resource="https://api.example/")
    ask("resource with fragment", resource="https://api.example/#a")
    many = [("grant_type", "client_credentials"), *(("resource", f"https://{n}.example/") for n in range(21))]
    caller.post("client credentials: too many resources", TOKEN, many, headers=service.basic)


def _requests(run: Run, caller: Caller) -> None:
    service = run.clients["service"]
    good = {"grant_type": "client_credentials"}
    headers = service.basic
    caller.post("request: no grant type", TOKEN, {"scope": "printing"}, headers=headers)
    caller.post("request: unsupported grant type", TOKEN, {"grant_type": "magic"}, headers=headers)
    misprint = {"grant_type": "urb:ietf:params:oauth:grant-type:device_code"}
    caller.post("request: misspelled grant type", TOKEN, misprint, headers=headers)
    caller.post("request: empty", TOKEN, {})
    caller.post("request: no body", TOKEN)
    caller.post(
        "request: repeated",
        TOKEN,
        [*good.items(), ("scope", "printing"), ("scope", "reading")],
        headers=headers,
    )
    caller.post("request: in the query", TOKEN, good, query={"scope": "printing"}, headers=headers)
    caller.post("request: unknown parameter in the query", TOKEN, good, query={"a": "b"}, headers=headers)
    caller.post("request: JSON", TOKEN, json=good, headers=headers)
    text = {"Content-Type": "text/plain", **headers}
    caller.post("request: no form", TOKEN, body=b"grant_type=client_credentials", headers=text)
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    caller.post("request: not UTF-8", TOKEN, body=b"grant_type=\xff", headers=form)
    caller.post("request: not percent-encoded UTF-8", TOKEN, body=b"grant_type=%ff", headers=form)
    caller.post("request: NUL", TOKEN, body=b"grant_type=a%00b", headers=form)
    caller.post("request: too many parameters", TOKEN, [(f"p{n}", "1") for n in range(101)], headers=headers)
    caller.post("request: too large", TOKEN, body=b"a=" + b"b" * 70000, headers=form)
    caller.post("request: length is no number", TOKEN, body=b"", headers={**form, "Content-Length": "x"})
    for method in ("GET", "HEAD", "PUT", "OPTIONS"):
        caller.send(f"request: {method}", method, TOKEN)


def _authentication(run: Run, caller: Caller) -> None:
    service, post, public = run.clients["service"], run.clients["post"], run.clients["public"]
    good = {"grant_type": "client_credentials"}

    def ask(title: str, form: dict[str, str], headers: dict[str, str] | None = None) -> None:
        caller.post(f"authentication: {title}", TOKEN, good | form, headers=headers or {})

    ask("none", {})
    ask("wrong secret", {}, basic(service.key, "wrong"))
    ask("unknown client", {}, basic("nobody", "wrong"))
    ask("other scheme", {}, {"Authorization": "Digest a=b"})
    ask("Basic unreadable", {}, {"Authorization": "Basic ???"})
    ask("Basic without colon", {}, {"Authorization": "Basic YWJj"})
    ask("two methods", {"client_id": service.key, "client_secret": service.secret}, service.basic)
    ask("client_id differs", {"client_id": public.key}, service.basic)
    ask("secret in the body", {"client_id": service.key, "client_secret": service.secret})
    ask("method not registered", {}, post.basic)
    ask("no secret of a confidential client", {"client_id": service.key})
    ask("post, wrong secret", {"client_id": post.key, "client_secret": "wrong"})
    ask("public, client_id alone", {"client_id": public.key})
    ask("unknown client_id alone", {"client_id": "nobody"})
    code = run.redemption(post, run.code(post)) | {"client_id": post.key, "client_secret": post.secret}
    caller.post("authentication: client_secret_post", TOKEN, code)


def _assertions(run: Run, caller: Caller) -> None:
    good = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
    now = int(time.time())
    for name in ("jwt", "keyed"):
        client = run.clients[name]

        def ask(title: str, assertion: str, label: str = name, **form: str) -> None:
            sent = good | {"client_assertion": assertion} | form
            caller.post(f"assertion of {label}: {title}", TOKEN, sent)

        used = run.assertion(client)
        ask("success", used)
        ask("replayed", used)
        ask("audience is the issuer", run.assertion(client, aud=["http://localhost"]))
        ask("other audience", run.assertion(client, aud="https://other.example"))
        ask("expired", run.assertion(client, exp=now - 1))
        ask("expires late", run.assertion(client, exp=now + 10**6))
        ask("not yet valid", run.assertion(client, nbf=now + 1000))
        ask("other issuer", run.assertion(client, iss="other"))
        ask("no subject", run.assertion(client, sub=None))
        ask("unknown subject", run.assertion(client, sub="nobody"))
        ask("no jti", run.assertion(client, jti=None))
        ask("signature wrong", run.assertion(client)[:-8] + "AAAAAAAA")
        ask("malformed", "a.b.c")
        ask("other type", run.assertion(client), client_assertion_type="urn:other")
        ask("client_id too", run.assertion(client), client_id=client.key)
        ask("client_id differs", run.assertion(client), client_id=run.clients["web"].key)
        ask("secret too", run.assertion(client), client_secret="a")


def _rejected_clients(run: Run, caller: Caller) -> None:
    """Try every grant as a client that is not approved, or not registered for it."""
    forms = {
        "authorization_code": {"code": "asc_1_" + "A" * 43, "redirect_uri": "https://rp.example/cb"},
        "refresh_token": {"refresh_token": "asr_1_1." + "A" * 43},
        "password": {"username": "alice", "password": PASSWORD},
        "client_credentials": {},
        "urn:ietf:params:oauth:grant-type:device_code": {"device_code": "asd_1_" + "A" * 43},
    }
    for name in ("pending", "disapproved", "service", "web"):
        for grant, form in forms.items():
            sent = {"grant_type": grant} | form
            caller.post(f"rejected client: {grant} of {name}", TOKEN, sent, headers=run.clients[name].basic)
    public = run.clients["native"]
    form = {"grant_type": "client_credentials", "client_id": public.key}
    caller.post("rejected client: client credentials of a public client", TOKEN, form)
