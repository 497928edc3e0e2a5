"""The command line: ``authserver NOUN VERB``, with one module per noun. ``shell`` loads them and reports errors.

Commands call ``domain`` directly. Only ``serve`` builds the whole application.
"""

import click

from authserver.cli.shell import CommandGroup

main = CommandGroup(
    "authserver",
    help="An authorization server for OAuth 1.0a, OAuth 2.0 and OpenID Connect.",
    nouns={
        "serve": "Run the server.",
        "database": "Migrate, clean up and inspect the database.",
        "users": "Manage users.",
        "groups": "Manage the groups of users.",
        "clients": "Manage clients.",
        "scopes": "Manage the scopes that clients may request.",
        "resources": "Manage the resource servers that clients may request tokens for.",
        "keys": "List and rotate the signing keys.",
        "diagnostics": "Inspect rejected requests.",
        "config": "Show the effective settings.",
        "doctor": "Check this deployment.",
    },
)
# The version is read from the installed package on demand, not on every start.
click.version_option(package_name="authserver", message="%(prog)s %(version)s")(main)
