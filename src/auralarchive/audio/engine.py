"""The audio engine: from whatever arrived to one verified M4B.

    find → probe → order → unlock → plan ─┬─ keep ────────────────────┬→ prove → result
                                          ├─ copy the packets ────────┤
                                          └─ decode → encode → join ──┘

Every step works on what the one before it found out, and raises one of the port's errors where it must.
"""

from __future__ import annotations

import os
from pathlib import Path

from auralarchive.audio.conversion import Conversion
from auralarchive.audio.ffmpeg import Ffmpeg, find_ffmpeg
from auralarchive.audio.progress import Meter
from auralarchive.audio.recipe import read_recipe
from auralarchive.audio.settings import AudioSettings
from auralarchive.audio.timing import Timing
from auralarchive.audio.workspace import workspace
from auralarchive.ports.audio import ConvertRequest, ConvertResult, Doing, OnDoing
from auralarchive.ports.work import CancelToken, Progress


class Engine:
    """The `Converter` of the application; one instance serves any number of threads."""

    def __init__(self, settings: AudioSettings | None = None, ffmpeg: Ffmpeg | None = None) -> None:
        """Raises `Misconfigured` where there is no FFmpeg that can encode AAC."""
        self._settings = settings or AudioSettings()
        self._ffmpeg = ffmpeg or find_ffmpeg(self._settings.ffmpeg)

    @property
    def ffmpeg(self) -> Ffmpeg:
        return self._ffmpeg

    def convert(
        self,
        request: ConvertRequest,
        progress: Progress,
        cancel: CancelToken,
        on_doing: OnDoing = lambda doing: None,
    ) -> ConvertResult:
        """See the port; `on_doing` hears what is done. On any error the work folder holds nothing of ours."""
        cancel.check()
        recipe = read_recipe(request.recipe) if request.recipe is not None else None
        request = recipe.wanted(request) if recipe else request
        jobs = request.jobs or self._settings.jobs or _cores()
        with workspace(request.work_dir) as work:
            meter = Meter(progress, cancel, work.watch)
            conversion = Conversion(self._settings, self._ffmpeg, request, work, meter, cancel, jobs, recipe)
            conversion.timing = Timing(lambda phase: on_doing(Doing(phase, conversion.seconds)))
            result = conversion.run()
            meter.at(1.0)
            return recipe.judged(result) if recipe else result


def _cores() -> int:
    """Cores that this process may use: in a container fewer than the machine has."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota()))


def _quota() -> int:
    """The container's share of CPU time, rounded up; without one, no bound."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):
        return 1024
