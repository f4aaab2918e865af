"""What a book consists of in the library, and under which names: decided before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auralarchive.domain.naming import Template, distinct, safe_component
from auralarchive.library.faults import reading, unsafe_source
from auralarchive.library.sources import opened_source
from auralarchive.ports.library import ImportRequest, Role

#: What may lie beside the audio. Everything else that a release brings stays outside.
COMPANION_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".png", ".webp"),
        *(".pdf", ".epub", ".mobi", ".azw3"),
        *(".cue", ".nfo", ".txt", ".opf", ".json", ".xml", ".lrc", ".srt", ".vtt"),
    }
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the book. Only the audio may be linked: media servers rewrite what lies beside it."""

    source: Path
    role: Role
    name: str

    @property
    def link(self) -> bool:
        return self.role == "audio"


@dataclass(frozen=True, slots=True)
class Plan:
    """The book's folder below the root, and its files; the audio comes first."""

    folders: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def audio(self) -> Piece:
        return self.pieces[0]

    @property
    def label(self) -> str:
        return "/".join(self.folders)


def make_plan(request: ImportRequest, template: Template, roots: Sequence[Path]) -> Plan:
    """Where every file of the book goes. Raises `InvalidInput` for a companion of a kind we refuse."""
    layout = template.layout(request.book)
    pieces = [Piece(request.audio, "audio", layout.file_name)]
    if request.cover is not None:
        pieces.append(Piece(request.cover, "cover", f"cover{_picture_suffix(request.cover, roots)}"))
    # Sorted, so that the same files get the same numbers each time.
    for companion in sorted(request.companions, key=os.fsencode):
        if request.cover is not None and _same_content(companion, request.cover, roots):
            continue  # the very picture that we publish as the cover
        name = _companion_name(companion)
        pieces.append(Piece(companion, "companion", distinct(name, [piece.name for piece in pieces])))
    return Plan(layout.folders, tuple(pieces))


def _companion_name(path: Path) -> str:
    if path.suffix.lower() not in COMPANION_SUFFIXES:
        raise unsafe_source(path, "is of a kind that does not belong to an audiobook")
    name = safe_component(path.name)
    # Cleaning may have taken a name's last letters away; its kind must stay what was looked at.
    return name if name.lower().endswith(path.suffix.lower()) else f"{safe_component(path.stem, 200)}{path.suffix}"


def _same_content(path: Path, other: Path, roots: Sequence[Path]) -> bool:
    with opened_source(path, roots) as one, opened_source(other, roots) as two, reading(path):
        size = os.fstat(one).st_size
        return size == os.fstat(two).st_size and os.pread(one, size, 0) == os.pread(two, size, 0)


def _picture_suffix(path: Path, roots: Sequence[Path]) -> str:
    with opened_source(path, roots) as picture, reading(path):
        start = os.pread(picture, 8, 0)
    if start.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if start == b"\x89PNG\r\n\x1a\n":
        return ".png"
    raise unsafe_source(path, "is neither a JPEG nor a PNG picture")
