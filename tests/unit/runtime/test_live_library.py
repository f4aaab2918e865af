"""Another folder or naming counts from the next book on, without a restart."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from auralarchive.domain.book import Book
from auralarchive.library.filesystem import LibrarySettings
from auralarchive.ports.library import ImportRequest
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.live_library import LiveLibrary
from auralarchive.web.services import InvalidSettings


def publish(library: LiveLibrary, number: int, folder: Path) -> str:
    audio = folder / f"{number}.m4b"
    audio.write_bytes(b"sound %d" % number)
    digest = hashlib.sha256(audio.read_bytes()).hexdigest()
    book = Book(f"AA-{number}", f"Book {number}", "Ann Author", year=1900 + number)
    request = ImportRequest(number, f"t{number}", book, audio, digest, private=True)
    return library.publish(request, lambda _: None, CancelToken()).files[0].path


def test_each_book_goes_where_the_settings_say_at_its_time(tmp_path: Path) -> None:
    """Whatever asks the library sees the same folder."""
    for name in ("one", "two", "work"):
        (tmp_path / name).mkdir()
    wanted = {"now": (tmp_path / "one", LibrarySettings(reserve_bytes=0))}
    library = LiveLibrary(lambda: wanted["now"], tuple)
    assert publish(library, 1, tmp_path / "work") == "Ann Author/Book 1/Book 1.m4b"
    wanted["now"] = (tmp_path / "two", LibrarySettings("{year} {title}/{title}.m4b", reserve_bytes=0))
    assert publish(library, 2, tmp_path / "work") == "1902 Book 2/Book 2.m4b"
    assert library.root == tmp_path / "two"
    assert (tmp_path / "two" / "1902 Book 2" / "Book 2.m4b").is_file()
    assert (tmp_path / "one" / "Ann Author" / "Book 1" / "Book 1.m4b").is_file()
    assert library.staging() == ()
    library.discard("never-was")
    assert all(finding.ok for finding in library.check())
    assert library.verify(()) == ()
    library.withdraw(99, ())


def test_saving_another_folder_makes_it_and_the_clients_guard_it(core: Any, tmp_path: Path) -> None:
    """A download that holds the library is refused by the new folder, not by the old one."""
    before = core.adapters.clients.all()
    core.holder.save("library", {"path": str(tmp_path / "books" / "mine"), "template": "{title}/{title}.m4b"})
    assert core.tools.library.root == tmp_path / "books" / "mine"
    assert core.tools.library.root.is_dir()
    assert all(one not in before for one in core.adapters.clients.all())
    assert core.adapters.clients._context("any").library_roots == (tmp_path / "books" / "mine",)


def test_a_folder_that_cannot_be_made_is_told_by_the_checks(core: Any, tmp_path: Path) -> None:
    """Saving it is no crash: its disk may only not be mounted now."""
    (tmp_path / "file").touch()
    core.holder.save("library", {"path": str(tmp_path / "file" / "below")})
    assert not core.tools.library.check()[0].ok
    with pytest.raises(InvalidSettings):
        core.holder.save("library", {"template": "{nothing}"})
