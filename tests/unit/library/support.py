"""A library with a download folder beside it, and the requests that tests make of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from auralarchive.domain.book import Book
from auralarchive.library import FilesystemLibrary, LibrarySettings
from auralarchive.ports.library import ImportRequest, Published
from auralarchive.ports.work import CancelToken

BOOK = Book("AA-EMMA", "Emma", "Jane Austen")
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


class Place:
    """`downloads` and `library` side by side below one folder."""

    def __init__(self, folder: Path, library: Path | None = None) -> None:
        self.downloads = folder / "downloads"
        self.root = library or folder / "library"
        self.downloads.mkdir(exist_ok=True)
        self.root.mkdir(exist_ok=True)
        self.settings = LibrarySettings(reserve_bytes=0, download_folders=(self.downloads,))
        self.library = FilesystemLibrary(self.root, self.settings)

    def download(self, name: str = "book.m4b", content: bytes = b"the audio of a book") -> Path:
        path = self.downloads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def request(self, audio: Path | None = None, token: str = "claim-1", **changes: object) -> ImportRequest:
        source = audio or self.download()
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else "0" * 64
        request = ImportRequest(7, token, BOOK, source, sha256, private=False)
        return replace(request, **changes)  # type: ignore[arg-type]  # the fields of a test's choice

    def publish(self, request: ImportRequest | None = None) -> Published:
        return self.library.publish(request or self.request(), lambda _: None, CancelToken())

    def books(self) -> dict[str, bytes]:
        """Everything in the library but its staging area."""
        return contents(path for path in self.root.iterdir() if path.name != ".auralarchive")


def contents(paths: Iterable[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            found |= {f"{path.name}/{name}": data for name, data in contents(path.iterdir()).items()}
        else:
            found[path.name] = path.read_bytes()
    return found
