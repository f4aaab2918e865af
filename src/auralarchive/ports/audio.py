"""What the pipeline needs of the audio engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from auralarchive.domain.book import Book
from auralarchive.domain.chapters import CatalogueChapters, ChapterSource
from auralarchive.ports.work import CancelToken, Progress

Mode = Literal["keep", "remux", "encode", "mixed"]
#: Where copied AAC files meet: leave the encoders' silence (plain), mend what can be mended without a gap
#: (gapless), leave less of it elsewhere too (close), or encode the book rather than leave any (seamless).
Joints = Literal["plain", "gapless", "close", "seamless"]


@dataclass(frozen=True, slots=True)
class Section:
    """One file of a book, as its release tells of it: `path` is below the source, `seconds` None where not told."""

    path: str
    title: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """One book to make. `sources` are audio files or folders, never written to or through.

    `work_dir` belongs to this claim alone and exists; the result is written inside it, unless the
    source is already what is wanted (`keep`). `book` of None takes the tags as they are.
    Finished parts of an encode are kept in `resume_dir` until all is done, so that a later attempt goes on
    where one that was killed has been; without one nothing outlives the call.
    """

    sources: tuple[Path, ...]
    work_dir: Path
    book: Book | None = None
    bitrate_kbps: int | None = None  # None: by the source
    jobs: int | None = None  # None: one a core
    cover: Path | None = None
    chapters_file: Path | None = None
    together: bool = False  # a person says that all sources are one book
    only: str | None = None  # of several books in the sources: the one with this title, file or folder
    catalogue: CatalogueChapters | None = None  # taken where it fits and tells more than the files
    sections: tuple[Section, ...] = ()  # by the release, in the book's order: where all files are among them
    joints: Joints | None = None  # None: as the settings say
    accept_damage: bool = False  # a person says so: damage in the sources is told, not refused
    resume_dir: Path | None = None
    recipe: dict[str, Any] | None = None  # do again what it tells, with the same files
    retag: bool = False  # write `book` and `cover` also into what could be kept as it is


@dataclass(frozen=True, slots=True)
class Doing:
    """What a conversion is at: `probe`, `plan`, `encode`, `joints`, `write` or `verify`; of a book of so many seconds.

    The length is 0 until it is known.
    """

    phase: str
    seconds: float = 0.0


OnDoing = Callable[[Doing], None]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Times in seconds from the start of the book."""

    title: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ConvertResult:
    """One verified M4B. With mode `keep`, `path` is the source itself and must not be moved or changed.

    `companions` are cover, cue, pdf, nfo and ebook files found beside the audio; `cover` is a checked
    JPEG or PNG in the work folder. `sha256` is of the file at `path`; `recipe` can be stored as JSON.
    """

    path: Path
    mode: Mode
    duration_seconds: float
    chapters: tuple[Chapter, ...]
    sha256: str
    size: int
    codec: str
    bitrate_kbps: int
    chapters_from: ChapterSource = ChapterSource.NONE
    cover: Path | None = None
    companions: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    recipe: dict[str, Any] = field(default_factory=dict)


class Converter(Protocol):
    """Turns what arrived into one perfect M4B, or leaves it alone where it already is one."""

    def convert(self, request: ConvertRequest, progress: Progress, cancel: CancelToken) -> ConvertResult:
        """Blocks until done; ends FFmpeg within a second of a cancel and leaves nothing behind.

        Raises: `Cancelled`, `Damaged`, `InvalidInput` (no audio, refused by the whitelists),
        `Misconfigured` (key missing or wrong), `NoSpace`, `TransientError` (FFmpeg killed).
        """


@dataclass(frozen=True, slots=True)
class RetagRequest:
    """A finished M4B whose tags a person has changed. `source` is only read.

    `target_dir` is an empty folder of ours on the library's disk: the new file, and with `picture` the new
    cover, are made in it. `changed` names the fields of `book` that are other than before; the rest of the
    tags stays. `picture` is what a person has given, unchecked.
    """

    source: Path
    target_dir: Path
    book: Book
    changed: tuple[str, ...]
    picture: Path | None = None
    cover_name: str = "cover.jpg"
    without_picture: bool = False


@dataclass(frozen=True, slots=True)
class RetagResult:
    """The new file, proved and on the disk. The cover, where there is a new one, is beside it under its name."""

    path: Path
    sha256: str
    size: int
    source_sha256: str
    cover_sha256: str = ""
    cover_size: int = 0


class Tagger(Protocol):
    """Writes changed tags into a new file."""

    def retag(self, request: RetagRequest, cancel: CancelToken) -> RetagResult:
        """Blocks until done. Raises `InvalidInput`, `NoSpace`, `Gone`, `TransientError`, `Cancelled`."""
