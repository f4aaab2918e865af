"""The latest lines of the log, kept in memory for the page that shows them.

A line comes in as a record and stays as text that is safe to show: what is secret is taken out and what
could forge or hide a line is spelled out before it is kept, exactly as for the log's file.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import structlog

from auralarchive.observability.redaction import Redactor
from auralarchive.observability.visible import visible

MOST_LINES = 10_000
#: All lines together take no more characters than this, however long each is.
MOST_CHARACTERS = 6_000_000
#: A longer line is cut: nobody reads it, and it would push hundreds of others out.
LONGEST_LINE = 16_000
#: So much of the file is read at the start, so that one sees what came before it.
_TAIL_BYTES = 512 * 1024

LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event. `detail` is the traceback, where there is one."""

    seq: int
    at: datetime
    level: str
    logger: str
    message: str
    detail: str | None = None

    @property
    def size(self) -> int:
        return len(self.message) + len(self.detail or "") + len(self.logger) + 100


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of the log, oldest first. `run` names this run of the program: numbers of another one mean nothing.

    `last` is the newest number that was looked at, `complete` whether nothing older that fits was left out.
    """

    run: str
    lines: tuple[LogLine, ...]
    last: int
    complete: bool


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines: of this level and above, of this logger and those below it, with this text in them."""

    level: str = "debug"
    logger: str = ""
    text: str = ""

    def fits(self, line: LogLine) -> bool:
        if LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        if self.logger and line.logger != self.logger and not line.logger.startswith(f"{self.logger}."):
            return False
        wanted = self.text.casefold()
        return not wanted or any(wanted in part.casefold() for part in (line.message, line.logger, line.detail or ""))


class LogRing(logging.Handler):
    """A handler that keeps the latest lines. Safe from any thread."""

    def __init__(self, redactor: Redactor, *, most_lines: int = MOST_LINES) -> None:
        super().__init__()
        self._redactor = redactor
        self._most = most_lines
        self._guard = threading.Lock()
        self._lines: deque[LogLine] = deque()
        self._size = 0
        self._seq = 0
        self._run = secrets.token_hex(6)
        self._listeners: tuple[Callable[[], object], ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message, detail = _told(record)
            at = datetime.fromtimestamp(record.created, UTC)
            self._add(at, record.levelname.lower(), record.name, message, detail)
        except Exception:  # noqa: BLE001 - a line that cannot be kept must not end the work that wrote it
            self.handleError(record)

    def remember(self, file: Path) -> None:
        """Begin with the last lines of the log's file: what came before a restart is what one looks for."""
        for line in _tail(file):
            try:
                known = json.loads(line)
                at = datetime.fromisoformat(known.pop("timestamp"))
                level, logger, event = (str(known.pop(key, "")) for key in ("level", "logger", "event"))
                detail = known.pop("exception", None)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # half a line, or one that somebody wrote by hand
            self._add(at, level, logger, _with_fields(event, known), detail if isinstance(detail, str) else None)

    def read(
        self, wanted: LogFilter, *, after: int | None = None, before: int | None = None, limit: int = 1000
    ) -> LogPart:
        """The newest `limit` lines that fit, between two numbers."""
        with self._guard:
            lines, last = tuple(self._lines), self._seq
        between = (one for one in reversed(lines) if (before is None or one.seq < before) and one.seq > (after or 0))
        found = tuple(islice((one for one in between if wanted.fits(one)), limit + 1))
        return LogPart(self._run, found[:limit][::-1], last, complete=len(found) <= limit)

    def find(
        self,
        *,
        level: str = "debug",
        logger: str = "",
        text: str = "",
        after: int | None = None,
        before: int | None = None,
        limit: int = 1000,
    ) -> LogPart:
        """`read` for who knows no filter of ours."""
        return self.read(LogFilter(level, logger, text), after=after, before=before, limit=limit)

    @property
    def last(self) -> int:
        return self._seq

    def listen(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call `wake` after every new line, from the thread that wrote it, until the returned function is called."""
        with self._guard:
            self._listeners = (*self._listeners, wake)

        def leave() -> None:
            with self._guard:
                self._listeners = tuple(one for one in self._listeners if one is not wake)

        return leave

    def _add(self, at: datetime, level: str, logger: str, message: str, detail: str | None) -> None:
        clean = self._clean(message)
        told = self._clean(detail, keep_lines=True) if detail else None
        with self._guard:
            self._seq += 1
            known = level if level in LEVELS else "info"
            line = LogLine(self._seq, at, known, visible(logger)[:200], clean, told)
            self._lines.append(line)
            self._size += line.size
            while len(self._lines) > self._most or self._size > MOST_CHARACTERS:
                self._size -= self._lines.popleft().size
            listeners = self._listeners
        for wake in listeners:
            wake()

    def _clean(self, text: str, *, keep_lines: bool = False) -> str:
        return visible(self._redactor.redact(text), keep_lines=keep_lines)[:LONGEST_LINE]


#: What every record has; the rest was added by who wrote it. `message` and `asctime` are another handler's traces.
_USUAL = {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime", "taskName"}


def _told(record: logging.LogRecord) -> tuple[str, str | None]:
    """Message with its fields, and the traceback."""
    fields = {key: value for key, value in vars(record).items() if key not in _USUAL}
    error = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text
    return _with_fields(record.getMessage(), {**structlog.contextvars.get_contextvars(), **fields}), error or None


def _with_fields(message: str, fields: dict[str, object]) -> str:
    told = " ".join(f"{key}={value}" for key, value in fields.items())
    return f"{message} {told}".strip()


def _tail(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return
    yield from text.splitlines()[1 if size > _TAIL_BYTES else 0 :]
