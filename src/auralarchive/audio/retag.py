"""Writes what a person has changed into a finished M4B: as a new file, never into the old one.

Only the tags that speak of what was changed are replaced, also those that other programs write it into; all
others stay byte for byte, and so does the sound. That is proved on the new file, read back from the disk:
the same packets, the same times, the same chapters.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from auralarchive.audio.cover import BadPicture, Cover, redrawn
from auralarchive.audio.mp4 import reader
from auralarchive.audio.mp4.boxes import Malformed
from auralarchive.audio.mp4.copying import batches, read_packets, write_all
from auralarchive.audio.mp4.reader import Mp4
from auralarchive.audio.mp4.retag import Item, Layout, freeform_name, items, layout, text_of
from auralarchive.audio.mp4.track import AudioTrack
from auralarchive.audio.sources import open_regular
from auralarchive.audio.tagnames import NAMES, plain
from auralarchive.audio.tags import BookTags, metadata
from auralarchive.audio.verify import failed
from auralarchive.domain.book import Book
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.audio import RetagRequest, RetagResult
from auralarchive.ports.errors import Gone, InvalidInput, NoSpace, TransientError
from auralarchive.ports.work import CancelToken

_CHUNK = 4 << 20
_LARGEST_PICTURE = 32 << 20
#: Which tags speak of each field of a book; what sorts by a name goes and comes with it.
_MEANINGS: dict[str, frozenset[str]] = {
    "title": frozenset({"title", "album", "sort_title"}),
    "author": frozenset({"author", "sort_author"}),
    "narrator": frozenset({"narrator"}),
    "series": frozenset({"series", "series_part", "grouping", "sort_title"}),
    "series_part": frozenset({"series", "series_part", "grouping", "sort_title"}),
    "year": frozenset({"year", "released"}),
    "language": frozenset({"language"}),
    "publisher": frozenset({"publisher"}),
    "description": frozenset({"description"}),
}
_MEANING_OF = {name: meaning for meaning, names in NAMES.items() for name in names} | {"shwm": "series"}


def retag(request: RetagRequest, cancel: CancelToken) -> RetagResult:
    """Make the new file of `request`, and its cover beside it. Whatever fails, the source is as it was.

    Raises: `InvalidInput` (the file or the picture is not what we can work with), `NoSpace`, `Gone`,
    `TransientError`, `PermanentError` (the new file failed its proof), `Cancelled`.
    """
    cover = _cover(request)
    fd = open_regular(request.source)
    if fd is None:
        raise Gone("The book's file is no ordinary file any more.", "Restore it from a backup.")
    try:
        mp4 = _read(fd)
        made = _layout(mp4, request, cover)
        target = request.target_dir / request.source.name
        try:
            digests = _write(fd, made, target, cancel)
            cover_digest = _save(request.target_dir / request.cover_name, cover.data) if cover else ""
        except OSError as error:
            raise _disk(error) from error
        _prove(fd, mp4, made, target)
        size = target.stat().st_size
    finally:
        os.close(fd)
    return RetagResult(target, digests[1], size, digests[0], cover_digest, len(cover.data) if cover else 0)


def changed_tags(old: Sequence[Item], book: Book, changed: Iterable[str], picture: bytes | None) -> list[bytes]:
    """The tags with what `book` says of its `changed` fields. `picture`: None leaves it, empty takes it out."""
    touched = frozenset().union(*(_MEANINGS[name] for name in changed))
    before = {_meaning(item): text_of(item[1]) for item in old}
    if "description" in touched and before.get("comment") == before.get("description"):
        touched |= {"comment"}  # we write it there, too, where there is no comment
    gone = {b"covr"} if picture is not None else set()
    kept = [raw for item in old if _meaning(item) not in touched and item[0] not in gone for raw in item[2:]]
    return [*kept, *(raw for name, raw in _fresh(book, picture) if name in touched or (name == "covr" and picture))]


def _fresh(book: Book, picture: bytes | None) -> list[tuple[str, bytes]]:
    """Everything that a book can say, as (meaning, tag)."""
    tags = BookTags(
        title=book.title,
        author=book.author,
        narrator=book.narrator or "",
        series=book.series or "",
        series_part=book.series_part or "",
        publisher=book.publisher or "",
        description=book.description or "",
        year=str(book.year or ""),
        language=book.language or "",
    )
    wrapped = metadata(tags, picture or None, maker="")
    # `items` looks for tags where an index has them.
    udta = (8 + len(wrapped)).to_bytes(4, "big") + b"udta" + wrapped
    return [(_meaning(item), item[2]) for item in items(udta)]


def _meaning(item: Item) -> str:
    name, content, _ = item
    if name == b"----":
        return _MEANING_OF.get(plain(freeform_name(content)[1]), "")
    code = name.decode("latin-1")
    return code if code == "covr" else _MEANING_OF.get(code, "")


def _cover(request: RetagRequest) -> Cover | None:
    if request.picture is None:
        return None
    try:
        fd = open_regular(request.picture)
        assert fd is not None, "we have put it there ourselves"
        with os.fdopen(fd, "rb") as file:
            return redrawn(file.read(_LARGEST_PICTURE))
    except BadPicture as error:
        raise InvalidInput(
            f"The picture cannot be used: {error}.", "Choose a JPEG, PNG or WebP picture of at most 40 million pixels."
        ) from error


def _read(fd: int) -> Mp4:
    try:
        found = reader.read(fd)
    except Malformed as error:
        raise _odd(error) from error
    if len(found.audio) != 1:
        raise _odd("it has not exactly one audio track")
    return found


def _layout(mp4: Mp4, request: RetagRequest, cover: Cover | None) -> Layout:
    picture = b"" if request.without_picture else cover.data if cover else None
    try:
        return layout(mp4, lambda old: changed_tags(old, request.book, request.changed, picture))
    except Malformed as error:
        raise _odd(error) from error


def _odd(why: object) -> InvalidInput:
    return InvalidInput(
        f"The book's file cannot be rewritten: {why}.",
        "Nothing was changed. Convert it anew with `auralarchive convert`.",
        kind=FailureKind.DAMAGED_AUDIO,
    )


def _write(source: int, made: Layout, target: Path, cancel: CancelToken) -> tuple[str, str]:
    """Write and sync the new file; the SHA-256 of the old and of the new one."""
    old, new = hashlib.sha256(), hashlib.sha256()
    size = os.fstat(source).st_size
    with target.open("xb", buffering=0) as file:

        def put(data: bytes) -> None:
            write_all(file.fileno(), data)
            new.update(data)

        for chunk in _chunks(source, 0, made.head):
            old.update(chunk)
            put(chunk)
        for chunk in _chunks(source, made.head, made.rest):
            old.update(chunk)
        put(made.index)
        for chunk in _chunks(source, made.rest, size):
            cancel.check()
            old.update(chunk)
            put(chunk)
        os.fsync(file.fileno())
    return old.hexdigest(), new.hexdigest()


def _chunks(fd: int, start: int, end: int) -> Iterable[bytes]:
    while start < end:
        chunk = os.pread(fd, min(_CHUNK, end - start), start)
        if not chunk:
            raise TransientError("The book's file became shorter while it was read.", "Is it being written to?")
        start += len(chunk)
        yield chunk


def _prove(source: int, before: Mp4, made: Layout, target: Path) -> None:
    """The new file holds the same sound and chapters, and the tags that were meant. Raises `PermanentError`."""
    fd = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        after = _reread(fd)
        if after.moov != made.index[8 : 8 + len(after.moov)]:
            raise failed("its index is not the one that was written")
        if _shape(before.audio[0]) != _shape(after.audio[0]) or before.chapters != after.chapters:
            raise failed("its times or chapters have changed")
        if not np.array_equal(before.audio[0].packets.sizes, after.audio[0].packets.sizes):
            raise failed("its packets have other sizes")
        if _sound(source, before.audio[0]) != _sound(fd, after.audio[0]):
            raise failed("its sound has changed")
    finally:
        os.close(fd)


def _reread(fd: int) -> Mp4:
    try:
        found = reader.read(fd)
    except Malformed as error:
        raise failed(str(error)) from error
    if len(found.audio) != 1:
        raise failed("it has not exactly one audio track")
    return found


def _shape(track: AudioTrack) -> tuple[object, ...]:
    return track.description, track.timescale, track.movie_timescale, track.deltas, track.edits


def _sound(fd: int, track: AudioTrack) -> bytes:
    """A digest of every packet of sound, in playing order."""
    digest = hashlib.sha256()
    for group in batches(track.packets):
        digest.update(read_packets(fd, group))
    return digest.digest()


def _save(path: Path, data: bytes) -> str:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def _disk(error: OSError) -> NoSpace | TransientError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("The library's disk is full.", "Free some space, then save again. The book is as it was.")
    return TransientError(
        f"The new file cannot be written: {error.strerror}.", "Check the library's disk. The book is as it was."
    )
