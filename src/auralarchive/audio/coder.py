"""Chooses what encodes a book: the cheapest coder of this FFmpeg that is no worse than the plain choice.

The plain choice is FFmpeg's own encoder with its slow coder, `twoloop`, at the bits that the sources have. Which
others come up to it differs from build to build and from bit rate to bit rate; so they are tried on a short
sound (`trials.py`), and what was found is kept for as long as the build stays what it is.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.plan import RAISE, Coder, Format
from auralarchive.audio.results import key_of
from auralarchive.audio.trials import Bench, Trial, Trials
from auralarchive.ports.errors import Cancelled, PermanentError, TransientError

_log = logging.getLogger(__name__)
_TRIALS = TypeAdapter(Trials)

#: Counted up when sound, scores or arguments change: then old findings count no more.
_FORMAT = 1
#: Bit rates (kbit/s a channel) that are tried; one between them is taken for the nearest.
_TRIED = (16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 160, 192, 256)
_OTHERS: tuple[Coder, ...] = ("libfdk_aac", "aac_at")
#: So many dB of added noise weigh as much as one of spectral distance; and what is worse by less sounds the same.
#: With these the order of PESQ on real sentences comes out, at any rate and with any build that was tried.
_NOISE_WEIGHT, _SAME = 0.25, 0.1
#: Times measure anew what others do on the machine: what costs less than so many times the cheapest counts as cheap.
_AS_CHEAP, _AS_CHEAP_SECONDS = 1.3, 0.01
_MOST_CACHED_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """The encode that is made, why this one, and what was measured."""

    target: Format
    why: str
    build: str
    trials: Trials = field(default_factory=lambda: Trials((), {}))

    def decisions(self) -> dict[str, Any]:
        """For the recipe."""
        return {"why": self.why, "build": self.build, **asdict(self.trials)}


def choose(
    plain: Format, most_kbps: int, bench: Bench, setting: Literal["auto", "fast", "twoloop"], cache: Path | None
) -> Choice:
    """The coder for `plain`, whose bits a coder that needs more may raise up to `most_kbps`.

    Findings are kept in the folder `cache`. Where nothing can be measured, `plain` stays as it is. Raises `Cancelled`.
    """
    build = build_of(bench.ffmpeg)
    if setting != "auto":
        return Choice(replace(plain, coder=setting), "the settings name the coder", build)
    try:
        trials = _trials(_tried(plain), build, bench, cache)
        return Choice(*pick(plain, most_kbps, trials), build, trials)
    except Cancelled:
        raise
    except (OSError, ValueError, TransientError, PermanentError) as error:
        _log.warning("the coders could not be measured: %s", error)
        return Choice(plain, "nothing could be measured: a rule of thumb", build)


def build_of(ffmpeg: Ffmpeg) -> str:
    """What names this very build: another one at the same place has other bytes or another time."""
    try:
        found = ffmpeg.path.stat()
        file = [found.st_size, found.st_mtime_ns]
    except OSError:
        file = []
    return key_of(str(ffmpeg.path), ffmpeg.version, ffmpeg.encoders, file)[:16]


def cache_folder() -> Path | None:
    """Where findings are kept by default: the folder of the system for what can be made again."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "auralarchive"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "auralarchive"


# What is tried


def _tried(plain: Format) -> Format:
    """The plain choice at the nearest bit rate that is tried."""
    each = plain.bitrate_kbps / plain.channels
    rung = min(_TRIED, key=lambda rung: abs(rung - each))
    return replace(plain, coder="twoloop", bitrate_kbps=rung * plain.channels)


def _formats(reference: Format, encoders: Sequence[str]) -> list[Format]:
    others = [replace(reference, coder=coder) for coder in _OTHERS if coder in encoders]
    fast = replace(reference, coder="fast")
    return [reference, fast, replace(fast, bitrate_kbps=_raised(fast.bitrate_kbps)), *others]


def _raised(kbps: int) -> int:
    return int(RAISE * kbps)


def _trials(reference: Format, build: str, bench: Bench, cache: Path | None) -> Trials:
    """What was found earlier, else what is found now."""
    key = key_of(_FORMAT, build, reference.rate, reference.channels, reference.bitrate_kbps)
    path = cache / f"coders-{key[:32]}.json" if cache else None
    known = _kept(path) if path else None
    if known is not None and _reference(known, reference) is not None:
        return known
    found = bench.measure(_formats(reference, bench.ffmpeg.encoders))
    # A failure of FFmpeg's own encoder may be one of the moment.
    if path and not {"fast", "twoloop"} & set(found.unfit):
        _keep(path, found)
    return found


def _kept(path: Path) -> Trials | None:
    try:
        with path.open("rb") as file:
            return _TRIALS.validate_json(file.read(_MOST_CACHED_BYTES))
    except (OSError, ValueError):
        return None


def _keep(path: Path, trials: Trials) -> None:
    """Whole or not at all; without it the next book measures again."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(_TRIALS.dump_json(trials))
        new.replace(path)
    except OSError as error:
        _log.info("what was measured of FFmpeg's coders cannot be kept: %s", error)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


# What is chosen


def pick(plain: Format, most_kbps: int, trials: Trials) -> tuple[Format, str]:
    """(The encode, why this one): quality decides, then cost where it differs by much, then bits.

    Raises ValueError where the plain choice was not tried.
    """
    tried = _tried(plain)
    reference = _reference(trials, tried)
    if reference is None:
        raise ValueError(trials.unfit.get("twoloop", "the plain choice was not tried"))
    fitting = [
        each
        for each in trials.done
        if _badness(each) <= _badness(reference) + _SAME
        and (each.kbps <= reference.kbps or _raised(plain.bitrate_kbps) <= most_kbps)
    ]
    cheapest = min(_cost(each.coder, trials) for each in fitting)
    cheap = [each for each in fitting if _cost(each.coder, trials) <= _AS_CHEAP * cheapest + _AS_CHEAP_SECONDS]
    best = min(cheap, key=lambda each: (each.kbps, _badness(each), each.coder))
    kbps = plain.bitrate_kbps if best.kbps <= reference.kbps else _raised(plain.bitrate_kbps)
    target = replace(plain, coder=best.coder, bitrate_kbps=kbps, delay=best.delay)
    return target, _why(best, reference, trials)


def _reference(trials: Trials, tried: Format) -> Trial | None:
    wanted = ("twoloop", tried.bitrate_kbps)
    return next((each for each in trials.done if (each.coder, each.kbps) == wanted), None)


def _cost(coder: Coder, trials: Trials) -> float:
    """Whatever else the machine does makes a trial dearer, never cheaper: the least is the nearest to the truth."""
    return min(each.cpu_seconds for each in trials.done if each.coder == coder)


def _badness(trial: Trial) -> float:
    return trial.distance_db + _NOISE_WEIGHT * trial.noise_db


def _why(best: Trial, reference: Trial, trials: Trials) -> str:
    if best is reference:
        return f"no cheaper coder is as good as twoloop at {reference.kbps} kbit/s"
    share = _cost(best.coder, trials) / max(_cost(reference.coder, trials), 0.001)
    return (
        f"{best.coder} at {best.kbps} kbit/s is as good as twoloop at {reference.kbps} "
        f"(distance {best.distance_db:.2f} to {reference.distance_db:.2f} dB, "
        f"noise {best.noise_db:.2f} to {reference.noise_db:.2f} dB) "
        f"for {share:.0%} of its work"
    )
