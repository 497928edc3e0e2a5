"""The authorization endpoint: response types and modes, prompts, errors by redirect and by page, sign-in and consent."""

import re

import pyotp

from tests.support.forms import Pairs
from tests.wire.installation import PASSWORD
from tests.wire.recorder import Caller, form_to
from tests.wire.run import RESPONSE_TYPES, RegisteredClient, Run, bearer, redirect_parameters

AUTHORIZE = "/oauth2/authorize"


def play(run: Run) -> None:
    """Send browsers to the endpoint."""
    _response_types(run)
    _sign_in_and_consent(run)
    _prompts(run)
    _redirected_errors(run)
    _page_errors(run)
    _posted(run)
    _second_factor(run)


def _response_types(run: Run) -> None:
    browser, trusted = run.browser(), run.clients["trusted"]
    for response_type in RESPONSE_TYPES:
        for mode in (None, "query", "fragment", "form_post"):
            request = run.request(trusted, response_type=response_type, response_mode=mode)
            browser.get(f"response: {response_type}, {mode or 'default mode'}", AUTHORIZE, query=request)
    for name in ("token", "code"):
        client = run.clients[name]
        for mode in (None, "fragment", "form_post"):
            request = run.request(client, response_type=name, response_mode=mode, scope="profile")
            browser.get(f"response of OAuth 2.0: {name}, {mode or 'default mode'}", AUTHORIZE, query=request)
    browser.get("response at the legacy OpenID Connect path", "/oidc/authorize", query=run.request(trusted))
    words = run.request(trusted, response_type="token id_token code")
    browser.get("response: words in another order", AUTHORIZE, query=words)
    browser.get("response: no state", AUTHORIZE, query=run.request(trusted, state=None))
    strange = run.request(trusted, state='a b&c="d"+ü')
    browser.get("response: strange state", AUTHORIZE, query=strange)
    signed = run.clients["signed"]
    browser.get("response: other algorithms", AUTHORIZE, query=run.request(signed))
    browser.get("response: redirect_uri left out", AUTHORIZE,
                query=run.request(run.clients["code"], redirect_uri=None, scope="profile"))  # fmt: skip


def _sign_in_and_consent(run: Run) -> None:
    run.add_client(
        "consent", "oidc", grants=("authorization_code",), more=("--scope", "openid profile email phone")
    )
    client = run.clients["consent"]
    browser = run.caller()
    browser.get("sign-in: begin", AUTHORIZE, query=run.request(client, ui_locales="de", login_hint="bob"))
    browser.follow("sign-in: page")
    browser.submit("sign-in: wrong password", "/sign-in", username="bob", password="wrong horse battery")
    browser.submit("sign-in: unknown user", "/sign-in", username="nobody", password=PASSWORD)
    browser.submit("sign-in: empty", "/sign-in", username="", password="")
    browser.submit(
        "sign-in: success, remembered", "/sign-in", username="bob", password=PASSWORD, remember="1"
    )
    browser.follow("consent: page")
    page = browser.page
    browser.submit("consent: allow", "/consent", decision="allow")
    browser.page = page
    browser.submit("consent: allow again", "/consent", decision="allow")
    browser.page = page
    browser.submit("consent: deny what was allowed", "/consent", decision="deny")
    browser.get("consent: remembered", AUTHORIZE, query=run.request(client))
    browser.get(
        "consent: more scopes", AUTHORIZE, query=run.request(client, scope="openid profile email phone")
    )
    browser.follow()
    browser.submit("consent: deny", "/consent", decision="deny")
    browser.get("consent: continue after the decision", browser_location(page))
    browser.post(
        "consent: without CSRF token", "/consent", {"interaction": "asi_1_" + "A" * 43, "decision": "allow"}
    )
    browser.get("continue: unknown", "/oauth2/continue?interaction=asi_1_" + "A" * 43)
    browser.get("continue: nothing", "/oauth2/continue")
    browser.get("cancel: nothing", "/oauth2/cancel")
    other = run.caller()
    other.get(None, AUTHORIZE, query=run.request(client, response_mode="form_post"))
    page_of_sign_in = other.follow().text
    cancel = next(
        part.split('"')[0] for part in page_of_sign_in.split('href="') if part.startswith("/oauth2/cancel")
    )
    run.caller().get("cancel: another browser", cancel)
    other.get("cancel: sign-in", cancel)
    other.get("cancel: again", cancel)
    native = run.clients["native"]
    browser.get(
        "consent: native client asks always",
        AUTHORIZE,
        query=run.request(native, redirect_uri="com.example.app:/cb"),
    )
    browser.follow()
    browser.submit("consent: native client, allow", "/consent", decision="allow")


def browser_location(page: object) -> str:
    """Return the URL of the current page, taken from its form."""
    interaction = dict(form_to(page.text, "/consent").fields)["interaction"]  # type: ignore[attr-defined]
    return f"/oauth2/continue?interaction={interaction}"


def _prompts(run: Run) -> None:
    trusted, web = run.clients["trusted"], run.clients["web"]
    stranger, browser = run.caller(), run.browser("bob")
    hint = run.tokens(trusted)["id_token"]

    def ask(title: str, who: Caller, client: RegisteredClient, **changes: str | None) -> None:
        who.get(f"prompt: {title}", AUTHORIZE, query=run.request(client, **changes))

    ask("none, signed out", stranger, trusted, prompt="none")
    ask("none, signed out, form_post", stranger, trusted, prompt="none", response_mode="form_post")
    ask("none, signed out, implicit", stranger, trusted, prompt="none", response_type="id_token token")
    ask("none, without consent", browser, web, prompt="none")
    ask("none, success", browser, trusted, prompt="none")
    ask("none, hint of another user", browser, trusted, prompt="none", id_token_hint=hint)
    ask("hint of another user", browser, trusted, id_token_hint=hint)
    browser.follow("prompt: hint of another user, sign-in page")
    ask("malformed hint", browser, trusted, id_token_hint="a.b.c")
    ask("none, too old", browser, trusted, prompt="none", max_age="0")
    run.pass_time(2)
    ask("none, too old by now", browser, trusted, prompt="none", max_age="1")
    ask("too old", browser, trusted, max_age="1")
    browser.follow("prompt: too old, sign-in page")
    browser.submit("prompt: too old, signed in again", "/sign-in", password=PASSWORD)
    browser.follow("prompt: too old, followed")
    ask("login", browser, trusted, prompt="login")
    ask("select_account", browser, trusted, prompt="select_account")
    ask("consent of a trusted client", browser, trusted, prompt="consent")
    ask("login consent", browser, trusted, prompt="login consent")
    ask("none login", browser, trusted, prompt="none login")
    ask("unknown", browser, trusted, prompt="magic")
    essential = '{"id_token": {"acr": {"essential": true, "values": ["%s"]}}}'
    ask("essential acr that is not supported", browser, trusted, claims=essential % "urn:other")
    strong = essential % "urn:authserver:acr:multi-factor"
    ask("none, acr out of reach", browser, trusted, claims=strong, prompt="none")
    ask("second factor to be set up", browser, trusted, claims=strong)
    browser.follow("prompt: second factor to be set up, page")
    ask(
        "voluntary acr",
        browser,
        trusted,
        acr_values="urn:authserver:acr:multi-factor urn:authserver:acr:password",
    )
    ask(
        "claims of another subject",
        browser,
        trusted,
        prompt="none",
        claims='{"id_token": {"sub": {"value": "a"}}}',
    )


def _redirected_errors(run: Run) -> None:
    trusted, browser = run.clients["trusted"], run.browser()
    wrong: dict[str, dict[str, str | None]] = {
        "response_type missing": {"response_type": None},
        "response_type unsupported": {"response_type": "magic"},
        "response_type of another protocol": {"response_type": "token"},
        "response_mode unknown": {"response_mode": "magic"},
        "query for a token": {"response_type": "token id_token", "response_mode": "query"},
        "scope not registered": {"scope": "profile admin"},
        "scope not registered, with openid": {"scope": "openid admin"},
        "scope malformed": {"scope": 'openid "'},
        "scope missing": {"scope": None},
        "PKCE plain": {"code_challenge_method": "plain"},
        "PKCE method missing": {"code_challenge_method": None},
        "PKCE malformed": {"code_challenge": "short"},
        "nonce missing": {"response_type": "id_token", "nonce": None},
        "openid missing": {"response_type": "id_token", "scope": "profile"},
        "request": {"request": "a.b.c"},
        "request_uri": {"request_uri": "https://rp.example/request"},
        "max_age": {"max_age": "soon"},
        "claims": {"claims": "[]"},
        "claims are no JSON": {"claims": "{"},
        "resource": {"resource": "https://nowhere.example/"},
        "resource malformed": {"resource": "nowhere"},
        "fragment": {"response_type": "code id_token", "prompt": "magic"},
        "form_post": {"response_mode": "form_post", "prompt": "magic"},
    }
    for title, changes in wrong.items():
        browser.get(f"error to the client: {title}", AUTHORIZE, query=run.request(trusted, **changes))
    without_pkce = run.request(run.clients["public"], code_challenge=None, code_challenge_method=None)
    browser.get("error to the client: PKCE missing", AUTHORIZE, query=without_pkce)
    pairs: Pairs = [*run.request(trusted).items(), ("nonce", "again")]
    browser.get("error to the client: repeated", AUTHORIZE, query=pairs)
    browser.get(
        "error to the client: state repeated",
        AUTHORIZE,
        query=[*run.request(trusted).items(), ("state", "b")],
    )
    service = run.clients["other"]
    request = run.request(service, response_type="code id_token")
    browser.get("error to the client: response type not registered", AUTHORIZE, query=request)


def _page_errors(run: Run) -> None:
    trusted, browser = run.clients["trusted"], run.browser()

    def ask(title: str, client: RegisteredClient = trusted, **changes: str | None) -> None:
        browser.get(f"error page: {title}", AUTHORIZE, query=run.request(client, **changes))

    ask("client_id missing", client_id=None)
    ask("client unknown", client_id="nobody")
    ask("redirect_uri missing", redirect_uri=None)
    ask("redirect_uri not registered", redirect_uri="https://rp.example/other")
    ask("pending client", run.clients["pending"])
    ask("disapproved client", run.clients["disapproved"])
    ask("client without redirect URIs", run.clients["service"])
    pairs: Pairs = list(run.request(trusted).items())
    browser.get("error page: client_id repeated", AUTHORIZE, query=[*pairs, ("client_id", "a")])
    browser.get(
        "error page: redirect_uri repeated",
        AUTHORIZE,
        query=[*pairs, ("redirect_uri", "https://rp.example/b")],
    )
    browser.get("error page: nothing", AUTHORIZE)
    browser.get("error page: not UTF-8", f"{AUTHORIZE}?client_id=%ff")
    browser.get("error page: NUL", f"{AUTHORIZE}?client_id=a%00")
    browser.get("error page: too many parameters", AUTHORIZE, query=[(f"p{n}", "1") for n in range(101)])
    for name in ("pending", "web"):
        browser.get(f"approval of the {name} client", f"/approval/{run.clients[name].key}")
    browser.get("approval of no client", "/approval/nobody")


def _posted(run: Run) -> None:
    trusted, browser = run.clients["trusted"], run.browser()
    browser.post("posted request", AUTHORIZE, run.request(trusted))
    browser.get("posted request: continued", browser.page.location if browser.page else "")
    browser.post("posted request at the legacy OpenID Connect path", "/oidc/authorize", run.request(trusted))
    browser.post("posted request: error to the client", AUTHORIZE, run.request(trusted, prompt="magic"))
    browser.post("posted request: error page", AUTHORIZE, run.request(trusted, client_id="nobody"))
    browser.post("posted request: JSON", AUTHORIZE, json=run.request(trusted))
    browser.post("posted request: too large", AUTHORIZE, run.request(trusted, state="a" * 70000))
    browser.post("posted request: in the query and the body", AUTHORIZE, {"scope": "openid"},
                 query=run.request(trusted, scope=None))  # fmt: skip


def _second_factor(run: Run) -> None:
    """Set up an authenticator app, and sign in with it."""
    trusted, browser = run.clients["trusted"], run.browser("charlie")
    browser.get("authenticator: page before", "/account/authenticator")
    page = browser.get("authenticator: set up", "/account/authenticator/set-up").text
    seed = _seed(page)
    browser.submit("authenticator: wrong code", "/account/authenticator/set-up", code="000000")
    browser.submit("authenticator: right code", "/account/authenticator/set-up", code=pyotp.TOTP(seed).now())
    recovery = _recovery_code(browser.page.text if browser.page else "")
    run.pass_time(31)
    strong = '{"id_token": {"acr": {"essential": true, "values": ["urn:authserver:acr:multi-factor"]}}}'
    again = run.caller()
    again.get(None, AUTHORIZE, query=run.request(trusted, claims=strong, max_age="300"))
    again.follow()
    again.submit("second factor: password", "/sign-in", username="charlie", password=PASSWORD)
    again.submit("second factor: wrong code", "/sign-in/code", code="000000")
    code = pyotp.TOTP(seed).now()
    again.submit("second factor: right code", "/sign-in/code", code=code)
    back = again.follow("second factor: followed")
    again.get("second factor: code page after the sign-in", "/sign-in/code")
    form = run.redemption(trusted, redirect_parameters(back)["code"])
    tokens = (
        run.caller().post("second factor: tokens", "/oauth2/token", form, headers=trusted.basic).get_json()
    )
    run.caller().post("second factor: introspection", "/oauth2/introspect", {"token": tokens["access_token"]},
                      headers=trusted.basic)  # fmt: skip
    run.caller().get("second factor: userinfo", "/oidc/userinfo", headers=bearer(tokens["access_token"]))
    password = {"grant_type": "password", "username": "charlie", "password": PASSWORD}
    run.caller().post("second factor: password grant", "/oauth2/token", password, headers=trusted.basic)
    third = run.caller()
    third.get(None, "/sign-in")
    third.submit(None, "/sign-in", username="charlie", password=PASSWORD)
    third.submit("second factor: code used already", "/sign-in/code", code=code)
    third.submit("second factor: recovery code", "/sign-in/code", code=recovery)
    third.get("second factor: signed out", "/sign-out")
    run.caller().get("second factor: nobody is signed in", "/sign-in/code")
    run.installation.command("users", "reset-second-factor", "charlie")


def _seed(page: str) -> str:
    found = re.findall(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b|\b[A-Z2-7]{32}\b", page)
    return found[0].replace(" ", "")


def _recovery_code(page: str) -> str:
    return re.findall(r"\b[BCDFGHJKLMNPQRSTVWXZ]{4}(?:-[BCDFGHJKLMNPQRSTVWXZ]{4})+\b", page)[0]
