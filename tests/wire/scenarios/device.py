"""The device grant: codes, polling, and the page on which the user decides."""

from typing import Any

from tests.wire.recorder import Caller
from tests.wire.run import DEVICE_GRANT, Run

START = "/oauth2/device_authorization"


def play(run: Run) -> None:
    """Connect devices, successfully and unsuccessfully."""
    caller = run.caller()
    run.add_client("device", "oidc", grants=(DEVICE_GRANT, "refresh_token"), redirect_uri="")
    _requests(run, caller)
    _polls(run, caller)
    _page(run)


def _start(run: Run, caller: Caller) -> dict[str, Any]:
    form = {"scope": "openid profile"}
    document: dict[str, Any] = caller.post(None, START, form, headers=run.clients["device"].basic).get_json()
    return document


def _requests(run: Run, caller: Caller) -> None:
    device, native, trusted = (run.clients[name] for name in ("device", "native", "trusted"))
    for path in (START, "/api/oauth2/device_code", "/api/oidc/device_code"):
        caller.post(f"device authorization at {path}", path, {"scope": "openid"}, headers=device.basic)
    caller.post("device authorization: default scope", START, {}, headers=device.basic)
    caller.post("device authorization: public client", START, {"client_id": native.key})
    resource = {"resource": "https://api.example/"}
    caller.post("device authorization: resource", START, resource, headers=trusted.basic)
    caller.post("device authorization: unknown resource", START, resource, headers=device.basic)
    caller.post("device authorization: unknown scope", START, {"scope": "admin"}, headers=device.basic)
    caller.post("device authorization: no authentication", START, {"scope": "openid"})
    caller.post("device authorization: grant not registered", START, {}, headers=run.clients["web"].basic)
    caller.post("device authorization: pending client", START, {}, headers=run.clients["pending"].basic)
    caller.post(
        "device authorization: disapproved client", START, {}, headers=run.clients["disapproved"].basic
    )
    caller.post(
        "device authorization: repeated", START, [("scope", "a"), ("scope", "b")], headers=device.basic
    )
    caller.get("device authorization: GET", START, headers=device.basic)


def _polls(run: Run, caller: Caller) -> None:
    device = run.clients["device"]

    def poll(title: str, code: str, headers: dict[str, str] | None = None, **form: str) -> None:
        sent = {"grant_type": DEVICE_GRANT, "device_code": code} | form
        caller.post(f"poll: {title}", "/oauth2/token", sent, headers=headers or device.basic)

    codes = _start(run, caller)
    poll("pending", codes["device_code"])
    poll("too soon", codes["device_code"])
    run.pass_time(11)
    poll("pending again", codes["device_code"])
    poll("of another client", codes["device_code"], run.clients["trusted"].basic)
    decide(run, codes["user_code"], "allow")
    run.pass_time(11)
    poll("success", codes["device_code"])
    poll("replayed", codes["device_code"])
    denied = _start(run, caller)
    decide(run, denied["user_code"], "deny")
    poll("denied", denied["device_code"])
    late = _start(run, caller)
    run.pass_time(601)
    poll("expired", late["device_code"])
    poll("unknown", "asd_1_" + "A" * 43)
    poll("malformed", "nonsense")
    caller.post("poll: missing", "/oauth2/token", {"grant_type": DEVICE_GRANT}, headers=device.basic)


def decide(run: Run, user_code: str, decision: str) -> None:
    """Type a user code, and decide."""
    browser = run.browser()
    browser.get(None, "/device")
    browser.submit(None, "/device", user_code=user_code)
    browser.submit(None, "/device/decision", decision=decision)


def _page(run: Run) -> None:
    stranger, browser = run.caller(), run.browser()
    stranger.get("device page: signed out", "/device")
    stranger.get("device page: signed out, with a code", "/device?user_code=BCDF-GHJK")
    stranger.follow("device page: signed out, followed")
    browser.get("device page", "/device")
    browser.submit("device page: unknown code", "/device", user_code="BCDF-GHJK")
    browser.submit("device page: no code", "/device", user_code="1")
    code = _start(run, run.caller())["user_code"]
    browser.get("device page: code in the link", f"/device?user_code={code}")
    browser.get(
        "device page: link of another site",
        f"/device?user_code={code}",
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    browser.submit("device page: code", "/device", user_code=code.lower().replace("-", " "))
    shown = browser.page
    browser.submit("device page: allowed", "/device/decision", decision="allow")
    browser.page = shown
    browser.submit("device page: allowed again", "/device/decision", decision="allow")
    browser.post("device page: decision without form", "/device/decision", {"decision": "allow"})
    browser.post("device page: code without form", "/device", {"user_code": code})
    browser.get("device page: used code", f"/device?user_code={code}")
    browser.get(None, f"/device?user_code={_start(run, run.caller())['user_code']}")
    browser.submit("device page: denied", "/device/decision", decision="deny")
