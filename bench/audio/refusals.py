"""Bad sources: who takes them, and makes of them a book that is not what the sources hold?"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.audio import peers
from bench.audio.books import RATE, Sound, speech, write_sound
from bench.audio.fidelity import decoded, lag_of, referee
from bench.audio.ours import Ours
from bench.audio.plan import Plan
from bench.audio.turns import Case, Outcome, ours, peer, take_turns
from bench.report import Bound, against_bounds, rows
from tests.support.audio import lock_aaxc

_SECONDS = 20
_KEY, _IV, _WRONG = bytes(range(16)), bytes(range(16, 32)), bytes(range(64, 80))
#: A copy that is off by more is no copy of it.
_ALLOWED_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Bad:
    """Sources with a fault, what they ought to sound like, and how FFmpeg and we are given them."""

    name: str
    sound: Sound
    peer: Case
    ours: Case


def refusals(plan: Plan) -> None:
    """A wrong key, a cut MP3, M4A of two rates."""
    folder = plan.folder / "bad"
    folder.mkdir(parents=True, exist_ok=True)
    told: list[dict[str, object]] = []
    wrong = {"ours": 0, "plain ffmpeg": 0}
    for bad in (_wrong_key(folder), _cut_mp3(folder), _two_rates(folder)):
        outcomes = take_turns({"ours": bad.ours, "plain ffmpeg": bad.peer}, 1, folder / "made")
        for who, outcome in outcomes.items():
            judged, how = _judged(outcome, bad.sound, folder)
            wrong[who] += judged
            told.append({"sources": bad.name, "who": who, "wrong book taken for good": judged, "": how})
    rows("Bad sources", told)
    against_bounds("Bad sources: bounds", [Bound("wrong books of ours", wrong["ours"], 0)], "of 3")


def _judged(outcome: Outcome, sound: Sound, folder: Path) -> tuple[bool, str]:
    """Whether it made a book that is not the sound; and what it did."""
    if not outcome.there:
        return False, f"refused: {outcome.failure}"
    warned = [text for told in outcome.told for text in told["warnings"]]
    try:
        with decoded([outcome.out], RATE, folder, program=referee()) as (found, _):
            seconds, wanted = len(found) / RATE, len(sound) / RATE
            right = abs(seconds - wanted) < _ALLOWED_SECONDS and same_sound(sound, found)
    except subprocess.CalledProcessError:
        return True, "made what cannot be decoded"
    how = f"made {seconds:.1f} of {wanted:.1f} s, {'the right' if right else 'another'} sound"
    return not right, f"{how}; warned: {warned[0]}" if warned else how


def same_sound(wanted: Sound, found: Sound) -> bool:
    """Whether the last quarter is the same, loosely: noise and another pitch are not."""
    place = len(wanted) * 3 // 4
    length = min(RATE, len(wanted) - place)
    lag = lag_of(wanted, found, RATE, place, 0)
    piece, copy = wanted[place : place + length], found[place + lag :][:length]
    if len(copy) < length:
        return False
    alike = float(piece @ copy) / max(float(piece @ piece) * float(copy @ copy), 1e-12) ** 0.5
    return bool(alike > 0.8)


def _plain(sources: Sequence[Path], *, copied: bool) -> Case:
    return peer(peers.stream_copy if copied else peers.plain, tuple(sources))


def _wrong_key(folder: Path) -> Bad:
    """A book of our own, locked with a key of our own."""
    sound = speech(1, _SECONDS * RATE)
    plain = write_sound(folder / "plain.m4a", sound, "-c:a", "aac", "-b:a", "64k", "-f", "ipod")
    locked = lock_aaxc(plain, folder / "locked.aaxc", _KEY, _IV)
    unlock = ("-audible_key", _WRONG.hex(), "-audible_iv", _IV.hex())
    asked = Ours(unlock=f"{_WRONG.hex()}:{_IV.hex()}")
    return Bad("AAXC with a wrong key", sound, peer(peers.unlocked, (locked,), unlock=unlock), ours((locked,), asked))


def _cut_mp3(folder: Path) -> Bad:
    sound = speech(2, _SECONDS * RATE)
    path = write_sound(folder / "cut.mp3", sound, "-c:a", "libmp3lame", "-b:a", "64k")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    return Bad("MP3 cut at 60 %", sound, _plain([path], copied=False), ours((path,), Ours()))


def _two_rates(folder: Path) -> Bad:
    """Copied by FFmpeg, as programs do that look at the names."""
    paths = []
    for number, rate in enumerate((44_100, 22_050), 1):
        arguments = ("-ar", str(rate), "-c:a", "aac", "-b:a", "64k", "-f", "ipod")
        paths.append(write_sound(folder / f"rates {number}.m4a", speech(number, _SECONDS * RATE), *arguments))
    with decoded(paths, RATE, folder) as (both, _):
        sound = both.copy()
    return Bad("M4A of two sample rates", sound, _plain(paths, copied=True), ours(tuple(paths), Ours()))
