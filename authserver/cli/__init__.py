"""The command line: ``authserver NOUN VERB``. Each noun has its own room; ``shell`` finds them and words the failures.

Commands use the records directly, as the doors do; only ``serve`` and ``doctor`` build the whole application.
"""

import click

from authserver.cli.shell import CommandGroup

main = CommandGroup(
    "authserver",
    help="An authorization server for OAuth 1.0a, OAuth 2.0 and OpenID Connect.",
    rooms={
        "serve": "Serve people and clients.",
        "database": "Migrate, clean up, look at the database.",
        "users": "Add and change accounts.",
        "clients": "Register, approve and change clients.",
        "scopes": "Define the scopes that clients may ask for.",
        "keys": "List and rotate the signing keys.",
        "diagnostics": "Look at refused requests.",
        "config": "Show the effective settings.",
        "doctor": "Check this deployment.",
    },
)
# The version is read from the installed package when somebody asks for it, not on every start.
click.version_option(package_name="authserver", message="%(prog)s %(version)s")(main)
