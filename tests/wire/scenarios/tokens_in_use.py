"""Introspection, revocation and userinfo: tokens of every kind, in every state."""

from tests.wire.installation import PASSWORD
from tests.wire.recorder import Caller
from tests.wire.run import ASSERTION_TYPE, RegisteredClient, Run, basic, bearer

INTROSPECT, REVOKE, USERINFO = "/oauth2/introspect", "/oauth2/revoke", "/oidc/userinfo"
_UNKNOWN = "asa_1_" + "A" * 43


def play(run: Run) -> None:
    """Use tokens, and invalidate them in every way."""
    caller = run.caller()
    _introspection(run, caller)
    _revocation(run, caller)
    _userinfo(run, caller)
    _common_errors(run, caller, INTROSPECT)
    _common_errors(run, caller, REVOKE)
    _ends(run, caller)


def _introspect(caller: Caller, title: str, client: RegisteredClient, token: str, **form: str) -> None:
    caller.post(f"introspection: {title}", INTROSPECT, {"token": token} | form, headers=client.basic)


def _introspection(run: Run, caller: Caller) -> None:
    web, trusted, service, resource = (
        run.clients[name] for name in ("web", "trusted", "service", "resource")
    )
    tokens = run.tokens(trusted, scope="openid profile offline_access", claims='{"id_token": {"acr": null}}')
    _introspect(caller, "access token", trusted, tokens["access_token"])
    _introspect(
        caller, "access token with hint", trusted, tokens["access_token"], token_type_hint="access_token"
    )
    _introspect(caller, "refresh token", trusted, tokens["refresh_token"])
    _introspect(caller, "ID token", trusted, tokens["id_token"])
    _introspect(caller, "of another client", web, tokens["access_token"])
    _introspect(caller, "refresh token of another client", web, tokens["refresh_token"])
    for_api = run.tokens(trusted, resource="https://api.example/")["access_token"]
    _introspect(caller, "by its resource server", resource, for_api)
    _introspect(caller, "by its own client", trusted, for_api)
    _introspect(caller, "by a resource server for which it is not meant", resource, tokens["access_token"])
    own = caller.post(
        None, "/oauth2/token", {"grant_type": "client_credentials"}, headers=service.basic
    ).get_json()
    _introspect(caller, "client credentials", service, own["access_token"])
    pairwise, signed = run.clients["pairwise"], run.clients["signed"]
    _introspect(caller, "pairwise", pairwise, run.tokens(pairwise)["access_token"])
    _introspect(caller, "JWT access token", signed, run.tokens(signed)["access_token"])
    _introspect(caller, "unknown", web, _UNKNOWN)
    _introspect(caller, "malformed", web, "nonsense")
    public = run.clients["public"]
    caller.post("introspection: public client", INTROSPECT, {"token": _UNKNOWN, "client_id": public.key})
    keyed = run.clients["keyed"]
    form = {
        "token": _UNKNOWN,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": run.assertion(keyed),
    }
    caller.post("introspection: private_key_jwt", INTROSPECT, form)


def _revocation(run: Run, caller: Caller) -> None:
    web, other, trusted = run.clients["web"], run.clients["other"], run.clients["trusted"]

    def revoke(title: str, client: RegisteredClient, token: str, **form: str) -> None:
        caller.post(f"revocation: {title}", REVOKE, {"token": token} | form, headers=client.basic)

    tokens = run.tokens(web)
    revoke("of another client", other, tokens["access_token"])
    revoke("refresh token of another client", other, tokens["refresh_token"])
    revoke("access token", web, tokens["access_token"], token_type_hint="refresh_token")
    revoke("access token again", web, tokens["access_token"])
    _introspect(caller, "revoked access token", web, tokens["access_token"])
    caller.get("userinfo: revoked", USERINFO, headers=bearer(tokens["access_token"]))
    _introspect(caller, "refresh token beside it", web, tokens["refresh_token"])
    fresh = run.tokens(trusted)
    revoke("refresh token", trusted, fresh["refresh_token"])
    _introspect(caller, "revoked refresh token", trusted, fresh["refresh_token"])
    _introspect(caller, "access token of a revoked authorization", trusted, fresh["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": fresh["refresh_token"]}
    caller.post("revoked refresh token at the token endpoint", "/oauth2/token", form, headers=trusted.basic)
    revoke("unknown", web, _UNKNOWN)
    revoke("malformed", web, "nonsense")
    public = run.clients["public"]
    form = {"token": run.tokens(public)["access_token"], "client_id": public.key}
    caller.post("revocation: public client", REVOKE, form)


def _common_errors(run: Run, caller: Caller, path: str) -> None:
    web = run.clients["web"]
    name = path.rpartition("/")[2]
    form = {"token": _UNKNOWN}
    caller.post(f"{name}: no authentication", path, form)
    caller.post(f"{name}: wrong secret", path, form, headers=basic(web.key, "wrong"))
    caller.post(f"{name}: token missing", path, {}, headers=web.basic)
    caller.post(f"{name}: repeated", path, [("token", "a"), ("token", "b")], headers=web.basic)
    caller.post(f"{name}: in the query", path, {}, query=form, headers=web.basic)
    caller.post(f"{name}: JSON", path, json=form, headers=web.basic)
    caller.post(f"{name}: pending client", path, form, headers=run.clients["pending"].basic)
    caller.post(f"{name}: disapproved client", path, form, headers=run.clients["disapproved"].basic)
    caller.post(f"{name}: too large", path, body=b"token=" + b"b" * 70000, headers={
        "Content-Type": "application/x-www-form-urlencoded", **web.basic,
    })  # fmt: skip
    caller.get(f"{name}: GET", path, headers=web.basic)


def _userinfo(run: Run, caller: Caller) -> None:
    trusted, service = run.clients["trusted"], run.clients["service"]
    token = run.tokens(trusted, scope="openid profile email address phone")["access_token"]
    caller.get("userinfo: all claims", USERINFO, headers=bearer(token))
    caller.send("userinfo: HEAD", "HEAD", USERINFO, headers=bearer(token))
    caller.post("userinfo: POST, header", USERINFO, headers=bearer(token))
    caller.post("userinfo: POST, body", USERINFO, {"access_token": token})
    caller.get(
        "userinfo: scheme in lower case",
        USERINFO,
        headers={"Authorization": f"bearer {token}"},
        is_brief=True,
    )
    caller.get(
        "userinfo: openid alone",
        USERINFO,
        headers=bearer(run.tokens(trusted, scope="openid")["access_token"]),
    )
    by_name = run.tokens(
        trusted, scope="openid email phone", claims='{"userinfo": {"name": null, "phone_number": null}}'
    )
    caller.get("userinfo: claims by name", USERINFO, headers=bearer(by_name["access_token"]))
    signed, pairwise = run.clients["signed"], run.clients["pairwise"]
    caller.get("userinfo: signed", USERINFO, headers=bearer(run.tokens(signed)["access_token"]))
    caller.get("userinfo: pairwise", USERINFO, headers=bearer(run.tokens(pairwise)["access_token"]))
    caller.get("userinfo: no token", USERINFO)
    caller.post("userinfo: POST without token", USERINFO, {})
    caller.get("userinfo: other scheme", USERINFO, headers=trusted.basic)
    caller.get("userinfo: unknown", USERINFO, headers=bearer(_UNKNOWN))
    caller.get("userinfo: malformed", USERINFO, headers=bearer("nonsense"))
    caller.get("userinfo: empty", USERINFO, headers={"Authorization": "Bearer "})
    caller.get("userinfo: two in the header", USERINFO, headers=bearer(f"{token}, Bearer {token}"))
    caller.post("userinfo: two in the body", USERINFO, [("access_token", token), ("access_token", "b")])
    caller.get("userinfo: in the query", USERINFO, query={"access_token": token})
    caller.post("userinfo: in two places", USERINFO, {"access_token": token}, headers=bearer(token))
    caller.send("userinfo: PUT", "PUT", USERINFO, headers=bearer(token))
    code = run.clients["code"]
    plain = run.tokens(code, scope="profile", nonce=None)["access_token"]
    caller.get("userinfo: without openid", USERINFO, headers=bearer(plain))
    for_api = run.tokens(trusted, resource="https://api.example/")["access_token"]
    caller.get("userinfo: meant for another", USERINFO, headers=bearer(for_api))
    for_us = run.tokens(trusted, resource="http://localhost")["access_token"]
    caller.get("userinfo: meant for this server by name", USERINFO, headers=bearer(for_us))
    own = caller.post(
        None, "/oauth2/token", {"grant_type": "client_credentials"}, headers=service.basic
    ).get_json()
    caller.get("userinfo: of no user", USERINFO, headers=bearer(own["access_token"]))
    openid = {"grant_type": "client_credentials", "scope": "openid"}
    caller.post("client credentials: openid", "/oauth2/token", openid, headers=trusted.basic)
    run.pass_time(901)
    caller.get("userinfo: expired", USERINFO, headers=bearer(token))
    _introspect(caller, "expired", trusted, token)


def _ends(run: Run, caller: Caller) -> None:
    """Disable an account, disapprove a client and end a session while their tokens and codes are valid."""
    web = run.clients["web"]

    def show(title: str, access: str, refresh: str, code: str) -> None:
        caller.get(f"{title}: userinfo", USERINFO, headers=bearer(access))
        _introspect(caller, title, web, access)
        _introspect(caller, f"{title}, refresh", web, refresh)
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        caller.post(f"{title}: refresh", "/oauth2/token", form, headers=web.basic)
        caller.post(f"{title}: code", "/oauth2/token", run.redemption(web, code), headers=web.basic)

    def issue() -> tuple[str, str, str]:
        browser = run.browser("charlie")
        tokens = run.tokens(web, browser)
        return tokens["access_token"], tokens["refresh_token"], run.code(web, browser)

    command = run.installation.command
    issued = issue()
    command("users", "disable", "charlie")
    show("user disabled", *issued)
    command("users", "enable", "charlie")
    show("user enabled again", *issued)
    issued = issue()
    command("users", "set-password", "charlie", "--password-stdin", stdin=PASSWORD)
    show("password changed", *issued)
    issued = issue()
    command("clients", "disapprove", web.key)
    show("client disapproved", *issued)
    command("clients", "approve", web.key)
    show("client approved again", *issued)
    issued = issue()
    command("clients", "edit", web.key, "--scope", "openid")
    show("scopes withdrawn", *issued)
    command("clients", "edit", web.key, "--scope", "openid profile email address phone offline_access")
