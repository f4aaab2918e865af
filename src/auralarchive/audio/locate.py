"""Finds the second at which FFmpeg complains about a source.

A decode at full speed runs ahead of its own words: when we hear a complaint, many seconds of sound may
already lie in the pipe, or have been read with it. So the place is found by a second, slower decode that
ends with the first complaint.
"""

from __future__ import annotations

from collections.abc import Sequence

from auralarchive.audio.process import Limits, run
from auralarchive.ports.work import CancelToken


class _Heard(Exception):
    """The complaint came: no need to decode on."""


def first_complaint(
    command: Sequence[str], *, limits: Limits, cancel: CancelToken, fd: int, bytes_per_second: int
) -> float | None:
    """The second (of decoded sound) of the first complaint of `command`, which writes sound to stdout; else None."""
    given = 0

    def sink(data: bytes) -> None:
        nonlocal given
        given += len(data)

    def stop(_line: str) -> None:
        raise _Heard

    try:
        run(command, limits=limits, cancel=cancel, sink=sink, fds=[fd], on_error=stop, precise=True)
    except _Heard:
        return given / bytes_per_second
    return None
