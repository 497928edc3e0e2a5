"""Dynamic registration and its management (RFC 7591, RFC 7592)."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.wire.recorder import Caller
from tests.wire.run import Run, bearer

REGISTER = "/oauth2/register"
MINIMAL: dict[str, Any] = {"client_name": "My Example", "redirect_uris": ["https://client.example/callback"]}


def play(run: Run) -> None:
    """Register clients, and manage them."""
    _success(run)
    _errors(run)
    _management(run)
    _open_registration(run)


def _register(
    run: Run, title: str, path: str = REGISTER, caller: Caller | None = None, **metadata: Any
) -> None:
    sent = {name: value for name, value in (MINIMAL | metadata).items() if value is not None}
    (caller or run.caller()).post(f"registration: {title}", path, json=sent)


def _success(run: Run) -> None:
    _register(run, "minimal")
    _register(run, "minimal at the legacy OAuth 2.0 path", "/api/oauth2/register")
    _register(run, "minimal at the legacy OpenID Connect path", "/api/oidc/register")
    _register(run, "no name", client_name=None)
    _register(run, "oauth2 by its scope", scope="profile")
    _register(run, "public", token_endpoint_auth_method="none", application_type="native",
              redirect_uris=["com.example.app:/cb", "http://127.0.0.1/cb"])  # fmt: skip
    _register(run, "post", token_endpoint_auth_method="client_secret_post")
    _register(run, "client_secret_jwt", token_endpoint_auth_method="client_secret_jwt",
              token_endpoint_auth_signing_alg="HS256")  # fmt: skip
    _register(run, "private_key_jwt", token_endpoint_auth_method="private_key_jwt", token_endpoint_auth_signing_alg="ES256",
              jwks={"keys": [run.signing_key.as_dict(private=False)]})  # fmt: skip
    _register(run, "implicit", response_types=["id_token token"], grant_types=["implicit"])
    _register(
        run, "client credentials", grant_types=["client_credentials"], response_types=[], redirect_uris=[]
    )
    _register(run, "everything", **EVERYTHING)
    _register(run, "unknown member", favourite_colour="blue")


EVERYTHING: dict[str, Any] = {
    "client_name": "Everything",
    "client_name#de": "Alles",
    "client_uri": "https://client.example/",
    "logo_uri": "https://client.example/logo.png",
    "policy_uri": "https://client.example/policy",
    "tos_uri": "https://client.example/tos",
    "contacts": ["ops@client.example"],
    "grant_types": ["authorization_code", "refresh_token", "implicit"],
    "response_types": ["code", "code id_token"],
    "scope": "openid profile offline_access",
    "id_token_signed_response_alg": "ES256",
    "userinfo_signed_response_alg": "RS256",
    "subject_type": "pairwise",
    "default_max_age": 3600,
    "require_auth_time": True,
    "default_acr_values": ["urn:authserver:acr:password"],
    "initiate_login_uri": "https://client.example/login",
    "post_logout_redirect_uris": ["https://client.example/out"],
    "backchannel_logout_uri": "https://client.example/backchannel",
    "backchannel_logout_session_required": True,
    "frontchannel_logout_uri": "https://client.example/frontchannel",
    "frontchannel_logout_session_required": True,
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.1",
}


def _errors(run: Run) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "no redirect URI": {"redirect_uris": []},
        "redirect URI with fragment": {"redirect_uris": ["https://client.example/#a"]},
        "plain redirect URI": {"redirect_uris": ["http://client.example/cb"]},
        "redirect URIs are no list": {"redirect_uris": "https://client.example/cb"},
        "unknown grant type": {"grant_types": ["magic"]},
        "unknown response type": {"response_types": ["magic"]},
        "grant and response types disagree": {
            "grant_types": ["client_credentials"],
            "response_types": ["code"],
        },
        "unknown method": {"token_endpoint_auth_method": "magic"},
        "unknown scope": {"scope": "admin"},
        "malformed scope": {"scope": 'a"b'},
        "unknown algorithm": {"id_token_signed_response_alg": "none"},
        "encryption": {"id_token_encrypted_response_alg": "RSA-OAEP"},
        "private_key_jwt without keys": {"token_endpoint_auth_method": "private_key_jwt"},
        "jwks and jwks_uri": {"jwks": {"keys": []}, "jwks_uri": "https://client.example/jwks"},
        "subject type": {"subject_type": "secret"},
        "name is a number": {"client_name": 1},
        "logout URI": {"backchannel_logout_uri": "http://client.example/"},
        "post-logout URI": {"post_logout_redirect_uris": ["nowhere"]},
        "default_max_age": {"default_max_age": -1},
        "default_acr_values": {"default_acr_values": "a"},
        "policy_uri": {"policy_uri": "nowhere"},
        "contacts": {"contacts": "ops"},
        "software statement": {"software_statement": "a.b.c"},
        "two faults": {"redirect_uris": ["nowhere"], "scope": "admin"},
        "too deep": {"deep": [[[[[[[[[1]]]]]]]]]},
        "huge number": {"number": 10**20},
        "request_uris": {
            "request_uris": ["https://client.example/request"],
            "require_signed_request_object": True,
        },
    }
    for title, metadata in wrong.items():
        _register(run, title, **metadata)
    caller = run.caller()
    caller.post("registration: form", REGISTER, {"client_name": "a"})
    caller.post("registration: no JSON", REGISTER, body=b"{", headers={"Content-Type": "application/json"})
    caller.post("registration: a list", REGISTER, json=[1])
    repeated = b'{"client_name": "a", "client_name": "b"}'
    caller.post(
        "registration: a name twice", REGISTER, body=repeated, headers={"Content-Type": "application/json"}
    )
    caller.post("registration: too large for metadata", REGISTER, json=MINIMAL | {"a": "b" * 40000})
    caller.post("registration: too large", REGISTER, json=MINIMAL | {"a": "b" * 70000})
    caller.get("registration: GET", REGISTER)


def _management(run: Run) -> None:
    caller = run.caller()
    told = run.caller().post(None, REGISTER, json=MINIMAL).get_json()
    run.recorder.placeholders.learn(told["client_id"], "registered client")
    path, key, token = (
        urlsplit(told["registration_client_uri"]).path,
        told["client_id"],
        told["registration_access_token"],
    )
    whole = MINIMAL | {"client_id": key}
    caller.get("management: read", path, headers=bearer(token))
    caller.send("management: HEAD", "HEAD", path, headers=bearer(token))
    caller.send(
        "management: change while pending",
        "PUT",
        path,
        json=whole | {"client_name": "B"},
        headers=bearer(token),
    )
    caller.send(
        "management: wrong client_id", "PUT", path, json=whole | {"client_id": "a"}, headers=bearer(token)
    )
    caller.send("management: no client_id", "PUT", path, json=MINIMAL, headers=bearer(token))
    read_only = whole | {"client_id_issued_at": 1}
    caller.send("management: read-only member", "PUT", path, json=read_only, headers=bearer(token))
    secret = told["client_secret"]
    caller.send(
        "management: own secret", "PUT", path, json=whole | {"client_secret": secret}, headers=bearer(token)
    )
    caller.send(
        "management: other secret", "PUT", path, json=whole | {"client_secret": "a"}, headers=bearer(token)
    )
    caller.send(
        "management: bad URI", "PUT", path, json=whole | {"redirect_uris": ["x"]}, headers=bearer(token)
    )
    caller.send(
        "management: unknown scope", "PUT", path, json=whole | {"scope": "admin"}, headers=bearer(token)
    )
    caller.send(
        "management: no JSON",
        "PUT",
        path,
        body=b"{",
        headers={"Content-Type": "application/json", **bearer(token)},
    )
    caller.send("management: form", "PUT", path, form={"client_id": key}, headers=bearer(token))
    caller.send("management: public now", "PUT", path, json=whole | {"token_endpoint_auth_method": "none"},
                headers=bearer(token))  # fmt: skip
    caller.send("management: a secret again", "PUT", path, json=whole, headers=bearer(token))
    for title, headers in {
        "no token": {}, "wrong token": bearer("asg_1_" + "A" * 43), "malformed token": bearer("nonsense"),
        "Basic": {"Authorization": "Basic YTpi"},
    }.items():  # fmt: skip
        caller.get(f"management: {title}", path, headers=headers)
        caller.send(f"management: {title}, PUT", "PUT", path, json=whole, headers=headers)
        caller.send(f"management: {title}, DELETE", "DELETE", path, headers=headers)
    caller.get("management: in the query", f"{path}?access_token=a")
    caller.get("management: of another client", f"{REGISTER}/{run.clients['web'].key}", headers=bearer(token))
    caller.get("management: of no client", f"{REGISTER}/nobody", headers=bearer(token))
    caller.post("management: POST", path, json=whole, headers=bearer(token))
    command = run.installation.command
    command("clients", "approve", key)
    caller.get("management: approved", path, headers=bearer(token))
    change = json.loads(json.dumps(whole)) | {"redirect_uris": ["https://client.example/new"]}
    caller.send("management: change of an approved client", "PUT", path, json=change, headers=bearer(token))
    caller.get("management: change waits", path, headers=bearer(token))
    command("clients", "approve-change", key)
    caller.get("management: change approved", path, headers=bearer(token))
    command("clients", "disapprove", key)
    caller.get("management: disapproved", path, headers=bearer(token))
    caller.send("management: delete, disapproved", "DELETE", path, headers=bearer(token))
    command("clients", "approve", key)
    caller.send("management: delete", "DELETE", path, headers=bearer(token))
    caller.get("management: deleted", path, headers=bearer(token))


def _open_registration(run: Run) -> None:
    approved = run.caller(run.installation.application(registration="approved"))
    approved.post("open registration: approved at once", REGISTER, json=MINIMAL)
    approved.post(
        "open registration: scope that waits", REGISTER, json=MINIMAL | {"scope": "openid printing"}
    )
    told = approved.post(None, REGISTER, json=MINIMAL).get_json()
    path, token = urlsplit(told["registration_client_uri"]).path, told["registration_access_token"]
    change = MINIMAL | {"client_id": told["client_id"], "client_name": "C"}
    approved.send("open registration: change at once", "PUT", path, json=change, headers=bearer(token))
    closed = run.caller(run.installation.application(registration="closed"))
    closed.post("closed registration", REGISTER, json=MINIMAL)
    closed.post("closed registration at the legacy OAuth 2.0 path", "/api/oauth2/register", json=MINIMAL)
    closed.get("closed registration: discovery", "/.well-known/openid-configuration", is_brief=True)
    closed.get("closed registration: management goes on", path, headers=bearer(token))
