"""Logging: one line for each event through structlog, JSON or text, and nothing that could carry a secret (S29).

Lines of libraries that use the standard library's logging take the same way from level warning on. Whatever looks like
a secret is cut out of the finished line, as the last guard: rooms do not log secrets to begin with.
"""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from authserver.vocabulary import TokenPrefix

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HANDLES = rf"\b((?:{'|'.join(TokenPrefix)})_[0-9a-z]+_)[\w.-]{{20,}}"
_CREDENTIALS = r"\b((?:Basic|Bearer)\s+)[\w+/=.~-]{8,}"
_PARAMETERS = (
    r"\b((?:client_secret|code_verifier|password|client_assertion|assertion|secret|code|token|access_token"
    r"|refresh_token|id_token|oauth_token_secret|oauth_verifier|oauth_signature)=)[^&\s\"'\\]+"
)
_JWTS = r"\b(eyJ[\w-]{8})[\w-]+\.[\w-]+\.[\w-]*"
_SECRETS = re.compile(f"{_HANDLES}|{_CREDENTIALS}|{_PARAMETERS}|{_JWTS}")


def configure(level: str, style: str) -> None:
    """Send every log line to standard error in the chosen style, from the chosen level on."""
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _render_json if style == "json" else structlog.dev.ConsoleRenderer(colors=False),
        _mask_line,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(_LEVELS[level])


def get(room: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one room."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(room=room)
    return logger


def mask(text: str) -> str:
    """Return a text without what looks like a secret: our own opaque values, credentials, parameters, JWTs."""
    return _SECRETS.sub(lambda found: next(filter(None, found.groups()), "") + "***", text)


class _Adopted(logging.Handler):
    """Hands the lines of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _adopt_libraries(level: int) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Adopted)]:
        root.removeHandler(handler)
    root.addHandler(_Adopted())
    root.setLevel(max(level, logging.WARNING))
    # Authlib logs issued tokens in full at DEBUG.
    logging.getLogger("authlib").setLevel(logging.WARNING)


_to_json = structlog.processors.JSONRenderer(ensure_ascii=False)


def _render_json(logger: Any, name: str, event: EventDict) -> str | bytes:
    # The time and the event first: lines are read by people, too.
    first = {key: event.pop(key) for key in ("timestamp", "level", "room", "event") if key in event}
    return _to_json(logger, name, {**first, **event})


def _mask_line(_logger: Any, _name: str, line: Any) -> str:
    return mask(str(line))
