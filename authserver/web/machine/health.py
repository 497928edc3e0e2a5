"""Health checks: ``/livez`` for the process, ``/readyz`` for the database, the keys and the clock."""

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from authserver.domain import health, schema
from authserver.errors import AuthserverError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.services import Services


def live(_services: Services, _request: Request) -> Response:
    """Report that the process is running."""
    return json_response(200, {"status": "live"})


def ready(services: Services, _request: Request) -> Response:
    """Report whether the server can handle requests, with the result of each check."""
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: health.check_writable(services.database),
        "migrations": lambda: schema.is_current(services.database),
        "keys": lambda: bool(services.key_ring.current().signers),
        "clock": health.is_clock_sane,
    }
    results = {name: _passes(check) for name, check in checks.items()}
    is_ready = all(results.values())
    status = "ready" if is_ready else "not ready"
    return json_response(200 if is_ready else 503, {"status": status, "checks": results})


def _passes(check: Callable[[], object]) -> bool:
    # A check fails by returning False or by raising an error.
    try:
        return check() is not False
    except (SQLAlchemyError, AuthserverError):
        return False
