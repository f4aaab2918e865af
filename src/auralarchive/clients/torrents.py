"""Reads .torrent files: info-hashes over the original bytes, names as text, sizes that can be true."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from auralarchive.clients.bencode import BencodeError, Document, Value, parse
from auralarchive.clients.display import display_text
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.errors import InvalidInput

MAX_BYTES = 10 * 1024 * 1024
MAX_SIZE = 2**60
#: Trackers, web seeds and nodes in all. A client calls each of them again and again: with a hundred thousand, one
#: torrent keeps it from everything else. Long lists of public trackers have some hundred.
MAX_SOURCES = 1000

_AUDIO = re.compile(
    r"\.(aac|aaxc?|ac3|aiff?|alac|ape|flac|m4[abp]|mka|mp[234c]|og[ag]|opus|wav|wma|wv)",
    re.IGNORECASE,
)
_EXECUTABLE = re.compile(
    r"\.(apk|app|bat|cmd|com|cpl|dll|dmg|elf|exe|hta|jar|jse?|lnk|msix?|pif|pkg|ps1|reg|run|scr|sh|url|vb[es]|wsf)",
    re.IGNORECASE,
)
_SOURCES = (b"announce-list", b"url-list", b"httpseeds", b"nodes")
_REMEDY = "Choose another release."


def read_torrent(data: bytes) -> Payload:
    """The payload of a .torrent file, its hashes and its files. Raises `InvalidInput`.

    Paths of the files are for display and judgement: the client decides what they are called on disk.
    """
    document, info = _info(data)
    original = data[document.spans[b"info"]]
    version = info.get(b"meta version", 1)
    if version not in (1, 2):
        raise _refused(f"it is of the unknown version {display_text(str(version))[:20]}")
    has_v1, has_v2 = b"pieces" in info, version == 2
    if not has_v1 and not has_v2:
        raise _refused("it has no piece hashes")
    if sum(_entries(document.value.get(key)) for key in _SOURCES) > MAX_SOURCES:
        raise _refused(f"it names more than {MAX_SOURCES:,} trackers and web seeds")
    files = _files(info, has_v1=has_v1)
    _refuse_executables(files)
    return Payload(
        download_type=DownloadType.TORRENT,
        name=display_text(_text(info, b"name"), "unnamed torrent"),
        data=data,
        # BitTorrent's v1 is SHA-1 by definition: a name for the torrent here, not a protection.
        info_hash_v1=hashlib.sha1(original, usedforsecurity=False).hexdigest() if has_v1 else None,
        info_hash_v2=hashlib.sha256(original).hexdigest() if has_v2 else None,
        size=sum(file.size for file in files),
        files=files,
    )


def _info(data: bytes) -> tuple[Document, Mapping[bytes, Value]]:
    if len(data) > MAX_BYTES:
        raise _refused(f"it is larger than {MAX_BYTES // 1024**2} MiB")
    if data.lstrip()[:1] == b"<":
        raise InvalidInput(
            "The indexer answered with a page instead of a .torrent file.",
            "Open the release's page: the indexer may want a login, or its limit for today is reached.",
        )
    try:
        document = parse(data)
    except BencodeError as error:
        raise _refused(str(error)) from error
    info = document.value.get(b"info")
    if not isinstance(info, dict):
        raise _refused("it has no info dictionary")
    return document, info


def _entries(value: Value | None) -> int:
    """How many texts a list has, also in lists within it."""
    return sum(map(_entries, value)) if isinstance(value, list) else int(value is not None)


def _files(info: Mapping[bytes, Value], *, has_v1: bool) -> tuple[ClientFile, ...]:
    listed = tuple(_v1_files(info) if has_v1 else _v2_files(info))
    if has_v1:
        _check_pieces(info, sum(size for _, size, _ in listed))
    files = tuple(ClientFile(path, size) for path, size, attributes in listed if not _is_no_file(attributes))
    if not any(file.size for file in files):
        raise _refused("it holds no data")
    return files


def _v1_files(info: Mapping[bytes, Value]) -> Iterator[tuple[str, int, bytes]]:
    """Path, size and attributes of each file of a v1 or hybrid torrent, padding included."""
    name = display_text(_text(info, b"name"), "unnamed")
    if b"files" not in info:
        yield name, _size(info.get(b"length")), b""
        return
    for entry in _list(info[b"files"]):
        if not isinstance(entry, dict):
            raise _refused("its list of files is malformed")
        parts = entry.get(b"path.utf-8", entry.get(b"path"))
        path = "/".join([name, *(display_text(_bytes(part), "_") for part in _list(parts))])
        attributes = _bytes(entry.get(b"attr", b""))
        yield path, _size(entry.get(b"length", 0 if b"l" in attributes else None)), attributes


def _v2_files(info: Mapping[bytes, Value]) -> Iterator[tuple[str, int, bytes]]:
    """The same from the tree of a v2 torrent; the parser's limit bounds its depth."""
    tree = _dict(info.get(b"file tree"))
    name = display_text(_text(info, b"name"), "unnamed")
    if len(tree) == 1 and b"" in _dict(next(iter(tree.values()))):
        name = ""  # a single file: its name is the torrent's
    pending: list[tuple[str, Mapping[bytes, Value]]] = [(name, tree)]
    while pending:
        path, branch = pending.pop()
        for part, below in branch.items():
            entry = _dict(below)
            if part:
                pending.append((f"{path}/{display_text(part, '_')}".lstrip("/"), entry))
            else:
                attributes = _bytes(entry.get(b"attr", b""))
                yield path, _size(entry.get(b"length", 0 if b"l" in attributes else None)), attributes


def _check_pieces(info: Mapping[bytes, Value], total: int) -> None:
    length, pieces = info.get(b"piece length"), _bytes(info.get(b"pieces"))
    if not isinstance(length, int) or length <= 0 or len(pieces) % 20:
        raise _refused("its piece hashes are malformed")
    if -(-total // length) != len(pieces) // 20:
        raise _refused("its piece hashes do not fit its size")


def _is_no_file(attributes: bytes) -> bool:
    """Padding (p) is never written; symbolic links (l) are never followed nor imported."""
    return b"p" in attributes or b"l" in attributes


def _refuse_executables(files: tuple[ClientFile, ...]) -> None:
    """A book and a stray program: the importer takes the book. A program alone poses as a book."""
    programs = [file.path for file in files if _ends(file, _EXECUTABLE)]
    if programs and not any(_ends(file, _AUDIO) for file in files):
        raise InvalidInput(f"The release holds no audio but a program: {programs[0]}.", _REMEDY)


def _ends(file: ClientFile, ending: re.Pattern[str]) -> bool:
    return ending.fullmatch(PurePosixPath(file.path).suffix) is not None


def _size(value: Value | None) -> int:
    if not isinstance(value, int) or not 0 <= value <= MAX_SIZE:
        raise _refused("the size of a file is missing or impossible")
    return value


def _text(info: Mapping[bytes, Value], key: bytes) -> bytes:
    return _bytes(info.get(key + b".utf-8", info.get(key)))


def _bytes(value: Value | None) -> bytes:
    if not isinstance(value, bytes):
        raise _refused("a text in it is missing or malformed")
    return value


def _list(value: Value | None) -> list[Value]:
    if not isinstance(value, list) or not value:
        raise _refused("a list in it is missing or malformed")
    return value


def _dict(value: Value | None) -> dict[bytes, Value]:
    if not isinstance(value, dict):
        raise _refused("its tree of files is missing or malformed")
    return value


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"The .torrent file is not usable: {why}.", _REMEDY)
