"""The latest lines of the log: safe to show, bounded, and found again by level, logger, text and number."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.observability.logs import LogSettings, configure
from auralarchive.observability.redaction import Redactor
from auralarchive.observability.ring import LONGEST_LINE, MOST_CHARACTERS, LogFilter, LogRing

ALL = LogFilter()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of its own, so that nobody else's lines come in."""
    logger = logging.getLogger("ring.under.test")
    logger.propagate, logger.level = False, logging.DEBUG
    yield logger
    logger.handlers.clear()


def ring_of(log: logging.Logger, redactor: Redactor | None = None, **options: int) -> LogRing:
    ring = LogRing(redactor or Redactor(), **options)
    log.addHandler(ring)
    return ring


def test_a_line_is_kept_without_secrets_and_without_forgery(log: logging.Logger) -> None:
    """Message, field and traceback alike; the traceback keeps its lines."""
    redactor = Redactor()
    redactor.register("CANARY7")
    ring = ring_of(log, redactor)
    try:
        raise ValueError("https://trk.test/CANARY7/announce")
    except ValueError:
        log.exception("a\nb \x1b[31m %s", "CANARY7", extra={"key": "CANARY7", "download_id": 3})
    (line,) = ring.read(ALL).lines
    assert (line.level, line.logger) == ("error", "ring.under.test")
    assert "CANARY7" not in line.message + (line.detail or "")
    assert line.message.startswith("a\\nb \\x1b[31m ***")
    assert line.message.endswith("download_id=3")
    assert "\n" in (line.detail or "")
    assert "ValueError" in (line.detail or "")


def test_the_oldest_lines_make_room(log: logging.Logger) -> None:
    """By count, and by what they take together; one endless line is cut."""
    ring = ring_of(log, most_lines=100)
    for number in range(250):
        log.info("line %d", number)
    kept = ring.read(ALL, limit=1000).lines
    assert [kept[0].message, kept[-1].message, len(kept)] == ["line 150", "line 249", 100]
    for _ in range(MOST_CHARACTERS // LONGEST_LINE + 50):
        log.info("x" * 10 * LONGEST_LINE)
    kept = ring.read(ALL, limit=1000).lines
    assert sum(line.size for line in kept) <= MOST_CHARACTERS
    assert len(kept[-1].message) == LONGEST_LINE


def test_lines_are_found_by_level_logger_and_text(log: logging.Logger) -> None:
    """A logger stands for those below it, and for none that only begins alike."""
    ring = ring_of(log)
    below = logging.getLogger("ring.under.test.below")
    log.debug("quiet")
    below.warning("Straße is CLOSED")
    log.error("broken")
    assert [one.message for one in ring.read(LogFilter(level="warning")).lines] == ["Straße is CLOSED", "broken"]
    assert [one.message for one in ring.read(LogFilter(text="STRASSE")).lines] == ["Straße is CLOSED"]
    assert len(ring.read(LogFilter(logger="ring.under.test")).lines) == 3
    assert [one.message for one in ring.read(LogFilter(logger="ring.under.test.below")).lines] == ["Straße is CLOSED"]
    assert ring.read(LogFilter(logger="ring.und")).lines == ()


def test_what_is_new_and_what_is_older(log: logging.Logger) -> None:
    """Numbers lead both ways, and it is told where something was left out."""
    ring = ring_of(log)
    for number in range(1, 11):
        log.info("line %d", number)
    newest = ring.read(ALL, limit=3)
    assert ([one.seq for one in newest.lines], newest.last, newest.complete) == ([8, 9, 10], 10, False)
    assert [one.seq for one in ring.read(ALL, before=8, limit=100).lines] == [1, 2, 3, 4, 5, 6, 7]
    assert ring.read(ALL, before=8, limit=100).complete
    assert ring.read(ALL, after=10).lines == ()
    log.info("line 11")
    assert [one.seq for one in ring.read(ALL, after=10).lines] == [11]
    assert LogRing(Redactor()).read(ALL).run != newest.run


def test_who_listens_is_woken_until_it_leaves(log: logging.Logger) -> None:
    ring, woken = ring_of(log), []
    leave = ring.listen(lambda: woken.append(ring.last))
    log.info("one")
    leave()
    log.info("two")
    assert woken == [1]


def test_a_line_that_cannot_be_made_ends_nothing(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments that do not fit their message are told on the terminal, as Python's own handlers do."""
    ring = ring_of(log)
    ring.handle(logging.LogRecord("x", logging.INFO, __file__, 1, "%d", ("no number",), None))
    log.info("after")
    assert [one.message for one in ring.read(ALL).lines] == ["after"]
    assert "Logging error" in capsys.readouterr().err


def test_a_restart_begins_with_the_last_lines_of_the_file(tmp_path: Path) -> None:
    """What came before a crash is what one looks for; half lines and other people's are left out."""
    file, root = tmp_path / "app.log", logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    try:
        configure(LogSettings(file=file), Redactor(), io.StringIO())
        logging.getLogger("a.b").warning("before the end", extra={"download_id": 7})
        with file.open("a") as stream:
            stream.write('not json\n[1]\n{"event": "no time"}\n')
        ring = LogRing(Redactor())
        configure(LogSettings(file=file), Redactor(), io.StringIO(), ring)
        logging.getLogger("a.b").info("after the start")
    finally:
        for handler in tuple(root.handlers):
            root.removeHandler(handler)
            handler.close()
        for handler in before:
            root.addHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(capture=False)
    told = [(one.level, one.logger, one.message) for one in ring.read(ALL).lines]
    assert told == [("warning", "a.b", "before the end download_id=7"), ("info", "a.b", "after the start")]
