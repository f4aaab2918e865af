"""The conversion process on its own, as `isolated.py` starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from auralarchive.audio.messages import ORDER, REPLY, Order
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import ConvertRequest
from tests.support.audio import make_m4b


def test_one_order_in_replies_out_a_line_each(tmp_path: Path) -> None:
    source = make_m4b(tmp_path / "book.m4b", chapters=2, seconds=2)
    (tmp_path / "work").mkdir()
    order = ORDER.dump_json(Order(AudioSettings(), ConvertRequest((source,), tmp_path / "work")))
    process = subprocess.Popen(
        [sys.executable, "-m", "auralarchive.audio.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(order + b"\n")
        process.stdin.flush()
        replies = [REPLY.validate_json(line) for line in process.stdout]
    assert process.returncode == 0
    assert all((reply.progress is None) != (reply.doing is None) for reply in replies[:-1])
    assert [reply.doing.phase for reply in replies if reply.doing] == ["probe", "plan", "verify"]
    assert [reply.doing.seconds > 4 for reply in replies if reply.doing] == [False, True, True]
    assert replies[-1].result is not None
    assert (replies[-1].result.mode, replies[-1].result.path) == ("keep", source)
