"""What a direct download is: a book's files, where each of them is found, and how to tell that it is the right one.

An indexer of free books writes a manifest out of what a site tells, and the direct client works it off. Kept as
bytes like a .torrent, it outlives restarts; read back, it is a stranger's word again. So reading is strict in all
that becomes a path, a link, a bound or a proof, and tolerant in what is only shown: a title is cleaned and cut, an
impossible length is forgotten, and unknown keys of a later version are passed over.

The order of the files is the order of the book.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from auralarchive.domain.naming import MAX_COMPONENT_BYTES, MAX_DEPTH, MAX_PATH_BYTES, distinct, safe_component

VERSION = 1
MAX_BYTES = 8 * 2**20
MAX_FILES = 5_000
MAX_FILE_SIZE = 2**40
MAX_URLS = 16
MAX_URL_LENGTH = 8_192
MAX_TEXT = 500
MAX_NAMES = 100
#: What is still being fetched is called so; no file or folder of a manifest ever is.
PART_SUFFIX = ".part"
_LONGEST_NAME = MAX_COMPONENT_BYTES - len(PART_SUFFIX)
_MAX_SECONDS = 10_000_000

_KIND = "auralarchive-manifest"
_LINK = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_HEX = {"md5": re.compile(r"[0-9a-f]{32}"), "sha1": re.compile(r"[0-9a-f]{40}")}


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file. `path` is below the book's own folder, by `/`; make it with `safe_path`.

    `urls` are tried in their order. A size or checksum of None is not known. `title`, `narrators` and `seconds`
    are those of the section of the book that this file is.
    """

    path: str
    urls: tuple[str, ...]
    size: int | None = None
    md5: str | None = None
    sha1: str | None = None
    title: str | None = None
    narrators: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one book, in its order. `name` is shown, and names its folder; `source` is who offers it."""

    name: str
    files: tuple[ManifestFile, ...]
    title: str | None = None
    authors: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    language: str | None = None
    source: str | None = None

    @property
    def size(self) -> int | None:
        """Of all files together; None where one is not known."""
        sizes = [file.size for file in self.files]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads the book, and where that is not said, who reads its files; each once, in the book's order."""
        return self.narrators or tuple(dict.fromkeys(name for file in self.files for name in file.narrators))

    def to_bytes(self) -> bytes:
        """As JSON, the same bytes for the same manifest."""
        told = {_KIND: VERSION, **_told(self), "files": [_told(file) for file in self.files]}
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parse(data: bytes) -> Manifest:
    """Read what `to_bytes` wrote. Raises `ValueError` that says what is wrong."""
    content = _loaded(data)
    rows = content.get("files")
    if not isinstance(rows, list) or not rows:
        raise ValueError("it names no files")
    if len(rows) > MAX_FILES:
        raise ValueError(f"it names more than {MAX_FILES:,} files")
    files = tuple(_file(row, number) for number, row in enumerate(rows, start=1))
    _check_paths([file.path for file in files])
    name = _text(content.get("name"))
    if name is None:
        raise ValueError("it has no name")
    return Manifest(
        name=name,
        files=files,
        title=_text(content.get("title")),
        authors=_names(content.get("authors")),
        narrators=_names(content.get("narrators")),
        language=_text(content.get("language")),
        source=_text(content.get("source")),
    )


def safe_path(name: str, taken: Sequence[str] = ()) -> str:
    """A path for a file that a stranger has called `name`, other than those `taken`. Its folders are kept."""
    parts = [_component(part) for part in name.replace("\\", "/").split("/") if part.strip(" .")]
    *folders, last = parts[-MAX_DEPTH:] or ["_"]
    if len("/".join((*folders, last)).encode()) > MAX_PATH_BYTES // 2:
        folders = []
    around = "/".join(folders).casefold()
    others = {path for each in taken for path in (each, *_folders(each))}
    beside = [path.rpartition("/")[2] for path in others if path.rpartition("/")[0].casefold() == around]
    return "/".join((*folders, distinct(last, beside, _LONGEST_NAME)))


def _component(text: str) -> str:
    """A safe name that can never be that of a part, and leaves room for its own part's."""
    name = safe_component(text, _LONGEST_NAME)
    while name.casefold().endswith(PART_SUFFIX):
        name = safe_component(name[: -len(PART_SUFFIX)])
    return name


def _told(thing: Manifest | ManifestFile) -> dict[str, Any]:
    """What is known of it, for JSON."""
    values = ((field.name, getattr(thing, field.name)) for field in fields(thing))
    return {name: value for name, value in values if value not in (None, ())}


def _loaded(data: bytes) -> Mapping[str, Any]:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    try:
        content = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(content, dict) or _KIND not in content:
        raise ValueError("it is no manifest of a direct download")
    if content[_KIND] != VERSION or isinstance(content[_KIND], bool):
        raise ValueError(f"it is of version {str(content[_KIND])[:20]}; this program reads version {VERSION}")
    return content


def _file(row: object, number: int) -> ManifestFile:
    if not isinstance(row, dict):
        raise ValueError(f"file {number} is not described")  # noqa: TRY004 - of data, not of a caller
    return ManifestFile(
        path=_path(row.get("path"), number),
        urls=_urls(row.get("urls"), number),
        size=_size(row.get("size"), number),
        md5=_digest("md5", row.get("md5"), number),
        sha1=_digest("sha1", row.get("sha1"), number),
        title=_text(row.get("title")),
        narrators=_names(row.get("narrators")),
        seconds=_seconds(row.get("seconds")),
    )


def _path(value: object, number: int) -> str:
    problem = _problem(value) if isinstance(value, str) else "is missing"
    if problem:
        raise ValueError(f"the path of file {number} {problem}")
    return str(value)


def _problem(path: str) -> str:
    """What keeps `path` from being the path of a file; empty where nothing does."""
    parts = path.split("/")
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    if len(parts) > MAX_DEPTH or sum(sizes) + len(parts) - 1 > MAX_PATH_BYTES // 2 or max(sizes) > _LONGEST_NAME:
        return "is too long"
    # Cleaning changes nothing that is clean: no "..", no separators, devices, control or hidden characters.
    if any(safe_component(part) != part for part in parts):
        return "is not safe"
    return f"ends in {PART_SUFFIX}" if any(part.casefold().endswith(PART_SUFFIX) for part in parts) else ""


def _check_paths(paths: list[str]) -> None:
    """No two files in one place, whatever the file system thinks of letter case, and none where a folder has to be."""
    seen = {path.casefold() for path in paths}
    if len(seen) < len(paths):
        raise ValueError("two files have the same path")
    if any(folder in seen for path in seen for folder in _folders(path)):
        raise ValueError("a file has the path of a folder")


def _folders(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _urls(value: object, number: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"file {number} has no link")
    if len(value) > MAX_URLS:
        raise ValueError(f"file {number} has more than {MAX_URLS} links")
    for url in value:
        if not isinstance(url, str) or len(url) > MAX_URL_LENGTH or not _LINK.fullmatch(url) or not url.isprintable():
            raise ValueError(f"a link of file {number} is no plain http or https link")
    return tuple(dict.fromkeys(value))


def _size(value: object, number: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_FILE_SIZE:
        raise ValueError(f"the size of file {number} is impossible")
    return value


def _digest(kind: str, value: object, number: int) -> str | None:
    if value is None:
        return None
    # A proof that cannot be read is not left out in silence: the file would be taken unproved.
    if not isinstance(value, str) or not _HEX[kind].fullmatch(value.lower()):
        raise ValueError(f"the {kind} of file {number} cannot be read")
    return value.lower()


def _seconds(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and isinstance(value, int | float) and 0 < value <= _MAX_SECONDS else None


def _text(value: object) -> str | None:
    """One line for people, or nothing."""
    if not isinstance(value, str):
        return None
    visible = (" " if unicodedata.category(sign).startswith("C") else sign for sign in value[: 4 * MAX_TEXT])
    return " ".join("".join(visible).split())[:MAX_TEXT] or None


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(name for name in map(_text, value[:MAX_NAMES]) if name))
