"""Chooses the chapters of the book, best source first, as exact positions in its sound.

The order: a person's own list; what the sources hold; cue sheets; OverDrive's markers; a list beside the
files; the release's titles of its files; a catalogue's list, where it fits and tells more than the files do;
one a file; pauses in one long file.
What tells no more than the files themselves is passed over. Nothing here fails: what is of no use becomes a note.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from auralarchive.audio.chapterfiles import Listed
from auralarchive.audio.filetitles import chapter_title, file_titles, says_nothing
from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark
from auralarchive.audio.overdrive import merged
from auralarchive.audio.probe import Probe
from auralarchive.audio.silence import Pause, propose
from auralarchive.domain.chapters import CatalogueChapters, ChapterSource, fit
from auralarchive.ports.audio import Section

_SNAP_SECONDS = 2.0
_LONG_SECONDS = 3600
_LONGEST_SECONDS = 1e7
_OPENING = "Opening"
_SHORT_SECONDS, _SHORT_PART = 10, 0.02  # sites round, and count words that were cut since


@dataclass(frozen=True, slots=True)
class Part:
    """One source's place in the book, in ticks."""

    probe: Probe
    start: int
    length: int


#: A chapter's first tick and its title.
Marks = tuple[tuple[int, str], ...]
_Loose = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The book's chapters: ascending, the first at 0, none beyond the end; where they come from; what was left out."""

    marks: Marks
    source: ChapterSource
    notes: tuple[str, ...] = ()


def choose(
    parts: Sequence[Part],
    timescale: int,
    *,
    own: Listed | None = None,
    beside: Sequence[Listed] = (),
    sections: Sequence[Section] = (),
    catalogue: CatalogueChapters | None = None,
    listen: Callable[[], Sequence[Pause]] | None = None,
) -> Chosen:
    """The chapters of the book that `parts` make.

    `own` is a person's list, `beside` are those that lie with the files, `sections` what the release says of the
    files. `listen` gives the pauses of the one
    source in ticks: it is called only for a long one that has nothing else.
    """
    return _Choice(parts, timescale, sections).made(own, beside, catalogue, listen)


def given(probe: Probe) -> ChapterSource:
    """Where the chapters inside one source stand."""
    return ChapterSource.MP4 if probe.source.kind is Kind.MP4 else probe.tags.chapter_source


@dataclass(slots=True)
class _Choice:
    """The book's timeline, and what there was to say on the way."""

    parts: Sequence[Part]
    timescale: int
    sections: Sequence[Section] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.parts[-1].start + self.parts[-1].length

    def made(
        self,
        own: Listed | None,
        beside: Sequence[Listed],
        catalogue: CatalogueChapters | None,
        listen: Callable[[], Sequence[Pause]] | None,
    ) -> Chosen:
        if own and (marks := self._tidy(self._own(own))):
            return self._chosen(marks, ChapterSource.OWN_LIST)
        found = self._inside() or self._sheets(beside) or self._overdrive() or self._lists(beside) or self._released()
        return found or self._from_files(catalogue, listen)

    def _chosen(self, marks: Marks, source: ChapterSource) -> Chosen:
        return Chosen(marks, source, tuple(self.notes))

    # A person's own

    def _own(self, own: Listed) -> _Loose:
        if own.files:
            return self._placed(own, {}) or self._whole(own.files[0].marks, own.name)
        if own.catalogue is None:
            return self._whole(own.marks, own.name)
        laid = self._fitted(own.catalogue, own.name)
        return laid or self._whole([Mark(start / 1000, title) for start, title in own.catalogue.chapters], own.name)

    # What the sources hold

    def _inside(self) -> Chosen | None:
        """Each source's own chapters; a source without any is one chapter."""
        telling = [part for part in self.parts if len(part.probe.chapters) > 1]
        if not telling:
            return None
        titles = file_titles([part.probe for part in self.parts])
        loose: _Loose = []
        for part, title in zip(self.parts, titles, strict=True):
            loose += self._within(part, part.probe.chapters or (Mark(0.0, title),))
            if len(loose) > MAX_CHAPTERS:
                break
        marks = self._tidy(loose)
        return self._chosen(marks, given(telling[0].probe)) if self._tells(marks) else None

    def _overdrive(self) -> Chosen | None:
        several = merged([part.probe.tags.markers for part in self.parts])
        loose = [mark for part, marks in zip(self.parts, several, strict=True) for mark in self._within(part, marks)]
        marks = self._tidy(loose)
        return self._chosen(marks, ChapterSource.OVERDRIVE) if self._tells(marks) else None

    # What lies beside them

    def _sheets(self, beside: Sequence[Listed]) -> Chosen | None:
        """All sheets together: there may be one for each disc."""
        sheets = [each for each in beside if each.files]
        taken: dict[int, str] = {}
        loose: _Loose = []
        for sheet in sheets:
            loose += self._placed(sheet, taken)
        if not loose and len(sheets) == 1 and len(sheets[0].files) == 1:
            loose = self._plausible(sheets[0].files[0].marks, sheets[0].name)
        if loose:
            titles = file_titles([part.probe for part in self.parts])
            loose += [(part.start, titles[at]) for at, part in enumerate(self.parts) if at not in taken and taken]
        marks = self._tidy(loose)
        return self._chosen(marks, ChapterSource.CUE) if self._tells(marks) else None

    def _placed(self, sheet: Listed, taken: dict[int, str]) -> _Loose:
        """The sheet's files found among the parts."""
        loose: _Loose = []
        for file, places in zip(sheet.files, self._places(sheet), strict=True):
            free = next((at for at in places if at not in taken), None)
            if free is not None:
                taken[free] = sheet.name
                loose += self._within(self.parts[free], file.marks)
            elif places:
                self.notes.append(f"{sheet.name} tells of a file that another cue sheet has told of; it was left out.")
        return loose

    def _places(self, sheet: Listed) -> list[list[int]]:
        """The parts that each file of the sheet may be: by name, its own folder first, else in order if as many."""
        names: dict[str, list[int]] = {}
        for at, part in enumerate(self.parts):
            names.setdefault(part.probe.source.relative.stem.casefold(), []).append(at)
        found = [sorted(names.get(_stem(file.name), []), key=lambda at: self._away(at, sheet)) for file in sheet.files]
        if not any(found) and len(sheet.files) == len(self.parts):
            return [[at] for at in range(len(self.parts))]
        return found

    def _away(self, at: int, sheet: Listed) -> bool:
        return self.parts[at].probe.source.path.parent != sheet.folder

    def _lists(self, beside: Sequence[Listed]) -> Chosen | None:
        for each in beside:
            loose = self._plausible(each.marks, each.name)
            if each.catalogue is not None:
                loose = self._fitted(each.catalogue, each.name)
            marks = self._tidy(loose)
            if self._tells(marks):
                return self._chosen(marks, ChapterSource.FILE)
        return None

    def _plausible(self, marks: Sequence[Mark], name: str) -> _Loose:
        """A list that goes on long after the book has ended is another recording's."""
        inside = sum(mark.start * self.timescale < self.end for mark in marks)
        if marks and inside < 0.9 * len(marks):
            self.notes.append(f"{name} was not used: {len(marks) - inside} of its chapters lie behind the end.")
            return []
        return self._whole(marks, name)

    # The release

    def _released(self) -> Chosen | None:
        """One chapter a file, by the title that the release gives each of several."""
        told = {section.path: section for section in self.sections}
        here = [told.get(part.probe.source.relative.as_posix()) for part in self.parts]
        titles = [chapter_title(section.title) if section else "" for section in here]
        if len(self.parts) < 2 or not all(titles) or all(map(says_nothing, titles)):
            return None
        for part, section in zip(self.parts, here, strict=True):
            self._compare(part, section)
        starts = [part.start for part in self.parts]
        return self._chosen(self._tidy(list(zip(starts, titles, strict=True))), ChapterSource.RELEASE)

    def _compare(self, part: Part, section: Section | None) -> None:
        """A file that is much shorter than its release says may have been cut."""
        length = part.length / self.timescale
        if section and section.seconds and section.seconds - length > max(_SHORT_SECONDS, _SHORT_PART * length):
            self.notes.append(
                f"{part.probe.source.name} is {section.seconds - length:.0f} s shorter than its release says."
            )

    # The catalogue, the files, the pauses

    def _from_files(self, catalogue: CatalogueChapters | None, listen: Callable[[], Sequence[Pause]] | None) -> Chosen:
        titles = file_titles([part.probe for part in self.parts])
        files = self._tidy([(part.start, title) for part, title in zip(self.parts, titles, strict=True)])
        listed = self._tidy(self._fitted(catalogue, "The catalogue's list")) if catalogue else ()
        if len(listed) > len(files) or (len(listed) > 1 and all(map(says_nothing, titles))):
            return self._chosen(listed, ChapterSource.CATALOGUE)
        if len(self.parts) > 1:
            return self._chosen(files, ChapterSource.FILES)
        return self._alone(files, listen)

    def _alone(self, files: Marks, listen: Callable[[], Sequence[Pause]] | None) -> Chosen:
        """One file that has at most one chapter inside."""
        inner = self._tidy(self._within(self.parts[0], self.parts[0].probe.chapters))
        if inner:
            return self._chosen(inner, given(self.parts[0].probe))
        if listen is not None and self.end >= _LONG_SECONDS * self.timescale:
            places = propose(listen(), self.end, self.timescale)
            if places:
                self.notes.append("Its chapters were set where it pauses longest: they may be wrong.")
                return self._chosen(self._tidy([(place, "") for place in (0, *places)]), ChapterSource.SILENCE)
        return self._chosen(files, ChapterSource.FILES)

    def _fitted(self, catalogue: CatalogueChapters, name: str) -> _Loose:
        """A catalogue's list on this recording, its marks on the files' beginnings where they are near one."""
        starts = [part.start for part in self.parts]
        found = fit(catalogue, self._milliseconds(self.end), [self._milliseconds(start) for start in starts])
        if not found.marks:
            self.notes.append(f"{name} was not used: {found.how}.")
            return []
        self.notes.append(f"{name} fits: {found.how}.")
        return [(self._snapped(start * self.timescale // 1000, starts), title) for start, title in found.marks]

    def _milliseconds(self, ticks: int) -> int:
        return ticks * 1000 // self.timescale

    def _snapped(self, tick: int, starts: Sequence[int]) -> int:
        at = bisect_left(starts, tick)
        nearest = min(starts[max(0, at - 1) : at + 1], key=lambda start: abs(start - tick))
        return nearest if abs(nearest - tick) <= _SNAP_SECONDS * self.timescale else tick

    # Marks in ticks

    def _whole(self, marks: Sequence[Mark], name: str) -> _Loose:
        return list(self._ticks(marks, 0, self.end, name))

    def _within(self, part: Part, marks: Sequence[Mark]) -> _Loose:
        """A part's own marks, moved to where it stands in the book."""
        return list(self._ticks(marks, part.start, part.start + part.length, part.probe.source.name))

    def _ticks(self, marks: Sequence[Mark], offset: int, end: int, name: str) -> Iterator[tuple[int, str]]:
        outside = 0
        for mark in marks:
            usable = 0 <= mark.start < _LONGEST_SECONDS
            tick = offset + round(mark.start * self.timescale) if usable else end
            if tick < end:
                yield tick, mark.title
            else:
                outside += 1
        if outside:
            self.notes.append(f"{name}: {outside} of its {len(marks)} chapters lie behind its end and were left out.")

    def _tells(self, marks: Marks) -> bool:
        """Whether these say more than where the files begin, and that there are so many."""
        starts = {part.start for part in self.parts}
        named = any(not says_nothing(title) for _, title in marks)
        return len(marks) > 1 and (named or any(start not in starts for start, _ in marks))

    def _tidy(self, marks: Sequence[tuple[int, str]]) -> Marks:
        """Ascending, no two at one place, the first at the beginning, each with a title."""
        places: dict[int, str] = {}
        for start, title in sorted(marks, key=lambda mark: mark[0]):
            places[start] = places.get(start) or chapter_title(title)
        tidy = list(places.items())
        if tidy and tidy[0][0] > _SNAP_SECONDS * self.timescale:
            tidy.insert(0, (0, _OPENING))
        if len(tidy) > MAX_CHAPTERS:
            self.notes.append(f"Only the first {MAX_CHAPTERS} of {len(tidy)} chapters were taken.")
        numbered = enumerate(tidy[:MAX_CHAPTERS])
        return tuple((start if at else 0, title or f"Chapter {at + 1}") for at, (start, title) in numbered)


def _stem(name: str) -> str:
    """`Disc 1\\book.wav` as `book`: the sound may have been encoded since, and moved."""
    base = re.split(r"[\\/]", name)[-1]
    return (base.rpartition(".")[0] or base).casefold()
