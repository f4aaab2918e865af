"""Tables of how faithful the made books are, ours and the peers' measured in the same way."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.audio.fidelity import Fidelity, Reading, Seams, measure, readings
from bench.audio.turns import Outcome, failed
from bench.report import Bound, against_bounds, rows

_FRAME = 1024


def tell_fidelity(
    title: str,
    outcomes: Mapping[str, Outcome],
    sources: tuple[Path, ...],
    *,
    starts: Sequence[float] | None = None,
    single: Outcome | None = None,
) -> None:
    """A row a book that was made; and of ours, whether others read what we say of it.

    `starts` are the seconds of its chapters (without: one a source), `single` is the single-pass encode that seams
    are held against.
    """
    tables = _Tables()
    against = single.out if single and single.there else None
    for name, outcome in outcomes.items():
        if not outcome.there or not outcome.out.is_file():
            continue
        try:
            found = measure(
                outcome.out, sources, seams=_seams(outcome), starts=starts, single=against, folder=outcome.out.parent
            )
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            tables.books.append({"case": f"{name}: {failed(error)}"})
            continue
        tables.add(name, outcome, found)
    tables.show(title)


@dataclass(slots=True)
class _Tables:
    books: list[dict[str, object]] = field(default_factory=list)
    seams: list[dict[str, object]] = field(default_factory=list)
    read: list[dict[str, object]] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome, found: Fidelity) -> None:
        self.books.append(fidelity_row(name, found))
        self.seams += seam_rows(name, found)
        if outcome.told:
            gaps = told_gaps(outcome.told[-1], len(found.gaps))
            self.books[-1]["gap we tell"] = max(gaps, default=0)
            self.read += reading_rows(name, outcome.told[-1], readings(outcome.out), found.rate)
            self.bounds += fidelity_bounds(name, found, gaps)

    def show(self, title: str) -> None:
        for what, table in ((title, self.books), (f"{title}: seams", self.seams), (f"{title}: others", self.read)):
            if table:
                rows(what, table)
        if self.bounds:
            against_bounds(f"{title}: bounds", self.bounds, "samples, ms, dB")


def _seams(outcome: Outcome) -> list[int]:
    """Samples of the source at which our encode hands over from one unit to the next."""
    decisions = outcome.told[-1].get("decisions", {}) if outcome.told else {}
    return [(packet - 1) * _FRAME for packet in decisions.get("joints", []) if isinstance(packet, int)]


def fidelity_row(name: str, found: Fidelity) -> dict[str, object]:
    """Samples, ms and dB."""
    return {
        "case": name,
        "out-in": found.longer,
        "lag": "/".join(map(str, found.lags)),
        "largest gap": found.largest_gap,
        "chapters ms": found.heard_ms["ffprobe"],
        "after a seek": found.sought_ms,
        "duration ms": found.duration_ms,
    }


def seam_rows(name: str, found: Fidelity) -> list[dict[str, object]]:
    """Signal-to-noise where files met and where units do, by how much it lies below places as loud elsewhere (and by
    how much chance may be wrong in that), and below the same places of a single-pass encode."""
    return [
        _seam_row(name, where, seams, found.elsewhere)
        for where, seams in (("files", found.at_joints), ("units", found.at_seams))
        if seams.audible
    ]


def _seam_row(name: str, where: str, seams: Seams, elsewhere: float) -> dict[str, object]:
    return {
        "case": name,
        "where these meet": where,
        "places": seams.count,
        "audible": seams.audible,
        "SNR dB": seams.median,
        "of all places": elsewhere,
        "below elsewhere": seams.below,
        "± by chance": seams.spread,
        "below a single pass": seams.below_single,
    }


def told_gaps(told: Mapping[str, Any], count: int) -> list[int]:
    """Samples that our engine says it left at each of so many joints of sources; an encode leaves none."""
    joints = [joint for joint in told.get("decisions", {}).get("joints", []) if isinstance(joint, dict)]
    return [joint["gap"] for joint in joints] if len(joints) == count else [0] * count


def fidelity_bounds(name: str, found: Fidelity, told: Sequence[int]) -> list[Bound]:
    """Every figure that is held to a bound. Gaps that were told of (copied packets may leave some) are no error."""
    gaps = max((abs(gap - known) for gap, known in zip(found.gaps, told, strict=True)), default=0)
    bounds = [
        Bound(f"{name}: samples out - in, but for gaps told", abs(found.longer - sum(told)), 0),
        Bound(f"{name}: largest gap not told", gaps, 0),
        Bound(f"{name}: lag at the begin", abs(found.lags[0]), 0),
    ]
    if not any(told):
        bounds.append(Bound(f"{name}: lag in the middle and at the end", found.largest_lag, 0))
    # A reader that does not find the chapters is as far off as can be. One who jumps lands where gaps have led.
    errors = [*found.heard_ms.values(), *([] if any(told) else [found.sought_ms])]
    bounds.append(Bound(f"{name}: chapters, ms", max(1e9 if each is None else each for each in errors), 1.0))
    below = found.at_seams.below if found.at_seams.below_single is None else found.at_seams.below_single
    if below is not None:
        bounds.append(Bound(f"{name}: seams, dB", below, 0.5))
    return bounds


def reading_rows(name: str, told: Mapping[str, Any], found: Sequence[Reading], rate: int) -> list[dict[str, object]]:
    """What we say of the book, and under it what three other programs read in it."""
    duration, chapters = told["duration"], told["chapters"]
    rows: list[dict[str, object]] = [
        {
            "case": name,
            "reader": "our report",
            "samples": round(duration * rate),
            "duration s": f"{duration:.6f}",
            "chapters": len(chapters),
            "proved samples": told.get("verification", {}).get("decoded_samples"),
        }
    ]
    for reading in found:
        row: dict[str, object] = {"case": name, "reader": reading.reader, "samples": reading.samples}
        row |= {"duration s": f"{reading.seconds:.6f}", "chapters": len(reading.chapters), "title": reading.title}
        row["agrees"] = "yes" if agrees(told, reading, rate) else "NO"
        rows.append(row)
    return rows


def agrees(told: Mapping[str, Any], reading: Reading, rate: int) -> bool:
    """Whether duration and chapters are ours to the millisecond.

    But for what a program does not know of edit lists: mutagen tells the duration with the encoder's delay, PyAV
    decodes the padding at the end. Each is a packet at most.
    """
    over = (reading.seconds - told["duration"]) * rate
    same_length = -0.001 * rate <= over <= (_FRAME if reading.reader == "mutagen" else 0) + 0.001 * rate
    same_samples = reading.samples is None or 0 <= reading.samples - round(told["duration"] * rate) < _FRAME
    same_chapters = len(reading.chapters) == len(told["chapters"]) and all(
        abs(theirs - ours) <= 0.001 for theirs, ours in zip(reading.chapters, told["chapters"], strict=True)
    )
    return same_length and same_samples and same_chapters
