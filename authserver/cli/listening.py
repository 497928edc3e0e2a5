"""Checks of the listening address. Without them, Gunicorn would retry forever instead of reporting an error."""

import socket

import click

from authserver.errors import SettingsError

_LAST_PORT = 65535


def check(bind: str) -> None:
    """Raise click.UsageError unless the address is HOST:PORT or unix:PATH."""
    host, _, port = bind.rpartition(":")
    if not bind.startswith("unix:") and (not host or not port.isdecimal() or int(port) > _LAST_PORT):
        raise click.UsageError(
            f"Cannot listen on {bind}. Set --bind or AUTHSERVER_BIND to HOST:PORT or unix:PATH."
        )


def require_free(bind: str) -> None:
    """Raise SettingsError if the address is in use or does not belong to this machine.

    With SO_REUSEPORT, which multiple workers need, two servers could otherwise share a port unnoticed.
    """
    if bind.startswith("unix:"):
        return
    host, _, port = bind.rpartition(":")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sentence = f"Cannot listen on {bind}: {error.strerror}. Choose another address with --bind."
        raise SettingsError(sentence) from error
