"""Runs FFmpeg as a bound child: limited, in its own process group, never longer alive than we are.

One loop serves its three pipes, so that none can fill up and hang both sides. What it says on stderr is
kept in a ring of the last lines, however much it is. A child that moves no data for too long is ended.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import NoSpace, TransientError
from auralarchive.ports.work import CancelToken

_LAUNCHER = str(Path(__file__).with_name("launch.py"))
_CHUNK = 1024 * 1024
_NARROW = 4096
_TICK = 0.1
_KEPT_LINES = 200
_LONGEST_LINE = 500
#: What FFmpeg says of pictures inside audio files, which we never let it open.
_HARMLESS = ("not on whitelist", "Failed to open codec in avformat_find_stream_info", "Last message repeated")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one child: bytes of memory and of each written file, seconds of CPU."""

    memory: int = 4 * 1024**3
    cpu_seconds: int = 6 * 3600
    file_bytes: int = 1024**3
    open_files: int = 256
    nice: int = 10
    stall_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. `errors` counts the lines it wrote; `messages` are the last of them."""

    returncode: int
    errors: int
    messages: tuple[str, ...]

    first: str = ""

    @property
    def clean(self) -> bool:
        return self.returncode == 0 and self.errors == 0

    @property
    def complaint(self) -> str:
        """The first thing it had to say, without the name of the part of FFmpeg that said it."""
        return self.first.partition("] ")[2] or self.first or f"FFmpeg ended with {self.returncode}"


class Messages:
    """The last lines of a stream of any length, and how many there were."""

    def __init__(self, on_line: Callable[[str], None] | None = None) -> None:
        self.count = 0
        self.first = ""
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._rest = b""
        self._on_line = on_line

    def feed(self, data: bytes) -> None:
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST_LINE]  # a line without end must not eat the memory
        for line in whole:
            self._line(line)

    def close(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._rest = b""

    def _line(self, raw: bytes) -> None:
        text = raw[:_LONGEST_LINE].decode("utf-8", "replace").strip()
        if not text or any(words in text for words in _HARMLESS):
            return
        self.count += 1
        self.first = self.first or text
        self.lines.append(text)
        if self._on_line is not None:
            self._on_line(text)


def run(
    command: Sequence[str],
    *,
    limits: Limits,
    cancel: CancelToken,
    feed: Iterable[bytes] = (),
    sink: Callable[[bytes], None] | None = None,
    fds: Sequence[int] = (),
    on_error: Callable[[str], None] | None = None,
    precise: bool = False,
) -> Outcome:
    """Run `command` to its end: the pieces of `feed` go to its stdin, its stdout to `sink`; blocks.

    `fds` stay open in the child. `on_error` hears each line of stderr. With `precise` what was given to
    `sink` when `on_error` hears is near what the child had made by then, at the price of speed. Raises:
    `Cancelled` within a fraction of a second, `TransientError` (hangs, or was killed from outside), `NoSpace`,
    and whatever `sink` raises; the child is gone in any case.
    """
    cancel.check()
    with _child(command, limits, fds) as child:
        messages = Messages(on_error)
        room = _NARROW if precise else _CHUNK
        _Pump(child, limits.stall_seconds, cancel, messages, iter(feed), sink, room).run()
        outcome = Outcome(child.wait(), messages.count, tuple(messages.lines), messages.first)
    _judge(outcome)
    return outcome


@contextmanager
def _child(command: Sequence[str], limits: Limits, fds: Sequence[int]) -> Iterator[subprocess.Popen[bytes]]:
    bounds = (limits.nice, limits.memory, limits.cpu_seconds, limits.file_bytes, limits.open_files)
    launcher = [sys.executable, "-I", "-S", "-B", _LAUNCHER, str(os.getpid()), *map(str, bounds), "--"]
    child = subprocess.Popen(  # noqa: S603 - an argument list from our own code, no shell
        [*launcher, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=tuple(fds),
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
    )
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the whole group: what it wrote is a work file that nobody will miss."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _resize(pipe: int, room: int) -> None:
    """More room in a pipe means fewer switches between the processes, by far; where it is refused, nothing is lost."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, room)


class _Pump:
    """Moves data between us and the child until both its outputs are closed."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        stall_seconds: float,
        cancel: CancelToken,
        messages: Messages,
        feed: Iterator[bytes],
        sink: Callable[[bytes], None] | None,
        room: int,
    ) -> None:
        self._child = child
        self._stall_seconds = stall_seconds
        self._cancel = cancel
        self._messages = messages
        self._feed = feed
        self._piece = memoryview(next(feed, b""))
        self._sink = sink
        self._room = room
        self._moved_at = time.monotonic()

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            while selector.get_map():
                # What it said comes before what it made: the words belong to the sound up to there.
                events = sorted(selector.select(_TICK), key=lambda event: event[0].fileobj is not self._child.stderr)
                for key, _ in events:
                    if not key.data():
                        selector.unregister(key.fileobj)
                self._cancel.check()
                self._check_stall()
        self._messages.close()

    def _register(self, selector: selectors.BaseSelector) -> None:
        child = self._child
        assert child.stdin
        assert child.stdout
        assert child.stderr
        for pipe in (child.stdin, child.stdout, child.stderr):
            os.set_blocking(pipe.fileno(), False)
            _resize(pipe.fileno(), self._room)
        selector.register(child.stdout, selectors.EVENT_READ, self._read_output)
        selector.register(child.stderr, selectors.EVENT_READ, self._read_errors)
        if self._piece:
            selector.register(child.stdin, selectors.EVENT_WRITE, self._write)
        else:
            child.stdin.close()

    def _read_output(self) -> bool:
        assert self._child.stdout
        data = os.read(self._child.stdout.fileno(), self._room)
        if data and self._sink is not None:
            self._sink(data)
        self._moved_at = time.monotonic()
        return bool(data)

    def _read_errors(self) -> bool:
        assert self._child.stderr
        data = os.read(self._child.stderr.fileno(), _CHUNK)
        self._messages.feed(data)
        return bool(data)

    def _write(self) -> bool:
        assert self._child.stdin
        try:
            count = os.write(self._child.stdin.fileno(), self._piece[:_CHUNK])
        except BrokenPipeError:
            # It has ended early: its return code and its words say why.
            self._piece, self._feed = memoryview(b""), iter(())
            count = 0
        self._piece = self._piece[count:] or memoryview(next(self._feed, b""))
        self._moved_at = time.monotonic()
        if not self._piece:
            self._child.stdin.close()
        return bool(self._piece)

    def _check_stall(self) -> None:
        if time.monotonic() - self._moved_at > self._stall_seconds:
            raise TransientError(
                f"FFmpeg did nothing for {self._stall_seconds:.0f} seconds and was ended.",
                "It will be tried again; if it stays so, the source is broken.",
                kind=FailureKind.ENCODER_FAILED,
            )


def _judge(outcome: Outcome) -> None:
    """Ends that say something about the machine, not about the audio."""
    if any("No space left on device" in line for line in outcome.messages):
        raise NoSpace("The disk is full.", "Free some space; the work goes on by itself.")
    if outcome.returncode in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
        raise TransientError(
            "FFmpeg was killed from outside, as happens where memory is short.",
            "It will be tried again; lower the number of parallel jobs if it stays so.",
            kind=FailureKind.ENCODER_FAILED,
        )
