"""Changes of published books: their tags and covers, in the file and in the record.

First the new files are made beside the old ones and sealed, then the record is written under the next
version, then the files are put into place. The record decides: a draft counts where the record is at the
draft's version. `settle` finishes, or takes away, what a crash has left in between.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from auralarchive.domain.status import DownloadStatus
from auralarchive.failpoints import failpoint
from auralarchive.ports.audio import RetagRequest, RetagResult, Tagger
from auralarchive.ports.errors import AuralError, InvalidInput, Misconfigured
from auralarchive.ports.library import Drafts, LibraryFile, Revision
from auralarchive.ports.store import LibraryBook, StaleRecord, Store
from auralarchive.ports.work import CancelToken

_log = logging.getLogger(__name__)

_COVER = "cover.jpg"
#: A person's picture, where the process that checks it finds it.
_GIVEN = "given"


class BookChanged(Exception):
    """The book is no longer what its editor has seen; `present` is what it is now."""

    def __init__(self, present: LibraryBook) -> None:
        super().__init__(f"book {present.id} is at version {present.version}")
        self.present = present


class UnknownBook(LookupError):
    """There is no such book."""


class StillImporting(Exception):
    """The book is there, but its import has not ended."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Blocks while files are written: call it from threads."""

    store: Store
    drafts: Drafts
    tagger: Tagger

    def change(self, book_id: int, version: int, values: Mapping[str, Any]) -> LibraryBook:
        """Give fields of the book other values, in its file and its record.

        Raises: `BookChanged` (somebody was faster), `UnknownBook`, and what the ports raise; nothing is changed then.
        """
        with self.store.downloads.exclusive(_lock(book_id)):
            entry = self._current(book_id, version)
            book = replace(entry.book, **values)
            changed = tuple(name for name in values if getattr(book, name) != getattr(entry.book, name))
            if not changed:
                return entry
            return self._revised(replace(entry, book=book), changed)

    def change_cover(self, book_id: int, version: int, picture: bytes | None) -> LibraryBook:
        """Give the book another cover, or none, in its file and beside it. Raises as `change` does."""
        with self.store.downloads.exclusive(_lock(book_id)):
            return self._revised(self._current(book_id, version), (), picture, without=picture is None)

    def settle(self) -> str:
        """Finish what is recorded, take away what is not. A book that cannot be settled now is next time.

        Returns in words what came of it.
        """
        try:
            waiting = self.drafts.waiting()
        except AuralError:  # a library that is not mounted has nothing to settle
            return "The library cannot be read."
        for book_id, _ in waiting:
            try:
                with self.store.downloads.exclusive(_lock(book_id)):
                    self._settle(book_id)
            except AuralError as error:
                _log.warning("the change of book %s cannot be finished now: %s", book_id, error)
        return f"Unfinished changes of books: {len(waiting)}."

    def _settle(self, book_id: int) -> None:
        counts_at = dict(self.drafts.waiting()).get(book_id)
        entry = self.store.books.get(book_id)
        if counts_at is not None and entry is not None and entry.version == counts_at:
            self.drafts.place(book_id)
        else:
            self.drafts.discard(book_id)

    def _current(self, book_id: int, version: int) -> LibraryBook:
        self._settle(book_id)
        entry = self.store.books.get(book_id)
        if entry is None:
            raise UnknownBook(book_id)
        if entry.version != version:
            raise BookChanged(entry)
        download = self.store.downloads.get(entry.download_id)
        if download is None or download.acquisition is not DownloadStatus.IMPORTED:
            raise StillImporting(book_id)
        return entry

    def _revised(
        self, entry: LibraryBook, changed: tuple[str, ...], picture: bytes | None = None, *, without: bool = False
    ) -> LibraryBook:
        audio = next((file for file in entry.files if file.role == "audio"), None)
        if audio is None:
            raise InvalidInput("This book has no audio file.", "Import it again.")
        source, folder = self.drafts.begin(entry.id, audio)
        try:
            given = None if picture is None else self.drafts.put(entry.id, _GIVEN, picture)
            cover = self._cover_path(entry, audio)
            request = RetagRequest(source, folder, entry.book, changed, given, _name(cover), without)
            made = self.tagger.retag(request, CancelToken())
            if made.source_sha256 != audio.sha256:
                raise _touched(audio)
            files, revision = _revision(entry, audio, made, cover, without=without)
            self.drafts.seal(revision)
        except BaseException:
            with suppress(AuralError):  # what went wrong first matters more; `settle` takes the draft away
                self.drafts.discard(entry.id)
            raise
        return self._recorded(entry, files)

    def _recorded(self, entry: LibraryBook, files: tuple[LibraryFile, ...]) -> LibraryBook:
        failpoint("edit.before_record")
        try:
            after = self.store.books.edit(entry.id, entry.version, entry.book, files)
        except StaleRecord:  # an import has replaced it
            self.drafts.discard(entry.id)
            raise
        # Whatever else goes wrong there, nobody knows whether it was written: `settle` looks.
        failpoint("edit.recorded")
        self.drafts.place(entry.id)
        return after

    def _cover_path(self, entry: LibraryBook, audio: LibraryFile) -> str:
        """Beside the audio, under a name that no other file there has."""
        folder, slash, _ = audio.path.rpartition("/")
        ours = tuple(file.path for file in entry.files if file.role == "cover")
        return self.drafts.free_name(f"{folder}{slash}{_COVER}", ours)


def _revision(
    entry: LibraryBook, audio: LibraryFile, made: RetagResult, cover_path: str, *, without: bool
) -> tuple[tuple[LibraryFile, ...], Revision]:
    """The manifest as it will be, and what has to happen to the files for it."""
    fresh = [LibraryFile(audio.path, "audio", made.size, made.sha256, "copy")]
    if made.cover_sha256:
        fresh.append(LibraryFile(cover_path, "cover", made.cover_size, made.cover_sha256, "copy"))
    replaces_cover = without or bool(made.cover_sha256)
    gone = [file.path for file in entry.files if file.role == "cover"] if replaces_cover else []
    written = {file.path for file in fresh}
    kept = [file for file in entry.files if file.path not in written and file.path not in gone]
    removed = tuple(path for path in gone if path not in written)
    return (*fresh, *kept), Revision(entry.id, entry.version + 1, tuple(fresh), removed)


def _touched(audio: LibraryFile) -> Misconfigured:
    return Misconfigured(
        f"“{_name(audio.path)}” is no longer the file that was imported: another program has changed it.",
        "Bring back the file as it was, or change its tags with that program. Nothing was changed here.",
    )


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _lock(book_id: int) -> str:
    return f"book-{book_id}"
