"""A library with one imported book, and the editor that changes it: real store, files and tags."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auralarchive.audio.retag import retag
from auralarchive.domain.book import Book
from auralarchive.library import FilesystemDrafts, FilesystemLibrary, LibrarySettings
from auralarchive.pipeline.editing import Editor
from auralarchive.ports.audio import RetagRequest, RetagResult
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import LibraryBook
from auralarchive.ports.work import CancelToken
from auralarchive.store import SecretBox, SqlStore, open_store
from tests.contract.store.support import NOON, HeldClock, enqueue, step, to_imported
from tests.support.audio import make_m4b, picture

BOOK = Book("AA-EMMA", "Emma", "Jane Austen", narrator="Nora")


class Tagger:
    """The real one, in this very process."""

    def retag(self, request: RetagRequest, cancel: CancelToken) -> RetagResult:
        return retag(request, cancel)


@dataclass(frozen=True)
class Desk:
    """`seeding` is the torrent's own name of the book's file."""

    root: Path
    store: SqlStore
    editor: Editor
    seeding: Path

    @property
    def library(self) -> FilesystemLibrary:
        return FilesystemLibrary(self.root, LibrarySettings(reserve_bytes=0))

    def book(self) -> LibraryBook:
        (book,) = self.store.books.all()
        return book

    def agrees(self) -> bool:
        """Record and files say the same, and nothing half-made is left."""
        return self.library.verify(self.book().files) == () and self.editor.drafts.waiting() == ()


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """The desk over `folder`; its book is imported the first time."""
    root, seeding = folder / "library", folder / "seeding.m4b"
    root.mkdir(exist_ok=True)
    box = SecretBox.from_file(folder / "secret.key")
    store = open_store(f"sqlite:///{folder / 'test.db'}", secret_box=box, clock=HeldClock())
    try:
        if not store.books.all():
            _import(store, root, seeding)
        yield Desk(root, store, Editor(store, FilesystemDrafts(root, 0), Tagger()), seeding)
    finally:
        store.close()


def _import(store: SqlStore, root: Path, seeding: Path) -> None:
    audio = root / "Jane Austen/Emma/Emma.m4b"
    audio.parent.mkdir(parents=True)
    make_m4b(seeding, chapters=2, seconds=1)
    os.link(seeding, audio)
    (audio.parent / "cover.png").write_bytes(picture(kind="PNG"))
    (audio.parent / "map.pdf").write_bytes(b"map of Highbury")
    files = [
        _filed(root, audio, "audio"),
        _filed(root, audio.parent / "cover.png", "cover"),
        _filed(root, audio.parent / "map.pdf", "companion"),
    ]
    download = step(store, enqueue(store, book=BOOK), *to_imported(seeds=False))
    store.books.save(download.id, BOOK, files, 2.0, ({"title": "Chapter 1", "start": 0.0, "end": 2.0},), NOON)


def _filed(root: Path, path: Path, role: str) -> LibraryFile:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return LibraryFile(path.relative_to(root).as_posix(), role, len(data), digest, "link")  # type: ignore[arg-type]  # one of the roles
