"""Hears where a source is silent, and proposes chapters there: the last resort for one long file without any."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, source_arguments
from auralarchive.audio.probe import Probe
from auralarchive.audio.process import Limits, run
from auralarchive.ports.work import CancelToken

#: Quieter than this is silence, as m4b-tool has it.
_NOISE_DB = -30
#: Between sentences and paragraphs readers pause for a second; for two or more where something new begins.
SHORTEST_SECONDS = 2.0
MINUTES_APART = 5
_MOST = 100_000
_LONGEST_LINE = 500
#: The words begin so long after the jump to a chapter.
_BREATH_SECONDS = 0.5

#: First and last tick of one silence.
Pause = tuple[int, int]


def pauses(probe: Probe, timescale: int, *, ffmpeg: Ffmpeg, limits: Limits, cancel: CancelToken) -> tuple[Pause, ...]:
    """The silences of a source in ticks of `timescale`, right to some 50 ms. One decode; raises as `run` does."""
    rate = probe.rate
    heard = _Heard(rate)
    with probe.source.open() as fd:
        command = [*base_command(ffmpeg), *source_arguments(fd, probe.source.kind), "-map", "0:a:0", "-vn", "-sn"]
        command += ["-dn", "-af", _filters(rate), "-f", "null", "-"]
        run(command, limits=limits, cancel=cancel, sink=heard.take, fds=[fd])
    return tuple((start * timescale // rate, end * timescale // rate) for start, end in heard.silences)


def _filters(rate: int) -> str:
    """Every sample has its number; what is found goes to stdout."""
    found = f"silencedetect=n={_NOISE_DB}dB:d={SHORTEST_SECONDS}"
    return f"aresample={rate},asettb=1/{rate},asetpts=N,{found},ametadata=mode=print:file=-:direct=1"


class _Heard:
    """Reads what FFmpeg's filter prints.

    Its own seconds have six digits, which are tenths after three hours. The number of the sample at which
    the frame began in which it noticed has all of them: a silence is noticed when it has lasted its shortest,
    or when it ends.
    """

    def __init__(self, rate: int) -> None:
        self.silences: list[Pause] = []
        self._shortest = int(SHORTEST_SECONDS * rate)
        self._rest = b""
        self._at = 0
        self._start: int | None = None

    def take(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
        for line in lines:
            self._line(line)

    def _line(self, line: bytes) -> None:
        if match := re.match(rb"frame:\d+ +pts:(\d{1,18}) ", line):
            self._at = int(match[1])
        elif line.startswith(b"lavfi.silence_start="):
            self._start = max(0, self._at - self._shortest)
        elif line.startswith(b"lavfi.silence_end=") and self._start is not None:
            if len(self.silences) < _MOST and self._start < self._at:
                self.silences.append((self._start, self._at))
            self._start = None


def propose(silences: Sequence[Pause], length: int, timescale: int, *, minutes: float = MINUTES_APART) -> list[int]:
    """Where chapters may begin: just before the end of the longest pauses, at least `minutes` apart."""
    apart = max(1, int(minutes * 60 * timescale))
    places: dict[int, int] = {}  # one in each stretch of `apart` ticks: a look at three stretches is enough
    for start, end in sorted(silences, key=lambda pause: (pause[0] - pause[1], pause[0])):
        place = max(start, end - int(_BREATH_SECONDS * timescale))
        near = [places[each] for each in range(place // apart - 1, place // apart + 2) if each in places]
        if apart <= place <= length - apart and all(abs(place - other) >= apart for other in near):
            places[place // apart] = place
    return sorted(places.values())
