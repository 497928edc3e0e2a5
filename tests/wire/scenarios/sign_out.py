"""Sign-out by the user or by an application, and the notices that applications receive."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.wire.recorder import Caller
from tests.wire.run import Run

END_SESSION = "/oidc/end_session"
OUT = "https://rp.example/out"


def play(run: Run) -> None:
    """End sessions."""
    run.add_client("leaving", "oidc", trusted=True, more=(
        "--post-logout-redirect-uri", OUT, "--post-logout-redirect-uri", f"{OUT}?a=b",
    ))  # fmt: skip
    run.add_client("framed", "oidc", trusted=True,
                   more=("--frontchannel-logout-uri", "https://rp.example/frontchannel"))  # fmt: skip
    _requests(run)
    _errors(run)
    _by_the_user(run)
    _front_channel(run)
    _back_channel(run)


def _signed_in(run: Run, name: str = "leaving") -> tuple[Caller, str]:
    browser = run.browser()
    return browser, run.tokens(run.clients[name], browser)["id_token"]


def _requests(run: Run) -> None:
    browser, hint = _signed_in(run)
    request = {"id_token_hint": hint, "post_logout_redirect_uri": OUT, "state": "a b"}
    browser.get("end session: hint and redirect URI", END_SESSION, query=request)
    browser.get("end session: again", END_SESSION, query=request)
    browser, hint = _signed_in(run)
    browser.get("end session: hint, query kept", END_SESSION,
                query={"id_token_hint": hint, "post_logout_redirect_uri": f"{OUT}?a=b", "state": "c"})  # fmt: skip
    browser, hint = _signed_in(run)
    browser.get("end session: hint alone", END_SESSION, query={"id_token_hint": hint})
    browser.follow("end session: hint alone, page")
    browser, hint = _signed_in(run)
    browser.post("end session: posted", END_SESSION, {"id_token_hint": hint, "post_logout_redirect_uri": OUT})
    browser.get("end session: posted, followed", browser.page.location if browser.page else "")
    browser, hint = _signed_in(run)
    browser.get("end session: client_id", END_SESSION,
                query={"client_id": run.clients["leaving"].key, "post_logout_redirect_uri": OUT})  # fmt: skip
    browser.submit("end session: client_id, confirmed", "/sign-out")
    browser.follow("end session: client_id, page")
    run.browser().get("end session: nothing", END_SESSION)
    run.caller().get("end session: nobody is signed in", END_SESSION)
    other, _ = _signed_in(run)
    other.get("end session: hint of another session", END_SESSION,
              query={"id_token_hint": hint, "post_logout_redirect_uri": OUT})  # fmt: skip
    run.pass_time(1000)
    browser, hint = _signed_in(run)
    run.pass_time(1000)
    browser.get(
        "end session: expired hint",
        END_SESSION,
        query={"id_token_hint": hint, "post_logout_redirect_uri": OUT},
    )


def _errors(run: Run) -> None:
    browser, hint = _signed_in(run)
    key = run.clients["leaving"].key

    def ask(title: str, **request: str) -> None:
        browser.get(f"end session: {title}", END_SESSION, query=request)

    ask("malformed hint", id_token_hint="a.b.c")
    ask("redirect URI not registered", client_id=key, post_logout_redirect_uri="https://rp.example/other")
    ask("redirect URI without a client", post_logout_redirect_uri=OUT)
    ask("unknown client", client_id="nobody", post_logout_redirect_uri=OUT)
    ask("client differs", id_token_hint=hint, client_id=run.clients["web"].key)
    ask("state too long", client_id=key, post_logout_redirect_uri=OUT, state="a" * 8000)
    browser.get("end session: repeated", END_SESSION, query=[("state", "a"), ("state", "b")])
    browser.get("end session: not UTF-8", f"{END_SESSION}?state=%ff")
    browser.get("end session: unknown request", f"{END_SESSION}?ask=nonsense")
    run.installation.command("clients", "disapprove", key)
    ask("disapproved client", id_token_hint=hint, post_logout_redirect_uri=OUT)


def _by_the_user(run: Run) -> None:
    browser = run.browser()
    browser.get("sign out: page", "/sign-out")
    page = browser.page
    browser.submit("sign out: confirmed", "/sign-out")
    browser.follow("sign out: result")
    browser.page = page
    browser.submit("sign out: confirmed again", "/sign-out")
    run.caller().get("sign out: nobody is signed in", "/sign-out")
    run.browser().post("sign out: without CSRF token", "/sign-out", {})


def _front_channel(run: Run) -> None:
    browser, hint = _signed_in(run, "framed")
    browser.get("front-channel logout", END_SESSION, query={"id_token_hint": hint})
    browser.follow("front-channel logout: page with frames")


def _back_channel(run: Run) -> None:
    with _receiver() as (url, received):
        run.recorder.placeholders.learn(url, "receiver")
        run.add_client(
            "notified", "oidc", trusted=True, more=("--backchannel-logout-uri", f"{url}/logout?tenant=a")
        )
        application = run.installation.notifying_application(fetch_networks="127.0.0.0/8")
        browser = run.browser("alice", application)
        run.tokens(run.clients["notified"], browser)
        browser.get(None, "/sign-out")
        browser.submit("back-channel logout", "/sign-out")
        browser.follow("back-channel logout: result")
        assert len(received) == 1, "the client was not notified"
        for notice in received:
            run.recorder.write_received("back-channel logout: the notice that the client receives", **notice)


@contextmanager
def _receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            form = {name: values[0] for name, values in parse_qs(body).items()}
            received.append({"target": f"POST {self.path}", "headers": headers, "form": form})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
