"""Logging with structlog: one line per event, as JSON or text, without secrets (S29).

Log records of libraries are included at level warning and above. Code must not log secrets. As a last resort,
everything that looks like a secret is masked in the finished line.
"""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from authserver.vocabulary import TokenPrefix

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_OPAQUE_TOKENS = rf"\b((?:{'|'.join(TokenPrefix)})_[0-9a-z]+_)[\w.-]{{20,}}"
_CREDENTIALS = r"\b((?:Basic|Bearer)\s+)[\w+/=.~-]{8,}"
_PARAMETERS = (
    r"\b((?:client_secret|code_verifier|password|client_assertion|assertion|secret|code|token|access_token"
    r"|refresh_token|id_token|oauth_token_secret|oauth_verifier|oauth_signature)=)[^&\s\"'\\]+"
)
_JWTS = r"\b(eyJ[\w-]{8})[\w-]+\.[\w-]+\.[\w-]*"
_SECRETS = re.compile(f"{_OPAQUE_TOKENS}|{_CREDENTIALS}|{_PARAMETERS}|{_JWTS}")


def configure(level: str, style: str) -> None:
    """Write log lines of at least this level to standard error, in this style."""
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
    _include_libraries(_LEVELS[level])


def get(module: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=module)
    return logger


def mask(text: str) -> str:
    """Mask everything that looks like a secret: opaque tokens, credentials, parameters and JWTs."""
    return _SECRETS.sub(lambda found: next(filter(None, found.groups()), "") + "***", text)


class _LibraryHandler(logging.Handler):
    """Passes the log records of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _include_libraries(level: int) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler())
    root.setLevel(max(level, logging.WARNING))
    # Authlib logs issued tokens in full at DEBUG.
    logging.getLogger("authlib").setLevel(logging.WARNING)


_to_json = structlog.processors.JSONRenderer(ensure_ascii=False)


def _render_json(logger: Any, name: str, event: EventDict) -> str | bytes:
    # Time, level, module and event come first, so that lines are easy to read.
    first = {key: event.pop(key) for key in ("timestamp", "level", "module", "event") if key in event}
    return _to_json(logger, name, {**first, **event})


def _mask_line(_logger: Any, _name: str, line: Any) -> str:
    return mask(str(line))
