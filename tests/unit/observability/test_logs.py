"""Log lines: one an event, without secrets and without characters that forge or hide lines."""

from __future__ import annotations

import io
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.observability.logs import LogSettings, configure
from auralarchive.observability.redaction import Redactor


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Other tests keep their logging."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for handler in handlers:
        root.removeHandler(handler)  # or the set-up would close them
    yield
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize("kind", ["json", "console"])
def test_secrets_leave_message_argument_field_and_traceback(kind: str) -> None:
    """Whatever way they came in, the last step is the same."""
    stream, redactor = io.StringIO(), Redactor()
    redactor.register("CANARY3")
    configure(LogSettings(format="json" if kind == "json" else "console"), redactor, stream)
    log = logging.getLogger("some.library")
    try:
        raise ValueError("https://trk.test/CANARY3/announce")
    except ValueError:
        log.exception("failed with %s", "CANARY3", extra={"key": "CANARY3"})
    assert "CANARY3" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_a_json_line_is_one_line_of_json() -> None:
    """With time, level, logger and what the caller added."""
    stream = io.StringIO()
    configure(LogSettings(format="json"), Redactor(), stream)
    logging.getLogger("a.b").warning("two\nlines\x1b[31m", extra={"download_id": 7})
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert (record["level"], record["logger"], record["download_id"]) == ("warning", "a.b", 7)
    assert record["timestamp"].endswith("Z")


def test_nothing_can_forge_a_line_on_the_console() -> None:
    """A title with line ends and escape codes is shown as what it is."""
    stream = io.StringIO()
    configure(LogSettings(), Redactor(), stream)
    logging.getLogger("x").info("title %s", "a\r\n2026-01-01 [error] forged\x1b[2J\u202e")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\r" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("2026-01-01 [error]") for line in text.splitlines())


def test_the_file_is_private_and_rotates(tmp_path: Path) -> None:
    """Only its owner reads it, and it does not grow for ever."""
    file = tmp_path / "logs" / "app.log"
    configure(LogSettings(file=file, max_bytes=2000, files_kept=2), Redactor(), io.StringIO())
    for number in range(100):
        logging.getLogger("x").info("line %s", number)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in file.parent.iterdir()} == {"app.log", "app.log.1", "app.log.2"}
    assert all(path.stat().st_size <= 2000 for path in file.parent.iterdir())
