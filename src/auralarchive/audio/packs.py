"""A pack: files that belong together as far as one folder tells, on their way to become a book or a part of one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property

from auralarchive.audio.identity import Call, Facts, call
from auralarchive.audio.numbering import Label, matter
from auralarchive.audio.ordering import Place, stem
from auralarchive.audio.probe import Probe
from auralarchive.audio.reading import read

#: A single file that plays so long is a book, whatever it is called.
_WHOLE_SECONDS = 3 * 3600.0
_LONGEST_EXTRA = 3600.0
_WHOLE = "a whole book"


@dataclass(frozen=True)
class Pack:
    """`label` is what it is called among its neighbours, `place` the folder in which it lies.

    `is_folder`: `label` is a folder's name, not a file's. `settled`: a book among several of its own folder, which no
    neighbour of that folder joins any more.
    """

    probes: tuple[Probe, ...]
    label: str
    place: Place = ()
    is_folder: bool = False
    settled: bool = False

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.probes)

    @cached_property
    def call(self) -> Call:
        return call(self.label)

    @cached_property
    def is_extra(self) -> bool:
        """A prologue, a bonus, credits: it goes with a book instead of being one."""
        named = matter(self.label) or all(matter(stem(probe.source.path.name)) for probe in self.probes)
        return bool(named) and self.facts.seconds < _LONGEST_EXTRA

    @cached_property
    def form(self) -> str:
        """The suffix of its first file."""
        return self.probes[0].source.path.suffix.casefold()

    @property
    def is_single(self) -> bool:
        return len(self.probes) == 1

    @cached_property
    def is_complete(self) -> bool:
        """One file that must be a whole book or a large part of one: with chapters inside, or very long."""
        return self.is_single and is_complete(self.probes[0])

    @cached_property
    def substantial(self) -> bool:
        """Whether it could be a book by itself."""
        called_as_album = self.call.number is None and self.facts.album and self.facts.album in self.call.words
        alone = not self.is_single or self.is_folder or stands_alone(self.probes[0]) or bool(called_as_album)
        return alone and not self.is_extra

    @cached_property
    def begins_anew(self) -> bool:
        """Whether its files are numbered from their own beginning, by tags or by names."""
        tracks = [probe.tags.track for probe in self.probes if probe.tags.track is not None]
        if tracks:
            return min(tracks) == 1
        reading = read([stem(probe.source.path.name) for probe in self.probes])
        numbers = [found[-1][0] for found in reading.keys if found]
        return reading.orders and bool(numbers) and min(numbers) <= 1

    @cached_property
    def position(self) -> Hashable:
        """Which place in a book it claims; None where it claims none. No two parts of one book claim the same."""
        discs = {probe.tags.disc for probe in self.probes}
        disc = discs.pop() if len(discs) == 1 else None
        # "Tape 1 Side A" and "Tape 1 Side B" are two places.
        side = tuple(word for word in self.call.words.split() if len(word) == 1)
        if self.is_single:
            track = self.probes[0].tags.track
            unnumbered = self.call.number is None and (disc or 1, track or 1) == (1, 1)
            if unnumbered:
                return _WHOLE if self.is_complete else None
            return disc, track, self.call.label, self.call.number, side
        if not self.begins_anew:
            return None
        unnumbered = self.call.number is None and (disc or 1) == 1
        return _WHOLE if unnumbered else (disc, self.call.label, self.call.number, side)

    @property
    def ties(self) -> Iterator[Hashable]:
        """What it shares with other parts of the same book, the surest first."""
        called = self.call
        if self.facts.album:
            yield "album", self.facts.album, self._own_words()
        if called.is_part:
            yield "parts", called.before
        elif called.label is Label.BARE:
            # "01 - The Fire" is a chapter as a short file; as a folder or a long file it may be a book.
            chapter = not called.before and not self.is_folder and not self.is_complete
            yield "numbered", "" if chapter else called.words

    def _own_words(self) -> str:
        """What it is called beyond its album, where that may be a book's title: series are albums, too."""
        booklike = self.call.label is Label.VOLUME or (self.is_complete and len(self.probes[0].chapters) > 1)
        if self.call.is_part or not booklike:
            return ""
        known = set(self.facts.album.split())
        return " ".join(word for word in self.call.words.split() if word not in known)


def is_m4b(probe: Probe) -> bool:
    """Whether it was named or made as an audiobook."""
    return probe.source.path.suffix.lower() == ".m4b" or probe.brand == b"M4B " or bool(probe.encrypted)


def is_complete(probe: Probe) -> bool:
    """Whether its content says that it is a whole book."""
    return len(probe.chapters) > 1 or probe.seconds >= _WHOLE_SECONDS or bool(probe.encrypted)


def stands_alone(probe: Probe) -> bool:
    """Whether it may be a book by itself."""
    return is_m4b(probe) or is_complete(probe)
