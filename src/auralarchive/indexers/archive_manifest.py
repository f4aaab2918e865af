"""Makes the manifest of a book out of what the Internet Archive has of it, and out of LibriVox's list of sections.

A section and its file are the same thing under two names: LibriVox links a 64 kbit/s file, the Archive may have a
better one of the same track. They are joined by what their names have in common, else by the name that LibriVox
keeps beside the link, else by their order where as many of both are left. Whatever finds no partner stays: a file
without a section comes after the sections, and a section without a file is fetched by LibriVox's own link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from auralarchive.domain.manifest import Manifest, ManifestFile, safe_path
from auralarchive.domain.titles import looks_like_name
from auralarchive.indexers.archive_metadata import Form, Item, ItemFile, Prefer, chosen, picture_of, stem_of

#: So many readers are named in a release's title; the manifest names all.
FEW = 4
_NUMBERED = re.compile(r"\s*\d{1,4}\s*(?:[-–—.:]|of\s+\d+\s*[-–—.:]?)\s+(?=\S)")
_GREAT = r"[A-ZÀ-ÖØ-ÞČĎĽŁŃŇŘŚŠŤŹŻŽ]"
_WORD = rf"(?:{_GREAT}\.|{_GREAT}[\w'’-]+)"
_READ_BY = re.compile(rf"\b(?:[Rr]ead|[Nn]arrated)\s+(?:in\s+\w+\s+)?by:?\s+((?:{_WORD}\s+){{0,4}}{_GREAT}[\w'’-]+)")
_NOBODY = re.compile(r"librivox|volunteer|various|multiple|unknown|\bsolo\b|\breaders\b|\bgroup\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a recording as LibriVox lists it; `item` and `file` are those that its link leads to."""

    title: str
    number: int | None = None
    item: str | None = None
    file: str | None = None
    alias: str | None = None  # a second name of its file
    seconds: float | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What is known of the book besides its files."""

    name: str
    title: str
    authors: tuple[str, ...]
    narrators: tuple[str, ...]
    language: str | None
    source: str
    cover: str | None = None


@dataclass(slots=True)
class _Part:
    """A file, the section that it is, or both."""

    item: Item | None = None
    file: ItemFile | None = None
    section: Section | None = None


def manifest_of(
    facts: BookFacts, items: Sequence[Item], base: str, prefer: Prefer, sections: Sequence[Section] = ()
) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest, and what did not fit together, in words."""
    files = [_Part(item, file) for item in items for file in chosen(item.files, prefer)]
    whole = any(part.file and part.file.form is Form.M4B for part in files)
    parts, notes = (files, []) if whole or not sections else _joined(files, sections)
    made: list[ManifestFile] = []
    for part in _titled(parts):
        file = _made(part, base, tuple(one.path for one in made))
        if file is not None:
            made.append(file)
    pictures = ((item, picture_of(item.files, facts.cover)) for item in items)
    cover = next(((item, picture) for item, picture in pictures if picture), None)
    if cover is not None:
        made += [file for file in [_made(_Part(*cover), base, tuple(one.path for one in made))] if file]
    manifest = Manifest(
        name=facts.name,
        files=tuple(made),
        title=facts.title or None,
        authors=facts.authors,
        narrators=facts.narrators,
        language=facts.language,
        source=facts.source,
    )
    return manifest, tuple(notes)


def readers_of(sections: Sequence[Section]) -> tuple[str, ...]:
    """Who reads the book, in the order of their sections, each once."""
    return tuple(dict.fromkeys(name for section in sections for name in section.readers))


def reader_in(text: str) -> str | None:
    """The one reader whom a description names; "LibriVox Volunteers" and the like are nobody."""
    found = _READ_BY.search(text[:20_000])
    name = found[1] if found else ""
    return name if looks_like_name(name) and not _NOBODY.search(name) else None


def is_person(name: str) -> bool:
    """Whether this is somebody's name, and no word for many."""
    return bool(name) and not _NOBODY.search(name)


def _joined(files: list[_Part], sections: Sequence[Section]) -> tuple[list[_Part], list[str]]:
    """Sections with their files, in the order of the sections; then the files that have none."""
    left = list(files)
    parts = [_Part(section=section) for section in _without_twins(sections)]
    for by in (_by_link, _by_alias):
        for part in parts:
            found = None if part.file else next((one for one in left if by(part.section, one)), None)
            if found is not None:
                part.item, part.file = found.item, found.file
                left.remove(found)
    open_parts = [part for part in parts if part.file is None]
    if len(open_parts) == len(left):
        for part, found in zip(open_parts, left, strict=True):
            part.item, part.file = found.item, found.file
        return parts, []
    notes = [
        f'The Archive lists no file for the section "{part.section.title}".' for part in open_parts if part.section
    ]
    notes += [f"{part.file.name} belongs to no section; it comes last." for part in left if part.file]
    return [*parts, *left], notes


def _by_link(section: Section | None, part: _Part) -> bool:
    assert section is not None
    assert part.item is not None
    assert part.file is not None
    same_item = section.item is None or section.item == part.item.id
    return section.file is not None and same_item and stem_of(section.file) == part.file.stem


def _by_alias(section: Section | None, part: _Part) -> bool:
    assert section is not None
    assert part.file is not None
    names = {stem_of(name) for name in (section.alias, section.file) if name}
    return part.file.stem in names


def _without_twins(sections: Sequence[Section]) -> list[Section]:
    """In their order. Two that share a file are one section with both titles."""
    ordered = sorted(sections, key=lambda section: (section.number is None, section.number or 0))
    kept: list[Section] = []
    places: dict[tuple[str | None, str], int] = {}
    for section in ordered:
        key = (section.item, section.file) if section.file else None
        if key is not None and key in places:
            before = kept[places[key]]
            readers = tuple(dict.fromkeys((*before.readers, *section.readers)))
            kept[places[key]] = replace(before, title=f"{before.title} / {section.title}", readers=readers)
            continue
        if key is not None:
            places[key] = len(kept)
        kept.append(section)
    return kept


def _titled(parts: list[_Part]) -> list[_Part]:
    """The parts; where files are the only ones to have titles, these without the numbers that all begin with."""
    files = [part.file for part in parts if part.file and not part.section]
    if not files or not all(file.title and _NUMBERED.match(file.title) for file in files):
        return parts
    for part in parts:
        if part.file and part.file.title and not part.section:
            part.file = replace(part.file, title=_NUMBERED.sub("", part.file.title, count=1))
    return parts


def _made(part: _Part, base: str, taken: tuple[str, ...]) -> ManifestFile | None:
    section, file = part.section, part.file
    title = section.title if section else None
    readers = section.readers if section else ()
    length = section.seconds if section else None
    if file is None or part.item is None:
        return _by_own_link(section, base, taken) if section else None
    return ManifestFile(
        path=safe_path(file.name, taken),
        urls=part.item.urls(file, base),
        size=file.size,
        md5=file.md5,
        sha1=file.sha1,
        title=title or file.title,
        narrators=readers,
        seconds=file.seconds or length,
    )


def _by_own_link(section: Section, base: str, taken: tuple[str, ...]) -> ManifestFile | None:
    """A section that the Archive's metadata do not know: what LibriVox links is fetched, or its failure is told."""
    if not section.item or not section.file:
        return None
    nowhere = Item(section.item, "", (), "", "", ())
    urls = nowhere.urls(ItemFile(section.file, Form.SMALL, ""), base)
    return ManifestFile(
        safe_path(section.file, taken), urls, title=section.title, narrators=section.readers, seconds=section.seconds
    )
