"""Logging: one line an event, JSON or for a console, without secrets and without control characters.

Every record of every library passes the same last step, at the handler: whatever came in as message,
argument, field or traceback is one text there, and only there can it be cleaned for certain.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import structlog

from auralarchive.observability.redaction import Redactor
from auralarchive.observability.ring import LogRing
from auralarchive.observability.visible import visible

Format = Literal["console", "json"]

#: Libraries whose chatter would bury ours.
_QUIET = (
    "httpx2",
    "httpcore2",
    "engineio",
    "socketio",
    "urllib3",
    "uvicorn.access",
    "uvicorn.error",
    "alembic",
    "PIL",
    "multipart",
)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where and how much. `file` is rotated by size; `max_bytes` is of one file."""

    level: str = "INFO"
    format: Format = "console"
    file: Path | None = None
    max_bytes: int = 10 * 1024 * 1024
    files_kept: int = 5


class CleanFormatter(logging.Formatter):
    """Another formatter's line, made safe: no secrets, no control characters, no line of its own making."""

    def __init__(self, inner: logging.Formatter, redact: Callable[[str], str], *, keep_lines: bool) -> None:
        super().__init__()
        self._inner = inner
        self._redact = redact
        self._keep_lines = keep_lines

    def format(self, record: logging.LogRecord) -> str:
        return visible(self._redact(self._inner.format(record)), keep_lines=self._keep_lines)


def configure(
    settings: LogSettings, redactor: Redactor, stream: TextIO | None = None, ring: LogRing | None = None
) -> None:
    """Set up logging for the whole process, replacing what was there. `ring` keeps lines for the pages."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(settings.level)
    console = logging.StreamHandler(stream or sys.stderr)
    console.setFormatter(_formatter(settings.format, redactor))
    root.addHandler(console)
    if settings.file is not None:
        if ring is not None:
            ring.remember(settings.file)
        root.addHandler(_file_handler(settings, redactor))
    if ring is not None:
        root.addHandler(ring)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _file_handler(settings: LogSettings, redactor: Redactor) -> logging.Handler:
    assert settings.file is not None
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    handler = _PrivateRotatingFile(
        settings.file, maxBytes=settings.max_bytes, backupCount=settings.files_kept, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(_formatter("json", redactor))
    return handler


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotated file that only its owner can read."""

    def _open(self) -> TextIO:  # type: ignore[override]  # typeshed names a wrapper class; any text file will do
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        return super()._open()


def _formatter(kind: Format, redactor: Redactor) -> logging.Formatter:
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    last: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if kind == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    inner = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    return CleanFormatter(inner, redactor.redact, keep_lines=kind == "console")
