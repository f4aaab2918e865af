"""What programs cost is told of them and of all that they started."""

from __future__ import annotations

import sys

import pytest

from bench.audio.cost import CommandFailed, Cost, Runner

_BUSY = "import time\nwhile time.process_time() < 0.3: pass"
_HOLD = "import time; held = bytearray(60_000_000); time.sleep(0.5)"


def test_cpu_of_a_child_of_the_program_counts() -> None:
    runner = Runner()
    runner.run([sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}])"])
    assert 0.3 <= runner.cost.cpu < 3
    assert runner.cost.wall >= 0.3


def test_programs_side_by_side_take_the_time_of_one_and_the_memory_of_both() -> None:
    runner = Runner()
    runner.run([sys.executable, "-c", _HOLD], [sys.executable, "-c", _HOLD], jobs=2)
    assert runner.cost.peak_mb > 120
    assert 60 < max(runner.largest.values()) < 120, "of one alone"


def test_pages_that_two_hold_count_once_where_that_is_asked() -> None:
    fork = "import os, time; held = bytearray(60_000_000); os.fork(); time.sleep(0.5)"
    shared, summed = Runner(shared=True), Runner()
    for runner in (shared, summed):
        runner.run([sys.executable, "-c", fork])
    assert shared.cost.peak_mb < 100 < summed.cost.peak_mb


def test_costs_add_up() -> None:
    assert Cost(1, 2, 30) + Cost(2, 1, 20) == Cost(3, 3, 30)


def test_an_error_tells_what_the_program_said() -> None:
    with pytest.raises(CommandFailed, match="no such book"):
        Runner().run([sys.executable, "-c", "import sys; sys.exit('no such book')"])
