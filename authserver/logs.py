"""Logging: one JSON object a line through structlog, and nothing that could carry a secret."""

import logging
import sys

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, style: str) -> None:
    """Send every log line to standard error in the chosen style, from the chosen level on."""
    renderer = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Authlib logs issued tokens in full at DEBUG.
    logging.getLogger("authlib").setLevel(logging.INFO)


def get(room: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one room."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(room=room)
    return logger
