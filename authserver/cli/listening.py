"""Where the server listens: the address is checked before gunicorn, which would try again and again, gets it."""

import socket

import click

from authserver.errors import SettingsError

_LAST_PORT = 65535


def check(bind: str) -> None:
    """Raise click.UsageError unless the address is HOST:PORT or unix:PATH."""
    host, _, port = bind.rpartition(":")
    if not bind.startswith("unix:") and (not host or not port.isdecimal() or int(port) > _LAST_PORT):
        raise click.UsageError(f"--bind {bind} is not HOST:PORT.")


def refuse_taken(bind: str) -> None:
    """Raise SettingsError when another program listens there, or the address is not one of this machine.

    With SO_REUSEPORT, which several workers need, two servers could share a port without noticing.
    """
    if bind.startswith("unix:"):
        return
    host, _, port = bind.rpartition(":")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        sentence = f"Cannot listen on {bind}: {error.strerror}. Choose another address with --bind."
        raise SettingsError(sentence) from error
