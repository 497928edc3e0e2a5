"""Every route with every method, without credentials or parameters, and cross-origin requests by scripts."""

from tests.wire.run import Run, bearer

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
KEY = "0123456789abcdef0123456789abcdef"
PATHS = (
    "/", "/.well-known/oauth-authorization-server", "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration", "/.well-known/openid-configuration", "/.well-known/oslc/rootservices.xml",
    "/account", "/account/activity", "/account/applications", f"/account/applications/{KEY}/remove",
    "/account/authenticator", "/account/authenticator/recovery-codes", "/account/authenticator/remove",
    "/account/authenticator/set-up", "/account/password", "/account/sessions", "/account/sessions/1/end",
    "/account/sessions/end-others", "/account/theme", "/admin", "/admin/activity", "/admin/activity/export.csv",
    "/admin/activity/export.jsonl", "/admin/clients", f"/admin/clients/{KEY}", f"/admin/clients/{KEY}/activity",
    f"/admin/clients/{KEY}/approve", f"/admin/clients/{KEY}/change/approve", f"/admin/clients/{KEY}/change/discard",
    f"/admin/clients/{KEY}/credentials", f"/admin/clients/{KEY}/diagnostics", f"/admin/clients/{KEY}/disapprove",
    f"/admin/clients/{KEY}/edit", f"/admin/clients/{KEY}/oauth1", f"/admin/clients/{KEY}/oauth1/debugger",
    f"/admin/clients/{KEY}/remove", f"/admin/clients/{KEY}/secrets/1/remove", f"/admin/clients/{KEY}/secrets/new",
    f"/admin/clients/{KEY}/settings", f"/admin/clients/{KEY}/tokens", "/admin/clients/bulk/approve",
    "/admin/clients/bulk/disapprove", "/admin/clients/bulk/remove", "/admin/clients/new", "/admin/diagnostics",
    "/admin/diagnostics/ABCD", "/admin/diagnostics/ABCD/add-redirect-uri", "/admin/redirect-uris/check",
    "/admin/settings/resources", "/admin/settings/resources/edit", "/admin/settings/resources/new",
    "/admin/settings/resources/remove",
    "/admin/settings/scopes", "/admin/settings/scopes/edit", "/admin/settings/scopes/new", "/admin/settings/scopes/remove",
    "/admin/settings/signing-keys", "/admin/settings/signing-keys/RS256/rotate", "/admin/users", "/admin/users/1",
    "/admin/users/1/disable", "/admin/users/1/edit", "/admin/users/1/enable", "/admin/users/1/grant",
    "/admin/users/1/password", "/admin/users/1/remove-second-factor", "/admin/users/1/sessions/1/end",
    "/admin/users/1/sessions/end", "/admin/users/1/withdraw", "/admin/users/new", "/api/oauth2/device_code",
    "/api/oauth2/register", "/api/oauth2/token", "/api/oidc/device_code", "/api/oidc/register", "/api/oidc/token",
    f"/approval/{KEY}", "/assets/0123456789ab/app.css", "/consent", "/device", "/device/code.svg", "/device/decision",
    "/jwks.json", "/livez", "/oauth/accessToken", "/oauth/approveKey", "/oauth/authorize", "/oauth/cancel",
    "/oauth/consent", "/oauth/requestKey", "/oauth/requestToken", "/oauth/verify", "/oauth/whoami", "/oauth2/authorize",
    "/oauth2/cancel", "/oauth2/continue", "/oauth2/device_authorization", "/oauth2/introspect", "/oauth2/register",
    f"/oauth2/register/{KEY}", "/oauth2/revoke", "/oauth2/token", "/oidc/authorize", "/oidc/check_session",
    "/oidc/end_session", "/oidc/userinfo", "/oslc/api/rootservices", "/oslc/catalog", "/readyz", "/rootservices", "/setup",
    "/sign-in", "/sign-in/code", "/sign-out",
)  # fmt: skip
_SHARED = (
    "/oauth2/token", "/api/oauth2/token", "/api/oidc/token", "/oauth2/revoke", "/oidc/userinfo", "/jwks.json",
    "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration", "/oauth2/introspect", "/oauth2/register", "/oauth/requestToken", "/oauth2/authorize",
    "/oauth2/device_authorization", "/livez",
)  # fmt: skip
_ORIGINS = {"registered": "https://rp.example", "unknown": "https://evil.example", "null": "null"}


def play(run: Run) -> None:
    """Try all methods, then preflights and requests across origins."""
    caller = run.caller()
    for path in PATHS:
        for method in METHODS:
            caller.send("method", method, path, is_brief=True)
    _across_origins(run)


def _across_origins(run: Run) -> None:
    caller, service, trusted = run.caller(), run.clients["service"], run.clients["trusted"]
    for path in _SHARED:
        for name, origin in _ORIGINS.items():
            headers = {
                "Origin": origin, "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }  # fmt: skip
            caller.send(f"preflight of the {name} origin: {path}", "OPTIONS", path, headers=headers)
    form = {"grant_type": "client_credentials"}
    token = run.tokens(trusted)["access_token"]
    for name, origin in _ORIGINS.items():
        headers = {"Origin": origin}
        caller.post(f"{name} origin: token", "/oauth2/token", form, headers=service.basic | headers)
        caller.post(f"{name} origin: token, rejected", "/oauth2/token", form, headers=headers)
        caller.get(f"{name} origin: userinfo", "/oidc/userinfo", headers=bearer(token) | headers)
        caller.get(f"{name} origin: userinfo, rejected", "/oidc/userinfo", headers=headers)
        caller.get(f"{name} origin: keys", "/jwks.json", headers=headers)
        caller.get(f"{name} origin: root services", "/rootservices", headers=headers)
    listed = run.caller(run.installation.application(cors_origins="https://listed.example"))
    preflight = {"Origin": "https://listed.example", "Access-Control-Request-Method": "GET"}
    listed.send("preflight of a listed origin", "OPTIONS", "/oidc/userinfo", headers=preflight)
