"""The engine in a process of its own: results, errors, cancelling, and an end with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import Cancelled, InvalidInput, TransientError
from auralarchive.ports.work import CancelToken
from tests.support.audio import make_book
from tests.support.processes import wait_for


def order(source: Path, work: Path) -> ConvertRequest:
    work.mkdir()
    return ConvertRequest(sources=(source,), work_dir=work)


def long_book(folder: Path) -> Path:
    """Long enough that nobody finishes it before he is stopped."""
    folder.mkdir()
    make_book(folder, chapters=2, seconds=240, codec="flac")
    return folder


def conversions() -> list[int]:
    """The conversion processes that this one has started, and their FFmpegs; a test server is none of them."""
    return [pid for pid in children_of(os.getpid()) if b"audio.worker" in _command(pid) or b"ffmpeg" in _command(pid)]


def children_of(pid: int) -> list[int]:
    """Every process below this one."""
    found = [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]
    return found + [below for child in found for below in children_of(child)]


def test_a_book_comes_out_as_from_the_engine_itself(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    make_book(tmp_path / "book", chapters=2, seconds=2, codec="mp3")
    parts: list[float] = []
    result = IsolatedEngine().convert(order(tmp_path / "book", tmp_path / "work"), parts.append, CancelToken())
    assert result.mode == "encode"
    assert result.path.is_relative_to(tmp_path / "work")
    assert len(result.chapters) == 2
    assert parts == sorted(parts)
    assert parts[-1] == 1.0


def test_an_error_of_the_port_crosses_whole(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "01.mp3").write_bytes(b"")
    with pytest.raises(InvalidInput) as refusal:
        IsolatedEngine().convert(order(tmp_path / "book", tmp_path / "work"), lambda _: None, CancelToken())
    assert refusal.value.kind is FailureKind.DAMAGED_AUDIO
    assert "01.mp3" in refusal.value.reason
    assert refusal.value.remedy


def test_a_cancel_ends_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """Long before the book would have been done."""
    source, cancel = long_book(tmp_path / "book"), CancelToken()
    parts: list[float] = []

    def progress(part: float) -> None:
        parts.append(part)
        cancel.cancel()

    with pytest.raises(Cancelled):
        IsolatedEngine().convert(order(source, tmp_path / "work"), progress, cancel)
    assert parts[-1] < 1.0
    assert not conversions()


def test_a_killed_process_is_tried_again_and_not_a_verdict(tmp_path: Path) -> None:
    source = long_book(tmp_path / "book")

    def kill() -> None:
        (worker,) = wait_for(lambda: [pid for pid in conversions() if b"audio.worker" in _command(pid)][:1])
        os.kill(worker, signal.SIGKILL)

    threading.Thread(target=kill).start()
    with pytest.raises(TransientError, match="was killed"):
        IsolatedEngine().convert(order(source, tmp_path / "work"), lambda _: None, CancelToken())
    wait_for(lambda: not conversions())


def test_it_never_outlives_its_parent(tmp_path: Path) -> None:
    source = long_book(tmp_path / "book")
    (tmp_path / "work").mkdir()
    script = f"""
from pathlib import Path
from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.work import CancelToken
request = ConvertRequest(sources=(Path({str(source)!r}),), work_dir=Path({str(tmp_path / "work")!r}))
IsolatedEngine().convert(request, lambda part: print(part, flush=True), CancelToken())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()  # it is at work
    below = wait_for(lambda: len(found := children_of(parent.pid)) >= 2 and found)  # the process and FFmpeg
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not any(_lives(pid) for pid in below))


def test_it_takes_no_module_from_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`convert` runs inside folders of downloads; one may hold a file named like a module that we import."""
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    make_book(downloads, chapters=1, seconds=1, codec="mp3")
    for name in ("numpy", "json", "pydantic"):
        (downloads / f"{name}.py").write_text("raise SystemExit('a stranger has run')")
    monkeypatch.chdir(downloads)
    result = IsolatedEngine().convert(order(downloads, tmp_path / "work"), lambda _: None, CancelToken())
    assert result.path.is_file()


def test_it_does_not_get_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What strangers have uploaded is parsed there: keys and the database's address stay with us."""
    monkeypatch.setenv("AURALARCHIVE_API_KEY", "CANARY")
    source, cancel, seen = long_book(tmp_path / "book"), CancelToken(), list[bytes]()

    def look() -> None:
        (worker,) = wait_for(lambda: [pid for pid in conversions() if b"audio.worker" in _command(pid)][:1])
        seen.append(Path(f"/proc/{worker}/environ").read_bytes())
        cancel.cancel()

    watcher = threading.Thread(target=look)
    watcher.start()
    with pytest.raises(Cancelled):
        IsolatedEngine().convert(order(source, tmp_path / "work"), lambda _: None, cancel)
    watcher.join(10)
    assert seen
    assert b"CANARY" not in seen[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
