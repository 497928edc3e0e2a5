"""Discovery, keys, health, root services and the other public documents."""

from tests.wire.run import Run

_DISCOVERY = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration",
)
_OTHERS = (
    "/livez",
    "/readyz",
    "/oidc/check_session",
    "/rootservices",
    "/.well-known/oslc/rootservices.xml",
    "/oslc/api/rootservices",
    "/oslc/catalog",
    "/device/code.svg",
    "/device/code.svg?user_code=BCDF-GHJK",
    "/device/code.svg?user_code=no",
    "/nothing/here",
    "/oauth2/nothing",
    "/oauth2/token/",
)


def play(run: Run) -> None:
    """Request every document, also with If-None-Match."""
    caller = run.caller()
    for path in (*_DISCOVERY, "/jwks.json"):
        answer = caller.get(f"document {path}", path)
        etag = answer.headers["ETag"]
        caller.get(f"document {path}, unchanged", path, headers={"If-None-Match": etag})
        caller.get(f"document {path}, weakly unchanged", path, headers={"If-None-Match": f'"a", W/{etag}'})
        caller.get(f"document {path}, changed", path, headers={"If-None-Match": '"a"'}, is_brief=True)
        caller.send(f"document {path}, head", "HEAD", path)
    for path in _OTHERS:
        caller.get(f"document {path}", path)
        caller.send(f"document {path}, head", "HEAD", path, is_brief=True)
    page = caller.get("the root", "/")
    caller.follow("the root, followed")
    assert page is not None
    caller.get("asset: unknown digest", "/assets/0123456789ab/app.css")
    for path in _assets(caller.get(None, "/sign-in").text):
        caller.get("asset", path)


def _assets(page: str) -> list[str]:
    found = {part.split('"')[0].split("#")[0] for part in page.split('="')[1:] if part.startswith("/assets/")}
    return sorted(found, key=lambda path: path.rpartition("/")[2])
