"""Writes an Apache configuration: mod_auth_openidc protects one page that shows the user's name."""

import json
import os
import pwd
from pathlib import Path

# The whole page is protected, so that a request for it starts the sign-in.
_CONFIGURATION = """
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/error.log"
LogLevel warn auth_openidc:info
DocumentRoot "{folder}/pages"
TypesConfig "{folder}/mime.types"
DirectoryIndex index.html
{modules}
{user}
<Location />
    AuthType openid-connect
    Require valid-user
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
<Location /live>
    AuthType None
    Require all granted
</Location>
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://127.0.0.1:{port}/callback
OIDCCryptoPassphrase {passphrase}
OIDCScope "openid profile email"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCPKCEMethod S256
OIDCCacheType shm
"""
_MODULES = {
    "mpm_event": "mod_mpm_event.so",
    "authn_core": "mod_authn_core.so",
    "authz_core": "mod_authz_core.so",
    "authz_user": "mod_authz_user.so",
    "include": "mod_include.so",
    "dir": "mod_dir.so",
    "mime": "mod_mime.so",
    "unixd": "mod_unixd.so",
    "auth_openidc": "mod_auth_openidc.so",
}
_PAGE = {"name": "OIDC_CLAIM_name", "sub": "OIDC_CLAIM_sub", "email": "OIDC_CLAIM_email"}


def write(folder: Path, modules: Path, *, port: int, issuer: str, client_id: str, client_secret: str) -> Path:
    """Write the configuration and the pages, and return the path of the configuration."""
    pages = folder / "pages"
    pages.mkdir()
    shown = {claim: f'<!--#echo var="{variable}" -->' for claim, variable in _PAGE.items()}
    (pages / "index.html").write_text(json.dumps(shown).replace('\\"', '"'))
    (pages / "live").write_text("live")
    (folder / "mime.types").write_text("text/html html\n")
    configuration = folder / "apache.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=port,
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret,
            passphrase=os.urandom(16).hex(),
            modules="\n".join(_load(modules, name, file) for name, file in _MODULES.items()),
            user=_unprivileged(),
        )
    )
    _open_to_everybody(folder)
    return configuration


def _load(modules: Path, name: str, file: str) -> str:
    """Load a module unless it is built into this Apache."""
    return f"<IfModule !{name}_module>\nLoadModule {name}_module {modules / file}\n</IfModule>"


def _unprivileged() -> str:
    """Apache refuses to serve as root, so name an unprivileged user."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    name = next(name for name in ("www-data", "apache", "daemon", "nobody") if name in known)
    return f"User {name}\nGroup #{pwd.getpwnam(name).pw_gid}"


def _open_to_everybody(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "pages").chmod(0o755)
