"""OAuth 1.0a: the complete flow, every problem code, requested consumer keys, and verification for resource servers."""

import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.jwk import RSAKey
from oauthlib import oauth1
from werkzeug.test import TestResponse

from tests.wire.installation import PASSWORD
from tests.wire.recorder import FORM, Caller
from tests.wire.run import RegisteredClient, Run, basic

ORIGIN = "http://localhost"
CALLBACK = "https://tool.example/back"
REQUEST, ACCESS, WHOAMI, VERIFY = (
    "/oauth/requestToken",
    "/oauth/accessToken",
    "/oauth/whoami",
    "/oauth/verify",
)


@dataclass(frozen=True)
class Consumer:
    """A consumer and the token that it signs with."""

    key: str
    secret: str
    token: str | None = None
    token_secret: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def sign(self, verb: str, path: str, **more: Any) -> tuple[str, dict[str, str], str]:
        """Return the signed URL, headers and body."""
        place = more.pop("signature_type", "AUTH_HEADER")
        form = more.pop("form", None)
        signer = oauth1.Client(
            self.key, client_secret=self.secret, resource_owner_key=self.token, resource_owner_secret=self.token_secret,
            signature_type=place, **(self.more | more),
        )  # fmt: skip
        has_form = form is not None or place == "BODY"
        headers = {"Content-Type": FORM} if has_form else {}
        url, signed, body = signer.sign(
            ORIGIN + path, verb, body=urlencode(form or {}) if has_form else None, headers=headers
        )
        return url.removeprefix(ORIGIN), signed, body or ""

    def send(self, caller: Caller, title: str | None, verb: str, path: str, **more: Any) -> TestResponse:
        """Sign a request and send it."""
        url, headers, body = self.sign(verb, path, **more)
        return caller.send(title, verb, url, headers=headers, body=body.encode())

    def with_token(self, answer: TestResponse) -> "Consumer":
        """Return the consumer with the credentials from a response."""
        assert answer.status_code == 200, answer.text
        pairs = dict(parse_qsl(answer.text))
        return replace(self, token=pairs["oauth_token"], token_secret=pairs["oauth_token_secret"])


def play(run: Run) -> None:
    """Sign requests."""
    caller = run.caller()
    tool, weak = _add(run, "tool"), _add(run, "core 1.0", "--allow-oauth-1.0")
    _complete_flow(run, caller, tool)
    _core_1_0(run, caller, weak)
    _request_errors(run, caller, tool)
    _exchange_errors(run, caller, tool)
    _access_errors(run, caller, tool)
    _without_tokens(run, caller, tool)
    _verification(run, caller, tool)
    _public_keys(run, caller)
    _keys(run)
    _pages(run, caller, tool)


def _add(run: Run, name: str, *options: str, approve: bool = True) -> Consumer:
    client = run.add_client(name, "oauth1", redirect_uri=CALLBACK, approve=approve, more=options)
    return Consumer(client.key, client.secret)


def _temporary(caller: Caller, consumer: Consumer, callback: str | None = CALLBACK) -> Consumer:
    return consumer.with_token(consumer.send(caller, None, "POST", REQUEST, callback_uri=callback))


def _verifier(run: Run, consumer: Consumer, **query: str) -> str:
    browser = run.browser()
    browser.get(None, "/oauth/authorize", query={"oauth_token": consumer.token or ""} | query)
    page = browser.follow()
    if page.status_code == 200:
        browser.submit(None, "/oauth/consent", decision="allow")
        page = browser.follow()
    return dict(parse_qsl(urlsplit(page.location).query)).get("oauth_verifier", "")


def _access(run: Run, caller: Caller, consumer: Consumer) -> Consumer:
    temporary = _temporary(caller, consumer)
    verifier = _verifier(run, temporary)
    return temporary.with_token(temporary.send(caller, None, "POST", ACCESS, verifier=verifier))


def _complete_flow(run: Run, caller: Caller, tool: Consumer) -> None:
    answer = tool.send(caller, "request token: success", "POST", REQUEST, callback_uri=CALLBACK)
    temporary = tool.with_token(answer)
    tool.send(caller, "request token: GET", "GET", REQUEST, callback_uri=CALLBACK)
    tool.send(
        caller, "request token: in the query", "GET", REQUEST, callback_uri=CALLBACK, signature_type="QUERY"
    )
    tool.send(
        caller, "request token: in the body", "POST", REQUEST, callback_uri=CALLBACK, signature_type="BODY"
    )
    for method in ("HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"):
        tool.send(
            caller,
            f"request token: {method}",
            "POST",
            REQUEST,
            callback_uri=CALLBACK,
            signature_method=method,
        )
    browser = run.caller()
    browser.get("authorize: signed out", "/oauth/authorize", query={"oauth_token": temporary.token or ""})
    browser.follow("authorize: sign-in page")
    browser.submit("authorize: signed in", "/sign-in", username="alice", password=PASSWORD)
    browser.follow("authorize: consent page")
    page = browser.page
    browser.submit("authorize: allowed", "/oauth/consent", decision="allow")
    browser.page = page
    back = browser.submit("authorize: allowed again", "/oauth/consent", decision="allow")
    verifier = dict(parse_qsl(urlsplit(back.location).query))["oauth_verifier"]
    access = temporary.with_token(
        temporary.send(caller, "access token: success", "POST", ACCESS, verifier=verifier)
    )
    temporary.send(caller, "access token: used", "POST", ACCESS, verifier=verifier)
    for verb in ("GET", "POST"):
        access.send(caller, f"whoami: {verb}", verb, WHOAMI)
    access.send(caller, "whoami: in the query", "GET", f"{WHOAMI}?a=b", signature_type="QUERY")
    access.send(caller, "whoami: with a form", "POST", WHOAMI, form={"a": "b"})
    access.send(caller, "whoami: HEAD", "HEAD", WHOAMI)
    second = _temporary(caller, tool)
    browser.get(
        "authorize: consent remembered", "/oauth/authorize", query={"oauth_token": second.token or ""}
    )
    run.installation.command(
        "clients", "edit", tool.key, "--redirect-uri", CALLBACK, "--redirect-uri", f"{CALLBACK}?c=d"
    )
    third = _temporary(caller, tool, f"{CALLBACK}?c=d")
    browser.get(
        "authorize: callback with a query", "/oauth/authorize", query={"oauth_token": third.token or ""}
    )
    typed = _temporary(caller, tool, "oob")
    browser.get("authorize: out of band", "/oauth/authorize", query={"oauth_token": typed.token or ""})
    refused = _temporary(caller, tool)
    stranger = run.caller()
    stranger.get(None, "/oauth/authorize", query={"oauth_token": refused.token or ""})
    stranger.get("authorize: cancelled", "/oauth/cancel", query={"oauth_token": refused.token or ""})
    refused.send(caller, "access token: user_refused", "POST", ACCESS, verifier="a")
    fresh = run.browser("bob")
    denied = _temporary(caller, tool)
    fresh.get(None, "/oauth/authorize", query={"oauth_token": denied.token or ""})
    fresh.submit("authorize: denied", "/oauth/consent", decision="deny")


def _core_1_0(run: Run, caller: Caller, weak: Consumer) -> None:
    answer = weak.send(caller, "core 1.0: request token", "GET", REQUEST)
    temporary = weak.with_token(answer)
    browser = run.browser()
    query = {"oauth_token": temporary.token or "", "oauth_callback": CALLBACK}
    browser.get("core 1.0: authorize", "/oauth/authorize", query=query)
    browser.submit("core 1.0: allowed", "/oauth/consent", decision="allow")
    temporary.send(caller, "core 1.0: access token", "GET", ACCESS)
    other = _temporary(caller, weak, None)
    query = {"oauth_token": other.token or "", "oauth_callback": "https://tool.example/other"}
    browser.get("core 1.0: callback not registered", "/oauth/authorize", query=query)
    browser.get("core 1.0: no callback", "/oauth/authorize", query={"oauth_token": other.token or ""})


def _request_errors(run: Run, caller: Caller, tool: Consumer) -> None:
    now = int(time.time())
    pending, disapproved = _add(run, "pending consumer", approve=False), _add(run, "disapproved consumer")
    run.installation.command("clients", "disapprove", disapproved.key)

    def ask(title: str, consumer: Consumer = tool, **more: Any) -> None:
        consumer.send(
            caller, f"request token: {title}", "POST", REQUEST, **({"callback_uri": CALLBACK} | more)
        )

    ask("consumer_key_unknown", replace(tool, key="nobody"))
    ask("consumer_key_refused", pending)
    ask("consumer_key_rejected", disapproved)
    ask("signature_invalid", replace(tool, secret="wrong"))
    ask("timestamp_refused, behind", timestamp=str(now - 1000))
    ask("timestamp_refused, ahead", timestamp=str(now + 1000))
    ask("timestamp malformed", timestamp="soon")
    ask("callback missing", callback_uri=None)
    ask("callback not registered", callback_uri="https://tool.example/other")
    ask("callback malformed", callback_uri="nowhere")
    url, headers, _ = tool.sign("POST", REQUEST, callback_uri=CALLBACK, nonce="the-nonce", timestamp=str(now))
    caller.send("request token: nonce new", "POST", url, headers=headers)
    caller.send("request token: nonce_used", "POST", url, headers=headers)
    good = headers["Authorization"]
    broken = {
        "version_rejected": good.replace('oauth_version="1.0"', 'oauth_version="2.0"'),
        "signature_method_rejected": good.replace("HMAC-SHA1", "MAGIC"),
        "signature method not allowed": good.replace("HMAC-SHA1", "RSA-SHA1"),
        "parameter_absent": 'OAuth oauth_version="1.0"',
        "parameter repeated": f'{good}, oauth_nonce="b"',
        "realm twice": 'OAuth realm="a", realm="b"',
        "malformed header": "OAuth a=b",
        "other scheme": "Bearer a",
        "not encoded": 'OAuth oauth_nonce="%zz"',
    }
    for title, header in broken.items():
        caller.post(f"request token: {title}", REQUEST, headers={"Authorization": header})
    caller.post("request token: nothing", REQUEST)
    caller.post("request token: two places", REQUEST, {"oauth_nonce": "a"}, headers={"Authorization": good})
    caller.post("request token: form not UTF-8", REQUEST, body=b"a=%ff", headers={"Content-Type": FORM})
    caller.post(
        "request token: too large", REQUEST, body=b"a=" + b"b" * 70000, headers={"Content-Type": FORM}
    )
    caller.send("request token: PUT", "PUT", REQUEST)
    caller.post("request token: key of an OAuth 2.0 client", REQUEST, headers={
        "Authorization": good.replace(tool.key, run.clients["web"].key),
    })  # fmt: skip


def _exchange_errors(run: Run, caller: Caller, tool: Consumer) -> None:
    temporary = _temporary(caller, tool)
    temporary.send(caller, "access token: permission_unknown", "POST", ACCESS, verifier="a")
    verifier = _verifier(run, temporary)
    temporary.send(caller, "access token: verifier_invalid", "POST", ACCESS, verifier="wrong")
    temporary.send(caller, "access token: verifier missing", "POST", ACCESS)
    wrong = replace(temporary, token_secret="wrong")
    wrong.send(caller, "access token: signature_invalid", "POST", ACCESS, verifier=verifier)
    other = _add(run, "other consumer")
    stolen = replace(other, token=temporary.token, token_secret=temporary.token_secret)
    stolen.send(caller, "access token: of another consumer", "POST", ACCESS, verifier=verifier)
    unknown = replace(tool, token="ast_1_" + "A" * 43, token_secret="a")
    unknown.send(caller, "access token: token_rejected", "POST", ACCESS, verifier=verifier)
    tool.send(caller, "access token: no token", "POST", ACCESS, verifier=verifier)
    for _ in range(12):
        temporary.send(caller, None, "POST", ACCESS, verifier="wrong")
    temporary.send(caller, "access token: too many verifiers", "POST", ACCESS, verifier=verifier)
    late = _temporary(caller, tool)
    verifier = _verifier(run, late)
    run.pass_time(601)
    late.send(caller, "access token: token_expired", "POST", ACCESS, verifier=verifier)
    held = _temporary(caller, tool)
    verifier = _verifier(run, held)
    run.installation.command("clients", "disapprove", tool.key)
    held.send(caller, "access token: consumer disapproved", "POST", ACCESS, verifier=verifier)
    run.installation.command("clients", "approve", tool.key)
    held.send(caller, "access token: token_revoked", "POST", ACCESS, verifier=verifier)


def _access_errors(run: Run, caller: Caller, tool: Consumer) -> None:
    access = _access(run, caller, tool)
    caller.get("whoami: not signed", WHOAMI)
    caller.get("whoami: bearer", WHOAMI, headers={"Authorization": "Bearer a"})
    replace(access, token="aso_1_" + "A" * 43).send(caller, "whoami: unknown token", "GET", WHOAMI)
    replace(access, token_secret="wrong").send(caller, "whoami: signature_invalid", "GET", WHOAMI)
    url, headers, _ = access.sign("GET", WHOAMI)
    caller.get(None, url, headers=headers)
    caller.get("whoami: nonce_used", url, headers=headers)
    caller.post("whoami: signed for another method", url, headers=headers)
    access.send(caller, "whoami: timestamp_refused", "GET", WHOAMI, timestamp=str(int(time.time()) - 1000))
    access.send(caller, "whoami: PUT", "PUT", WHOAMI)
    run.pass_time(7201)
    access.send(caller, "whoami: expired", "GET", WHOAMI)
    held = _access(run, caller, tool)
    run.installation.command("clients", "disapprove", tool.key)
    held.send(caller, "whoami: consumer disapproved", "GET", WHOAMI)
    run.installation.command("clients", "approve", tool.key)
    held.send(caller, "whoami: revoked", "GET", WHOAMI)


def _without_tokens(run: Run, caller: Caller, tool: Consumer) -> None:
    tool.send(caller, "two-legged: permission_denied", "GET", WHOAMI)
    administrator = run.browser("admin")
    path = f"/admin/clients/{tool.key}/oauth1"
    administrator.get(None, path)
    administrator.submit("two-legged: functional user set in the console", path, functional_user="bob")
    tool.send(caller, "two-legged: success", "GET", WHOAMI)
    replace(tool, token="", token_secret="").send(caller, "two-legged: empty token", "GET", WHOAMI)


def _verification(run: Run, caller: Caller, tool: Consumer) -> None:
    server = run.add_client(
        "verifier", "oauth2", grants=("client_credentials",), redirect_uri="", more=("--may-verify-requests",)
    )
    access = _access(run, caller, tool)

    def ask(title: str, document: Any, client: RegisteredClient = server) -> None:
        caller.post(f"verify: {title}", VERIFY, json=document, headers=client.basic)

    def signed(consumer: Consumer, **more: Any) -> dict[str, Any]:
        _, headers, _ = consumer.sign("GET", "/resource?a=b", **more)
        return {"method": "GET", "url": f"{ORIGIN}/resource?a=b", "authorization": headers["Authorization"]}

    document = signed(access)
    ask("success", document)
    ask("nonce_used", document)
    ask("headers", (given := signed(access)) | {"headers": {"Authorization": given.pop("authorization")}})
    ask("two-legged", signed(tool))
    ask("unknown token", signed(replace(access, token="aso_1_" + "A" * 43)))
    ask("signature_invalid", signed(replace(access, token_secret="wrong")))
    ask("timestamp_refused", signed(access, timestamp=str(int(time.time()) - 1000)))
    ask("consumer unknown", signed(replace(access, key="nobody")))
    ask("not signed", {"method": "GET", "url": f"{ORIGIN}/resource"})
    body = {"method": "POST", "url": f"{ORIGIN}/resource", "body_parameters": {"a": ["b", "c"]}}
    _, headers, _ = access.sign("POST", "/resource", form=[("a", "b"), ("a", "c")])
    ask("form", body | {"authorization": headers["Authorization"]})
    ask("no method", {"url": f"{ORIGIN}/resource"})
    ask("no URL", {"method": "GET"})
    ask("URL malformed", {"method": "GET", "url": "nowhere"})
    ask("two headers", document | {"headers": {"Authorization": "OAuth"}})
    ask("a list", [1])
    ask("no right", document, run.clients["service"])
    ask("pending", document, run.clients["pending"])
    caller.post("verify: no JSON", VERIFY, body=b"{", headers=server.basic)
    caller.post("verify: no authentication", VERIFY, json=document)
    caller.post("verify: wrong secret", VERIFY, json=document, headers=basic(server.key, "wrong"))
    caller.get("verify: GET", VERIFY, headers=server.basic)


def _public_keys(run: Run, caller: Caller) -> None:
    consumer = _add(run, "consumer with a key")
    key = RSAKey.generate_key(2048)
    path, administrator = f"/admin/clients/{consumer.key}/oauth1", run.browser("admin")
    administrator.get(None, path)
    administrator.submit(
        "public key set in the console",
        path,
        public_key=key.as_pem(private=False).decode(),
        signature_methods=["RSA-SHA1", "RSA-SHA256"],
    )
    private = replace(consumer, more={"rsa_key": key.as_pem(private=True).decode()})
    for method in ("RSA-SHA1", "RSA-SHA256", "HMAC-SHA1"):
        private.send(
            caller,
            f"request token: {method}",
            "POST",
            REQUEST,
            callback_uri=CALLBACK,
            signature_method=method,
        )


def _keys(run: Run) -> None:
    caller = run.caller()
    wanted = {"name": "Jazz", "secret": "a long enough secret", "trusted": False}

    def ask(title: str, document: Any) -> TestResponse:
        return caller.post(f"request key: {title}", "/oauth/requestKey", json=document)

    first, second = (ask(title, wanted).get_json()["key"] for title in ("success", "once more"))
    ask("with a user", wanted | {"userId": "alice", "trusted": True, "secretType": "string"})
    ask("no secret", {"name": "Jazz"})
    ask("empty secret", wanted | {"secret": ""})
    ask("no name", {"secret": "a long enough secret"})
    ask("name is a number", wanted | {"name": 1})
    ask("a list", [1])
    ask("too large", wanted | {"name": "a" * 5000})
    ask("too large for any request", wanted | {"name": "a" * 70000})
    caller.post("request key: no JSON", "/oauth/requestKey", body=b"{")
    caller.post("request key: as text", "/oauth/requestKey", body=b'{"name": "Jazz", "secret": "a long secret"}',
                headers={"Content-Type": "text/plain"})  # fmt: skip
    caller.get("request key: GET", "/oauth/requestKey")
    path = "/oauth/approveKey"
    run.caller().get("approve key: signed out", f"{path}?key={first}")
    run.browser().get("approve key: without permission", f"{path}?key={first}")
    administrator = run.browser("admin")
    administrator.get("approve key: unknown", f"{path}?key=nobody")
    administrator.get("approve key: nothing", path)
    administrator.get("approve key: page", f"{path}?key={first}")
    administrator.submit("approve key: bad callback", path, decision="approve", redirect_uris="nowhere")
    administrator.get(None, f"{path}?key={first}")
    page = administrator.page
    administrator.submit("approve key: approved", path, decision="approve", redirect_uris=CALLBACK)
    administrator.page = page
    administrator.submit("approve key: approved again", path, decision="approve", redirect_uris=CALLBACK)
    administrator.get("approve key: decided", f"{path}?key={first}")
    administrator.get(None, f"{path}?key={second}")
    administrator.submit("approve key: removed", path, decision="remove")
    administrator.post("approve key: without CSRF token", path, {"key": first, "decision": "approve"})
    consumer = Consumer(first, wanted["secret"])
    consumer.send(run.caller(), "request token: approved key", "POST", REQUEST, callback_uri=CALLBACK)


def _pages(run: Run, caller: Caller, tool: Consumer) -> None:
    browser = run.browser()
    browser.get("authorize: nothing", "/oauth/authorize")
    browser.get("authorize: unknown token", "/oauth/authorize?oauth_token=ast_1_" + "A" * 43)
    browser.get("authorize: token twice", "/oauth/authorize?oauth_token=a&oauth_token=b")
    browser.get("cancel: nothing", "/oauth/cancel")
    browser.post("consent: without CSRF token", "/oauth/consent", {"oauth_token": "a", "decision": "allow"})
    held = _temporary(caller, tool)
    run.installation.command("clients", "disapprove", tool.key)
    browser.get(
        "authorize: disapproved consumer", "/oauth/authorize", query={"oauth_token": held.token or ""}
    )
    run.installation.command("clients", "approve", tool.key)
    browser.get("authorize: begun before the consumer was disapproved", "/oauth/authorize",
                query={"oauth_token": held.token or ""})  # fmt: skip
