"""Sends files of the library: only those that its records name, only from beneath its root, one range at most."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import anyio.to_thread
from starlette.responses import StreamingResponse

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


def open_beneath(root: Path, relative: str) -> tuple[int, int]:
    """Descriptor and size of a regular file below `root`, whatever links lie in between.

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
    return descriptor, status.st_size


def send_file(root: Path, relative: str, range_header: str | None, *, attachment: bool = False) -> StreamingResponse:
    """A file of the library, whole or in one part. Blocks while it opens the file."""
    descriptor, size = open_beneath(root, relative)
    try:
        part = requested_range(range_header, size)
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
        "Cache-Control": "private, max-age=300",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return StreamingResponse(
        _chunks(descriptor, chosen),
        206 if part is not None else 200,
        headers,
        media_type or "application/octet-stream",
    )


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
