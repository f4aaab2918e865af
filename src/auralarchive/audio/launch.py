"""Started in place of FFmpeg: binds its own process, then becomes FFmpeg.

A fresh interpreter does this because the code between fork and exec in a process with threads may not run
Python. It imports nothing of the project and costs some 15 ms.

    launch.py PARENT NICE MEMORY CPU_SECONDS FILE_BYTES OPEN_FILES -- command …
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
#: The number of `ioprio_set`, for which the C library has no function.
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
_IOPRIO_WHO_PROCESS, _BEST_EFFORT_LAST = 1, 2 << 13 | 7


def main(arguments: list[str]) -> None:
    """Set the limits and replace this process by the command."""
    parent, nice, memory, cpu, file_bytes, open_files = (int(value) for value in arguments[:6])
    _die_with(parent)
    _yield_to_others(nice)
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu, "RLIMIT_FSIZE": file_bytes, "RLIMIT_NOFILE": open_files}
    for name, value in limits.items():
        _limit(getattr(resource, name, None), value)
    _limit(resource.RLIMIT_CORE, 0)
    # Python ignores these two, and an ignored signal stays ignored in what we become.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    command = arguments[7:]
    os.execv(command[0], command)  # noqa: S606 - an argument list from our own code, no shell


def _die_with(parent: int) -> None:
    """Let the kernel end us with the thread that started us, also when that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(1)


def _yield_to_others(nice: int) -> None:
    """At a low priority the disk comes last too; where that cannot be asked for, it stays as it is."""
    os.nice(nice)
    number = _IOPRIO_SET.get(os.uname().machine) if sys.platform == "linux" else None
    # A 32-bit interpreter on a 64-bit machine would call something else by that number.
    if nice > 0 and number is not None and sys.maxsize > 2**32:
        ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, 0, _BEST_EFFORT_LAST)


def _limit(what: int | None, value: int) -> None:
    if what is None:
        return
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(what, (value, value))
    except (OSError, ValueError):
        # macOS refuses some limits: the others still hold.
        return


if __name__ == "__main__":
    main(sys.argv[1:])
