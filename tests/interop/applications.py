"""The applications and libraries of other projects that the tests connect; `compatibility.py` explains the fields."""

from tests.interop.compatibility import (
    Application,
    Setting,
    Toolchain,
    go_version,
    java_version,
    node_version,
    python_version,
)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
USUAL_GRANTS = ["authorization_code", "refresh_token"]
FROM_DISTRIBUTION = "the package of Debian"

REFRESH = Setting("For refresh tokens: the grant type `refresh_token`.", {"grant_types": USUAL_GRANTS})
DEVICE = Setting(
    "For the device flow: the grant type `device_code`.", {"grant_types": [*USUAL_GRANTS, DEVICE_GRANT]}
)
PUBLIC = Setting("*This application cannot keep a secret*.", {"secret_choice": "none"})
SIGNED_OUT = Setting(
    "For sign-out: the post-logout redirect URI.", {"post_logout_redirect_uris": "{base}/signed-out"}
)
OAUTH_1_0 = Setting("*Allow OAuth 1.0* under *OAuth 1.0a options*.", options=("--allow-oauth-1.0",))

OPENID_CLIENT = Application(
    "openid-client (Node)",
    node_version("openid-client"),
    (Toolchain.NODE, "party.js"),
    settings=(
        REFRESH,
        DEVICE,
        SIGNED_OUT,
        Setting(
            "For back-channel logout: the back-channel logout URI.",
            {"backchannel_logout_uri": "{base}/backchannel"},
        ),
    ),
)
OPENID_CLIENT_HYBRID = Application(
    "openid-client (Node), hybrid flow",
    node_version("openid-client"),
    (Toolchain.NODE, "hybrid_party.js"),
    settings=(Setting("The response type `code id_token`.", {"oidc_response_types": ["code id_token"]}),),
)
OPENID_CLIENT_REGISTRATION = Application(
    "openid-client (Node), dynamic registration",
    node_version("openid-client"),
    (Toolchain.NODE, "registration_party.js"),
    settings=(Setting("The application registers itself. An administrator approves it."),),
)
OAUTH4WEBAPI = Application(
    "oauth4webapi (Node)", node_version("oauth4webapi"), (Toolchain.NODE, "oauth4webapi_party.js")
)
AUTH_JS = Application(
    "Auth.js (Express)",
    f"@auth/express {node_version('@auth/express')}",
    (Toolchain.NODE, "auth_js_party.js"),
    settings=(
        Setting(
            "*Claims in the ID token*: all, because Auth.js does not request userinfo.",
            options=("--option", "id_token_claims=all"),
        ),
    ),
    callback="/auth/callback/authserver",
    button="Sign in with authserver",
)
PASSPORT_OPENIDCONNECT = Application(
    "passport-openidconnect (Node)",
    node_version("passport-openidconnect"),
    (Toolchain.NODE, "passport_party.js"),
    in_application="`skipUserProfile: false` for the name and the address, and the addresses of the endpoints, because the "
    "library does not read the discovery document.",
)
OIDC_CLIENT_TS = Application(
    "oidc-client-ts (single-page application)",
    node_version("oidc-client-ts"),
    (Toolchain.NODE, "spa_party.js"),
    settings=(PUBLIC, REFRESH, SIGNED_OUT),
    in_application="`loadUserInfo: true` for the name and the address.",
)
AUTHLIB = Application(
    "Authlib (Flask)", python_version("authlib"), (Toolchain.PYTHON, "tests.interop.authlib_party")
)
DJANGO = Application(
    "mozilla-django-oidc",
    f"{python_version('mozilla-django-oidc')} with Django {python_version('django')}",
    (Toolchain.PYTHON, "tests.interop.django_party"),
    in_application='`OIDC_RP_SIGN_ALGO = "RS256"`, `OIDC_RP_SCOPES = "openid profile email"`, '
    "and the addresses of the endpoints, because the library does not read the discovery document.",
    callback="/oidc/callback/",
)
OAUTHLIB_PASSWORD = Application(
    "oauthlib, password grant",
    python_version("oauthlib"),
    (Toolchain.PYTHON, ""),
    source="interop/test_oauthlib_grants.py",
    settings=(
        Setting(
            "The grant types `password` and `refresh_token`, and no redirect URI.",
            {"grant_types": ["password", "refresh_token"]},
        ),
    ),
    callback="",
)
OAUTHLIB_CLIENT_CREDENTIALS = Application(
    "oauthlib, client credentials grant",
    python_version("oauthlib"),
    (Toolchain.PYTHON, ""),
    source="interop/test_oauthlib_grants.py",
    settings=(
        Setting(
            "The grant type `client_credentials`, the scopes, and no redirect URI.",
            {"grant_types": ["client_credentials"], "oauth2_scopes": "read write"},
        ),
    ),
    kind="oauth2",
    callback="",
)
MOD_AUTH_OPENIDC = Application(
    "Apache mod_auth_openidc", FROM_DISTRIBUTION, (Toolchain.PROGRAM, "apache"), source="interop/apache.py"
)
OIDC_AGENT = Application(
    "oidc-agent",
    FROM_DISTRIBUTION,
    (Toolchain.PROGRAM, "oidc-agent"),
    source="support/oidc_agent.py",
    settings=(
        Setting(
            "The grant types `device_code` and `refresh_token`, and no redirect URI.",
            {"grant_types": [DEVICE_GRANT, "refresh_token"]},
        ),
    ),
    callback="",
)
OAUTH2_PROXY = Application(
    "oauth2-proxy",
    go_version("github.com/oauth2-proxy/oauth2-proxy/v7"),
    (Toolchain.GO, "oauth2-proxy"),
    source="support/parties.py",
    in_application="None. The users need a verified e-mail address (`authserver users edit NAME --email-verified`).",
    callback="/oauth2/callback",
)
GO_OIDC = Application(
    "go-oidc with golang.org/x/oauth2",
    f"{go_version('github.com/coreos/go-oidc/v3')} with {go_version('golang.org/x/oauth2')}",
    (Toolchain.GO, "login"),
    settings=(REFRESH, DEVICE),
)
SPRING_BOOTS = tuple(
    Application(
        f"Spring Boot {version}",
        java_version(f"spring-boot/boot-{version}", "spring-boot-starter-parent"),
        (Toolchain.JAVA, f"spring-boot/boot-{version} login.LoginApplication"),
        settings=(SIGNED_OUT,),
        callback="/login/oauth2/code/authserver",
    )
    for version in (3, 4)
)

REQUESTS_OAUTHLIB = Application(
    "requests-oauthlib (OAuth 1.0a)",
    python_version("requests-oauthlib"),
    (Toolchain.PYTHON, "tests.interop.oauthlib_party"),
    kind="oauth1",
)
PASSPORT_OAUTH1 = Application(
    "passport-oauth1 (OAuth 1.0a)",
    node_version("passport-oauth1"),
    (Toolchain.NODE, "oauth1_party.js"),
    kind="oauth1",
)
LYO_EMULATION = Application(
    "Eclipse Lyo client (OAuth 1.0), emulated in Python",
    "none",
    (Toolchain.PYTHON, "tests.interop.lyo_party"),
    settings=(OAUTH_1_0,),
    kind="oauth1",
)
LYO = Application(
    "Eclipse Lyo client (OAuth 1.0)",
    java_version("oauth1", "oslc-client"),
    (Toolchain.JAVA, "oauth1 LyoConsumer"),
    settings=(OAUTH_1_0,),
    kind="oauth1",
)
SCRIBEJAVA = Application(
    "ScribeJava (OAuth 1.0a)",
    java_version("oauth1", "scribejava-core"),
    (Toolchain.JAVA, "oauth1 ScribeJavaConsumer"),
    kind="oauth1",
)
NET_OAUTH = Application(
    "net.oauth (OAuth 1.0a)",
    java_version("oauth1", "oauth-consumer"),
    (Toolchain.JAVA, "oauth1 NetOAuthConsumer"),
    kind="oauth1",
)

RESOURCE = "https://models.example.org/"
IN_RESOURCES = ("--option", f'resources=["{RESOURCE}"]')
SERVES = Setting(
    "Client of the API: the grant type `client_credentials`, no redirect URI, and the resource that it serves.",
    {"grant_types": ["client_credentials"]},
    ("--option", f'serves=["{RESOURCE}"]'),
)
REQUESTS_OPAQUE = Setting("Clients of applications: the resource.", options=IN_RESOURCES)
REQUESTS_JWT = Setting(
    "Clients of applications: the resource, and the access token format RS256.",
    options=(*IN_RESOURCES, "--option", "access_token_signed_response_alg=RS256"),
)
REQUESTS_TYP_JWT = Setting(
    "Clients of applications: the resource, the access token format RS256, and the access token type header `JWT`.",
    options=(*REQUESTS_JWT.options, "--option", "access_token_typ=JWT"),
)


def _api(name: str, version: str, toolchain: Toolchain, program: str, caller: Setting) -> Application:
    """Declare an API of docs/how-to/protect-an-api.md. Only an API that accepts opaque tokens needs a client."""
    is_opaque = caller is REQUESTS_OPAQUE
    return Application(
        f"{name}, API with {'opaque tokens' if is_opaque else 'JWTs'}",
        version,
        (toolchain, program),
        settings=(SERVES,) if is_opaque else (),
        kind="oauth2",
        callback="",
        callers=(caller,),
    )


def _spring_api(spring: Application, main_class: str, caller: Setting) -> Application:
    project = spring.program[1].split()[0]
    return _api(spring.name, spring.version, Toolchain.JAVA, f"{project} {main_class}", caller)


_AUTHLIB = AUTHLIB.version
OPAQUE_APIS = (
    _api("Authlib (Flask)", _AUTHLIB, Toolchain.PYTHON, "tests.interop.api_opaque", REQUESTS_OPAQUE),
    _api("Node without a library", "Node 20", Toolchain.NODE, "api_opaque.js", REQUESTS_OPAQUE),
    *(_spring_api(spring, "opaque.OpaqueApi", REQUESTS_OPAQUE) for spring in SPRING_BOOTS),
)
JWT_APIS = (
    _api("Authlib (Flask)", _AUTHLIB, Toolchain.PYTHON, "tests.interop.api_jwt", REQUESTS_JWT),
    _api("jose (Node)", node_version("jose"), Toolchain.NODE, "api_jwt.js", REQUESTS_JWT),
    _api("go-oidc", go_version("github.com/coreos/go-oidc/v3"), Toolchain.GO, "api", REQUESTS_JWT),
    *(_spring_api(spring, "jwt.JwtApi", REQUESTS_TYP_JWT) for spring in SPRING_BOOTS),
)
