"""What a person reads after a conversion: one table, out of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from auralarchive.domain.chapters import ChapterSource
from auralarchive.terminal import clock, size

_WAYS = {
    "keep": "kept as it is",
    "remux": "copied without loss",
    "mixed": "copied where that could be, the rest encoded to match",
    "encode": "encoded",
}
_FROM = {
    ChapterSource.OWN_LIST: "your own list",
    ChapterSource.MP4: "inside the file",
    ChapterSource.ID3: "the ID3 tags",
    ChapterSource.VORBIS: "the comments inside",
    ChapterSource.FLAC_CUE: "the cue sheet inside",
    ChapterSource.MATROSKA: "inside the file",
    ChapterSource.CUE: "a cue sheet beside it",
    ChapterSource.OVERDRIVE: "OverDrive's markers",
    ChapterSource.FILE: "a list beside it",
    ChapterSource.RELEASE: "the release's list of its files",
    ChapterSource.FILES: "one a file",
    ChapterSource.CATALOGUE: "a catalogue",
    ChapterSource.SILENCE: "its pauses: they may be wrong",
    ChapterSource.NONE: "",
}
_FIRST, _LAST = 4, 3
#: Columns for the names, and the fewest for the values.
_NAMES, _LEAST_WIDTH = 11, 20
_MOST_WHOLE = 10
_MEASURE = Console(markup=False, highlight=False)


def table(told: Mapping[str, Any], width: int) -> Iterator[Text]:
    """The report `told` in lines of a name and a value, no wider than `width` where that can be."""
    for name, value in _rows(told):
        # Nothing behind the text, as a table of Rich's has it: lines that are piped or copied stay clean.
        folded = Text(value).wrap(_MEASURE, max(_LEAST_WIDTH, width - _NAMES), overflow="fold")
        for at, line in enumerate(folded):
            line.rstrip()
            yield Text.assemble((f"{'' if at else name:{_NAMES}}", "bold"), line)


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Way", f"{_WAYS[told['mode']]}: {told['reason']}"
    yield "Length", clock(told["duration_seconds"])
    yield "Size", f"{size(told['size'])}, {told['codec'].upper()} at {told['bitrate_kbps']} kbit/s"
    yield "Took", _took(told)
    yield "Joints", _joints(told)
    yield from _chapters(told["chapters"], told["chapters_from"])
    yield "Cover", _cover(told["cover"])
    yield "Checked", _checked(told)
    if told["rerun"]:
        yield "Recipe", "the same file again, bit for bit" if told["rerun"]["same"] else "not the same file: see below"


def _took(told: Mapping[str, Any]) -> str:
    seconds = told["seconds"]
    time = f"{seconds:.1f} s" if seconds < 100 else clock(seconds)
    return f"{time}, {told['speed']:,.0f} times real time"


def _joints(told: Mapping[str, Any]) -> str:
    parts = []
    if told["joints"]:
        kinds = Counter(joint["kind"] for joint in told["joints"])
        named = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        longest = max(joint["gap"] for joint in told["joints"]) / told["samples"]["out_rate"] * 1000
        parts.append(f"{len(told['joints'])} between copied files ({named})")
        parts.append(f"no gap is longer than {longest:.0f} ms" if longest else "no gap")
        touched = sum(joint["touched"] for joint in told["joints"])
        parts += [f"{touched:,} of {told['packets']:,} packets made anew there"] if touched else []
    if told["segments"]:
        count, reused = told["segments"]["count"], told["segments"]["reused"]
        done = f" ({reused} of them by an earlier attempt)" if reused else ""
        parts.append(f"{_many(count, 'segment')} encoded{done}, without a gap")
    return "; ".join(parts) or "none"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _chapters(chapters: Sequence[Mapping[str, Any]], source: str) -> Iterator[tuple[str, str]]:
    """The first and the last few, each with its time; a row each, so that long titles fold in their own column."""
    origin = _FROM.get(ChapterSource(source), "")
    yield "Chapters", f"{len(chapters)}{f' ({origin})' if origin else ''}"
    shown = chapters if len(chapters) <= _MOST_WHOLE else chapters[:_FIRST]
    yield from ((f"  {clock(each['start'])}", each["title"]) for each in shown)
    if len(chapters) > _MOST_WHOLE:
        yield "  …", f"{len(chapters) - _FIRST - _LAST} more"
        yield from ((f"  {clock(each['start'])}", each["title"]) for each in chapters[-_LAST:])


def _cover(cover: Mapping[str, Any] | None) -> str:
    return f"{cover['format'].upper()}, {cover['size'] / 1000:,.0f} kB" if cover else "none"


def _checked(told: Mapping[str, Any]) -> str:
    proof = told["verification"]
    checks = [f"all {proof['packets']:,} packets"]
    if proof["decoded_samples"] is not None:
        checks.append("decoded to the end")
    if proof["identical_packets"] is not None:
        checks.append(f"{told['packets'] - told['packets_touched']:,} packets are the sources' own")
    if proof["parts"]:
        checks.append(f"{_many(len(proof['parts']), 'source')} recognised by sound, each in its place")
    return "; ".join(checks)
