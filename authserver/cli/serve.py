"""``authserver serve``: prepares the installation and serves it under gunicorn."""

import os
from collections.abc import Callable
from contextlib import ExitStack

import click

from authserver import settings as settings_room
from authserver.cli import bootstrap, housekeeping, listening, single_node
from authserver.protocol.services import Services
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.settings import Settings

_MOST_WORKERS = 4


@click.command()
@click.option("--bind", help="Where to listen: HOST:PORT, or unix:PATH.  [default: 127.0.0.1:8000]")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes.  [default: one per processor, at most 4]"
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="Requests that one process answers at once.  [default: 8]"
)
@click.option("--no-migrate", "keeps_tables", is_flag=True, help="Leave the tables as they are.")
def command(bind: str | None, workers: int | None, threads: int | None, keeps_tables: bool) -> None:
    """Serve people and clients, after making keys and tables where they are missing."""
    if bind:
        listening.check(bind)
    settings = _load(bind)
    bind = bind or settings.bind
    listening.check(bind)
    workers = workers or settings.workers or min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    with ExitStack() as held:
        listening.refuse_taken(bind)
        if settings.database_file is not None:
            held.enter_context(single_node.claim(settings.database_file))
        _serve(settings, bind, workers, threads or settings.threads, migrates=not keeps_tables)


def _load(bind: str | None) -> Settings:
    # Whoever tries the server out on another port of this machine should not have to say twice where it is.
    host = (bind or "").rpartition(":")[0]
    is_local_trial = host.strip("[]") in LOOPBACK_HOSTS and "public_url" not in settings_room.given()
    return settings_room.load(**({"public_url": f"http://{bind}"} if is_local_trial else {}))


def _serve(settings: Settings, bind: str, workers: int, threads: int, *, migrates: bool) -> None:
    from authserver.app import create_app
    from authserver.cli.gunicorn_server import Server

    app = create_app(settings)
    services: Services = app.extensions["authserver"]
    started: list[Callable[[], None]] = [
        services.logout_notices.start,
        lambda: housekeeping.start(services),
    ]
    try:
        link = bootstrap.prepare(services, migrates=migrates, tell=_tell)
    except bootstrap.NotReachable as error:
        link = None
        started.append(_preparing_in_worker(services, migrates))
        _tell(f"The database does not answer yet ({error}). Serving /livez; the rest follows when it does.")
    finally:
        # A connection must not be used on both sides of a fork.
        services.database.engine.dispose()
    processes = "1 process" if workers == 1 else f"{workers} processes"
    _tell(f"authserver serves {settings.public_url} on {bind} with {processes}.")
    if link:
        _tell_setup_link(settings, link)
    Server(app, bind=bind, workers=workers, threads=threads, started=started).run()


def _preparing_in_worker(services: Services, migrates: bool) -> Callable[[], None]:
    # The workers do it, because threads in the master would not survive its forks. Each of them tries; the link is
    # told by whoever takes the one byte out of this pipe.
    token, end = os.pipe()
    os.set_blocking(token, False)
    os.write(end, b"1")

    def found(link: str) -> None:
        try:
            os.read(token, 1)
        except BlockingIOError:
            return
        _tell_setup_link(services.settings, link)

    return lambda: bootstrap.keep_preparing(services, migrates=migrates, tell=_tell, found=found)


def _tell_setup_link(settings: Settings, link: str) -> None:
    minutes = int(settings.setup_link_lifetime.total_seconds() // 60)
    _tell(
        f"\nNobody administers this server yet. Within {minutes} minutes, open this link once:\n\n    {link}\n"
    )


def _tell(sentence: str) -> None:
    click.echo(sentence)
