"""The engine in a process of its own: the `Converter` and the `Tagger` of the server.

What strangers have uploaded is parsed there and not in the process that holds the pages, the database
and the keys; its memory goes back to the system with it, and a long pass over gigabytes holds up no
page. It is bound to our life: however we end, it ends, and FFmpeg with it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from auralarchive.audio import launch
from auralarchive.audio.messages import ORDER, REPLY, RETAG_ORDER, Order, Reply, RetagOrder
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import ConvertRequest, ConvertResult, OnDoing, RetagRequest, RetagResult
from auralarchive.ports.errors import TransientError
from auralarchive.ports.work import CancelToken, Progress

_log = logging.getLogger(__name__)

_UNLIMITED = "-1"
#: The process has this long to stop FFmpeg and to tidy up before it is killed.
_GRACE_SECONDS = 0.8


class IsolatedEngine:
    """Starts a process for each conversion. One instance serves any number of threads."""

    def __init__(self, settings: AudioSettings | None = None) -> None:
        self._settings = settings or AudioSettings()

    def convert(
        self,
        request: ConvertRequest,
        progress: Progress,
        cancel: CancelToken,
        on_doing: OnDoing = lambda doing: None,
    ) -> ConvertResult:
        """See the port; `on_doing` hears what is done."""
        order = ORDER.dump_json(Order(self._settings, request))
        result = self._last_word(order, cancel, progress, on_doing).result
        assert result is not None, "the answer to an order to convert"
        return result

    def retag(self, request: RetagRequest, cancel: CancelToken) -> RetagResult:
        """See the port."""
        result = self._last_word(RETAG_ORDER.dump_json(RetagOrder(request)), cancel).retagged
        assert result is not None, "the answer to an order to write tags"
        return result

    def _last_word(
        self,
        order: bytes,
        cancel: CancelToken,
        progress: Progress = lambda part: None,
        on_doing: OnDoing = lambda doing: None,
    ) -> Reply:
        """The result, as the process tells it. Raises what it refused with, or `TransientError` where it died."""
        cancel.check()
        with tempfile.TemporaryFile() as complaints:
            process = _start(complaints)
            try:
                last = self._talk(process, order, progress, cancel, on_doing)
            finally:
                _end(process)
            if last.result is not None or last.retagged is not None:
                return last
            if last.refusal is not None:
                raise last.refusal.error()
            cancel.check()
            raise _died(process.returncode, complaints)

    def _talk(
        self,
        process: subprocess.Popen[bytes],
        order: bytes,
        progress: Progress,
        cancel: CancelToken,
        on_doing: OnDoing,
    ) -> Reply:
        """The process's last word; an empty one where it died without."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(order + b"\n")
            process.stdin.flush()
        threading.Thread(target=_stop_when_cancelled, args=(process, cancel), daemon=True).start()
        last = Reply()
        with process.stdout as replies:
            for line in replies:
                last = REPLY.validate_json(line)
                if last.progress is not None:
                    progress(last.progress)
                if last.doing is not None:
                    on_doing(last.doing)
        return last


def _start(complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    """The process, with nothing of ours that it does not need: our own secrets stay out of its environment.

    `-P`: it may be started in a folder of downloads, and must not take a module from there.
    """
    bound = [sys.executable, "-P", str(Path(launch.__file__)), str(os.getpid()), "0", *[_UNLIMITED] * 4, "--"]
    return subprocess.Popen(  # noqa: S603 - an argument list of our own making, no shell
        [*bound, sys.executable, "-P", "-m", "auralarchive.audio.worker"],
        env={name: value for name, value in os.environ.items() if not _ours(name)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        start_new_session=True,
    )


def _ours(name: str) -> bool:
    """Whether a variable is a setting of ours; where tests want us killed is none."""
    return name.startswith("AURALARCHIVE_") and not name.startswith("AURALARCHIVE_FAILPOINT")


def _stop_when_cancelled(process: subprocess.Popen[bytes], cancel: CancelToken) -> None:
    while process.poll() is None:
        if cancel.wait(0.1):
            _end(process)
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop by closing its input, then end it and all that it has started."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _died(code: int, complaints: IO[bytes]) -> TransientError:
    complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, complaints.tell() - 4000))
    _log.error("the conversion process ended with %s: %s", code, complaints.read().decode("utf-8", "replace"))
    how = f"was killed (signal {-code})" if code < 0 else f"ended with {code}"
    return TransientError(f"The conversion process {how}.", "Is there enough memory? It is tried again by itself.")
