"""A clean instance has nothing to tell; every kind of tampering is told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.status import DownloadStatus
from auralarchive.library import FilesystemDrafts
from auralarchive.ports.errors import Unreachable
from auralarchive.ports.library import LibraryFile, Revision
from auralarchive.runtime.fsck import fsck
from tests.support.scripted import Bench, a_bench

S = DownloadStatus


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as made:
        yield made


def check(bench: Bench) -> tuple[str, ...]:
    editor = SimpleNamespace(drafts=FilesystemDrafts(bench.library.root, 0))
    core: Any = SimpleNamespace(
        editor=editor, store=bench.store, tools=bench.tools, adapters=SimpleNamespace(clients=bench.clients)
    )
    return fsck(core)


def tamper(bench: Bench, statement: str) -> None:
    with bench.store.downloads._database.write() as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture
def book(bench: Bench) -> int:
    return bench.at(S.IMPORTED).id


def test_a_clean_instance(bench: Bench, book: int) -> None:
    other = bench.manual(2)
    bench.commands.pause(other.id)
    bench.commands.resume(other.id)
    bench.commands.cancel(other.id)
    bench.work()
    bench.at(S.DOWNLOADING, 3)
    assert check(bench) == ()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM download_events WHERE event = 'ConversionDone'", "version"),
        ("DELETE FROM download_events WHERE event = 'Enqueued'", "does not begin with Enqueued"),
        ("UPDATE download_events SET event = 'Magic' WHERE event = 'ImportDone'", "no such event"),
        ("UPDATE download_events SET event = 'PauseRequested' WHERE event = 'ImportDone'", "not a legal step"),
        ("DELETE FROM library_files", "no manifest"),
        ("UPDATE download_queue SET claim_token = 'x', lease_until = created_at", "nobody is at work"),
    ],
)
def test_a_hand_in_the_database(bench: Bench, book: int, statement: str, told: str) -> None:
    tamper(bench, statement)
    assert any(told in violation for violation in check(bench)), check(bench)


def test_a_hand_in_the_library(bench: Bench, book: int) -> None:
    file = Path(bench.row(book).final_file_path or "")
    content = file.read_bytes()
    file.unlink()
    assert any(violation.startswith(f"library: download {book}") for violation in check(bench))
    file.write_bytes(content[:-1] + b"!")
    assert any("Book 1.m4b" in violation for violation in check(bench))


def test_folders_that_nobody_needs(bench: Bench, book: int) -> None:
    (bench.folder / "work" / f"{book}-{'0' * 16}").mkdir()
    (bench.folder / "work" / f"{'9' * 40}-x").mkdir()
    (bench.library.root / ".auralarchive" / "0123456789abcdef").mkdir(parents=True)
    told = check(bench)
    assert sum(violation.startswith("work folders: ") for violation in told) == 2
    assert any("staging folder 0123456789abcdef" in violation for violation in told)


def test_a_hand_in_the_client(bench: Bench, book: int) -> None:
    """Gone there, left there, or tagged with a number that nobody has."""
    bench.client.items.clear()
    tags = [f"auralarchive-test-{number}" for number in ("77", "9" * 40)]
    for tag in tags:
        bench.client.items[tag] = ClientItem(tag, tag, ItemState.READY, tags=frozenset({tag}))
    told = check(bench)
    assert len(told) == 2
    assert "does not have it" in told[0]
    assert "no download knows it" in told[1]


def test_a_client_that_does_not_answer_proves_nothing(bench: Bench, book: int) -> None:
    bench.client.faults["poll"] = Unreachable("Nobody answers.")
    assert check(bench) == ()


def test_a_change_that_waits_for_the_next_start_is_no_violation(bench: Bench, book: int) -> None:
    """The record may be ahead of the file until then; nothing is lost."""
    entry = bench.store.books.of_download(book)
    assert entry is not None
    drafts = FilesystemDrafts(bench.library.root, 0)
    source, folder = drafts.begin(entry.id, entry.files[0])
    (folder / source.name).write_bytes(b"new")
    fresh = LibraryFile(entry.files[0].path, "audio", 3, hashlib.sha256(b"new").hexdigest(), "copy")
    drafts.seal(Revision(entry.id, entry.version + 1, (fresh,)))
    bench.store.books.edit(entry.id, entry.version, entry.book, (fresh,))
    assert check(bench) == ()
    drafts.place(entry.id)
    assert check(bench) == ()
