"""How log lines are written, for every process: structlog and whatever still uses `logging`, as one.

No line holds a secret: fields that name one are blanked, and so is what looks like one in a text. Tracebacks are
without local variables, which would hold requests, and with them people.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, cast

import structlog
from structlog.typing import Processor

from namestead.errors import is_secret

BLANK: Final = "***"
_URL_PASSWORD = re.compile(r"(://[^:/@\s\"']*:)[^@\s\"']+@")
_TOKEN = re.compile(r"\b(nst_)[A-Za-z0-9_-]{8,}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+")
_PASSWORD_PART = re.compile(r"(?i)\b(password=)[^\s&\"']+")


def without_secrets(text: str) -> str:
    """The text with passwords in URLs, bearer keys and our tokens blanked."""
    text = _URL_PASSWORD.sub(rf"\1{BLANK}@", text)
    text = _BEARER.sub(rf"\1{BLANK}", text)
    text = _PASSWORD_PART.sub(rf"\1{BLANK}", text)
    return _TOKEN.sub(rf"\1{BLANK}", text)


def _blank_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field, value in event.items():
        if is_secret(field):
            event[field] = BLANK
        elif isinstance(value, str):
            event[field] = without_secrets(value)
        elif isinstance(value, Exception):
            event[field] = without_secrets(f"{type(value).__name__}: {value}")
    return event


def configure(log_format: str, level: str) -> None:
    """Call once, first of all, in every process."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, _blank_secrets]
    if log_format == "json":
        last.append(structlog.processors.JSONRenderer(default=str))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*before, _name, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_named_logger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *before,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.PositionalArgumentsFormatter(),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # Ours say the same with an id.
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


class _Stderr(structlog.WriteLogger):
    """Writes lines, and keeps the name the logger was asked for by."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name


def _named_logger(*args: Any) -> _Stderr:
    return _Stderr(args[0] if args else "namestead")


def _name(logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.setdefault("logger", cast(_Stderr, logger).name)
    return event
