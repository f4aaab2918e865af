"""Children are bound: they end when told, when they hang, and never block us."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from auralarchive.audio.process import Limits, Messages, Outcome, run
from auralarchive.ports.errors import Cancelled, NoSpace, TransientError
from auralarchive.ports.work import CancelToken
from tests.support.processes import wait_for


def _run(script: str, feed: bytes = b"", limits: Limits | None = None) -> tuple[Outcome, bytes]:
    output = bytearray()
    command = [sys.executable, "-I", "-S", "-c", script]
    outcome = run(command, limits=limits or Limits(), cancel=CancelToken(), feed=[feed], sink=output.extend)
    return outcome, bytes(output)


def test_data_flows_through_in_both_directions_at_once() -> None:
    """More than any pipe holds: neither side may wait for the other."""
    data = os.urandom(5_000_000)
    outcome, output = _run("import sys,shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)", data)
    assert outcome.clean
    assert output == data


def test_a_child_that_ends_early_is_no_broken_pipe() -> None:
    outcome, _ = _run("import sys; sys.stderr.write('no\\n'); sys.exit(3)", bytes(5_000_000))
    assert (outcome.returncode, outcome.errors, outcome.messages) == (3, 1, ("no",))


def test_a_cancel_ends_the_whole_group(tmp_path: Path) -> None:
    """Also what the child has started itself, which would go on for longer than a test may."""
    cancel = CancelToken()
    script = f"sleep 300 & echo $! > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait"

    def cancel_midway() -> None:
        wait_for((tmp_path / "pid").exists)
        cancel.cancel()

    threading.Thread(target=cancel_midway).start()
    with pytest.raises(Cancelled):
        run(["/bin/sh", "-c", script], limits=Limits(), cancel=cancel)
    status = Path(f"/proc/{(tmp_path / 'pid').read_text(encoding='ascii').strip()}/stat")
    wait_for(lambda: _is_dead(status))


def _is_dead(status: Path) -> bool:
    """Where nobody collects orphans, a dead one stays listed as a zombie."""
    try:
        return status.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_child_that_moves_nothing_is_ended() -> None:
    """Words on stderr are no progress."""
    script = "import sys,time\nwhile True:\n print('busy', file=sys.stderr, flush=True); time.sleep(0.05)"
    with pytest.raises(TransientError, match="did nothing"):
        _run(script, limits=Limits(stall_seconds=0.5))


def test_limits_hold() -> None:
    script = "import os,resource as r; print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_NOFILE)[0], os.nice(0))"
    _, output = _run(script, limits=Limits(memory=2**30, open_files=77, nice=3))
    memory, files, nice = map(int, output.split())
    assert (memory, files) == (2**30, 77)
    assert nice >= 3


def test_a_full_disk_has_its_own_error() -> None:
    with pytest.raises(NoSpace):
        _run("import sys; sys.exit('av_interleaved_write_frame(): No space left on device')")


def test_only_the_last_lines_are_kept_and_harmless_ones_do_not_count() -> None:
    messages = Messages()
    messages.feed(b"".join(b"line %d\n" % number for number in range(1000)))
    messages.feed(b"[mjpeg] Codec (mjpeg) not on whitelist 'mp3'\n" + b"x" * 100_000)
    messages.close()
    assert messages.count == 1001
    assert len(messages.lines) == 200
    assert max(map(len, messages.lines)) <= 500
