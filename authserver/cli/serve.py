"""``authserver serve``: prepares the installation and runs the server with Gunicorn."""

import os
from collections.abc import Callable
from contextlib import ExitStack

import click

from authserver import settings as settings_module
from authserver.cli import bootstrap, housekeeping, listening, single_node
from authserver.protocol.services import Services
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.settings import Settings

_MAX_WORKERS = 4


@click.command()
@click.option("--bind", help="The address to listen on: HOST:PORT or unix:PATH.  [default: 127.0.0.1:8000]")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="The number of worker processes.  [default: one per CPU, at most 4]",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="The number of threads per process.  [default: 8]"
)
@click.option("--no-migrate", "skips_migration", is_flag=True, help="Do not migrate the database.")
def command(bind: str | None, workers: int | None, threads: int | None, skips_migration: bool) -> None:
    """Run the server. Creates missing keys and migrates the database first."""
    if bind:
        listening.check(bind)
    settings = _load(bind)
    bind = bind or settings.bind
    listening.check(bind)
    workers = workers or settings.workers or min(len(os.sched_getaffinity(0)), _MAX_WORKERS)
    with ExitStack() as held:
        listening.require_free(bind)
        if settings.database_file is not None:
            held.enter_context(single_node.acquire_lock(settings.database_file))
        _serve(settings, bind, workers, threads or settings.threads, migrates=not skips_migration)


def _load(bind: str | None) -> Settings:
    # For a local trial on another port, --bind also sets the public URL.
    host = (bind or "").rpartition(":")[0]
    is_local_trial = (
        host.strip("[]") in LOOPBACK_HOSTS and "public_url" not in settings_module.configured_values()
    )
    return settings_module.load(**({"public_url": f"http://{bind}"} if is_local_trial else {}))


def _serve(settings: Settings, bind: str, workers: int, threads: int, *, migrates: bool) -> None:
    from authserver.app import create_app
    from authserver.cli.gunicorn_server import Server

    app = create_app(settings)
    services: Services = app.extensions["authserver"]
    on_worker_start: list[Callable[[], None]] = [
        services.logout_notifier.start,
        lambda: housekeeping.start(services),
    ]
    try:
        link = bootstrap.prepare(services, migrates=migrates, report=click.echo)
    except bootstrap.NotReachable as error:
        link = None
        on_worker_start.append(_preparing_in_worker(services, migrates))
        click.echo(
            f"The database is not reachable: {error}. Start it, or correct AUTHSERVER_DATABASE_URL and restart the server. "
            "The server retries every second. Until it succeeds, requests that need the database return status 503."
        )
    finally:
        # Connections must not be shared with the forked workers.
        services.database.engine.dispose()
    processes = "1 process" if workers == 1 else f"{workers} processes"
    click.echo(f"authserver serves {settings.public_url} on {bind} with {processes}.")
    if link:
        _print_setup_link(settings, link)
    Server(app, bind=bind, workers=workers, threads=threads, on_worker_start=on_worker_start).run()


def _preparing_in_worker(services: Services, migrates: bool) -> Callable[[], None]:
    # Threads of the master process do not survive the fork, so every worker retries and gets the setup link. Only one
    # of them prints the link: the worker that reads the single byte from this pipe.
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.write(writer, b"1")

    def print_once(link: str) -> None:
        try:
            os.read(reader, 1)
        except BlockingIOError:
            return
        _print_setup_link(services.settings, link)

    return lambda: bootstrap.keep_preparing(
        services, migrates=migrates, report=click.echo, on_setup_link=print_once
    )


def _print_setup_link(settings: Settings, link: str) -> None:
    minutes = int(settings.setup_link_lifetime.total_seconds() // 60)
    click.echo(
        f"\nThere is no administrator yet. Open this link within {minutes} minutes to create one:\n\n    {link}\n"
    )
