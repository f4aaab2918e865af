"""Sends files of the library: only those that its records name, only from beneath its root, one range at most.

A player asks for part after part of a file for hours. What it has belongs to one content, which the ETag names;
where a file was replaced in between, `If-Range` gets the whole of the new one instead of a part that does not fit.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import anyio.to_thread
from starlette.responses import Response, StreamingResponse

from auralarchive.web.errors import Problem

_CHUNK = 256 * 1024

#: What a browser may show in place; everything else is offered for saving.
_TYPES: Mapping[str, str] = {
    ".m4b": "audio/mp4",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `first` to `last`, both inside."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def requested_range(header: str | None, size: int) -> Slice | None:
    """The one range asked for, or None for the whole file: no header, another unit, or several ranges.

    Raises the problem `range_not_satisfiable` for a range that lies outside or runs backwards.
    """
    if header is None or not header.startswith("bytes=") or "," in header:
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match["first"] or match["last"]):
        raise _unsatisfiable(size)
    if not match["first"]:
        wanted = int(match["last"])
        found = Slice(max(0, size - wanted), size - 1) if wanted else Slice(1, 0)
    else:
        last = int(match["last"]) if match["last"] else size - 1
        found = Slice(int(match["first"]), min(last, size - 1))
    if found.first > found.last or found.first >= size:
        raise _unsatisfiable(size)
    return found


def _unsatisfiable(size: int) -> Problem:
    return Problem("range_not_satisfiable", headers={"Content-Range": f"bytes */{size}"})


def open_beneath(root: Path, relative: str) -> tuple[int, os.stat_result]:
    """Descriptor and state of a regular file below `root`, whatever links lie in between.

    Raises the problem `file_missing` for everything else: absent, outside, a link, a device, a folder.
    """
    try:
        real_root = root.resolve(strict=True)
        path = (real_root / relative).resolve(strict=True)
        if not path.is_relative_to(real_root) or path == real_root:
            raise Problem("file_missing")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError) as error:
        raise Problem("file_missing") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise Problem("file_missing")
    return descriptor, status


@dataclass(frozen=True, slots=True)
class Wish:
    """The headers that say how much of a file is wanted."""

    range: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None


def send_file(root: Path, relative: str, wish: Wish, *, attachment: bool = False) -> Response:
    """A file of the library, whole or in one part. Blocks while it opens the file."""
    descriptor, status = open_beneath(root, relative)
    size, tag = status.st_size, _tag(status)
    kept = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if _has_it(wish.if_none_match, tag):
        os.close(descriptor)
        return Response(status_code=304, headers=kept)
    try:
        part = requested_range(wish.range, size) if wish.if_range in (None, tag) else None
    except Problem:
        os.close(descriptor)
        raise
    chosen = part or Slice(0, size - 1)
    media_type = _TYPES.get(Path(relative).suffix.lower())
    place = "attachment" if attachment or media_type is None else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(chosen.length),
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(Path(relative).name, safe='')}",
        **kept,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return StreamingResponse(
        _chunks(descriptor, chosen),
        206 if part is not None else 200,
        headers,
        media_type or "application/octet-stream",
    )


def _tag(status: os.stat_result) -> str:
    """Another content is another inode: nothing in the library is written in place, by us."""
    return f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'


def _has_it(header: str | None, tag: str) -> bool:
    return header is not None and tag in (one.strip().removeprefix("W/") for one in header.split(","))


async def _chunks(descriptor: int, part: Slice) -> AsyncIterator[bytes]:
    try:
        position = part.first
        while position <= part.last:
            wanted = min(_CHUNK, part.last - position + 1)
            chunk = await anyio.to_thread.run_sync(os.pread, descriptor, wanted, position)
            if not chunk:
                return
            position += len(chunk)
            yield chunk
    finally:
        os.close(descriptor)
