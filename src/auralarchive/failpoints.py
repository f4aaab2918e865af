"""Named places where a test may kill the process, to prove that nothing is lost there.

`AURALARCHIVE_FAILPOINT=name` kills at the first passage of `name`, `name:3` at the third, as kill -9
would: no handler runs, no buffer is flushed. Unset, a failpoint costs one look into a dictionary.
With `AURALARCHIVE_FAILPOINT_LOG=file` every passage is written down instead, so that a test can
list the places that a scenario passes.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

_ARMED, _, _TIMES = os.environ.get("AURALARCHIVE_FAILPOINT", "").partition(":")
_PASSAGE = int(_TIMES) if _TIMES.isdecimal() else 1
_LOG = os.environ.get("AURALARCHIVE_FAILPOINT_LOG", "")
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Die here if a test asked for it."""
    if _LOG:
        with Path(_LOG).open("a", encoding="utf-8") as log:
            log.write(f"{name}\n")
    if name != _ARMED:
        return
    _passed[name] += 1
    if _passed[name] == _PASSAGE:
        os.kill(os.getpid(), signal.SIGKILL)
