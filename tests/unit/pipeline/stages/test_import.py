"""The book is in the library with its manifest, or nothing is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.stages import import_
from auralarchive.ports.errors import NeedsPerson
from auralarchive.ports.store import StaleRecord
from tests.support.scripted import AUDIO, Bench

S = DownloadStatus


def test_the_manifest_tells_what_is_there(bench: Bench) -> None:
    download = bench.at(S.CONVERTED)
    done = import_.run(bench.claim(download.id), bench.tools)
    path = bench.library.root / "Ada Author" / "Book 1" / "Book 1.m4b"
    assert done == e.ImportDone(str(path), 1, "link")
    book = bench.store.books.of_download(download.id)
    assert book is not None
    assert [(file.path, file.sha256) for file in book.files] == [
        ("Ada Author/Book 1/Book 1.m4b", hashlib.sha256(AUDIO).hexdigest())
    ]
    assert bench.library.verify(book.files) == ()


@pytest.mark.parametrize(
    ("kind", "adopted", "wanted", "goes"),
    [
        ("nzb", False, True, True),
        ("http", False, True, True),
        ("torrent", False, True, False),
        ("nzb", True, True, False),
        ("nzb", False, False, False),
    ],
)
def test_only_what_nobody_is_seeded_from_leaves_its_client(
    bench: Bench, kind: str, adopted: bool, wanted: bool, goes: bool
) -> None:
    """A torrent has its goal, an adopted item its owner."""
    job = bench.claim(bench.at(S.CONVERTED).id)
    job = replace(job, download=replace(job.download, download_type=DownloadType(kind), adopted=adopted))
    tools = replace(bench.tools, settings=replace(bench.tools.settings, remove_unseeded=wanted))
    done = import_.run(job, tools)
    assert isinstance(done, e.ImportDone)
    assert done.remove_source is goes


@pytest.mark.parametrize("what", ["file", "recipe"])
def test_a_lost_conversion_has_to_come_once_more(bench: Bench, what: str) -> None:
    download = bench.at(S.CONVERTED)
    if what == "file":
        Path(download.converted_file_path or "").unlink()
    else:
        bench.store.recipes.save(download.id, {"path": "/nowhere"})
    with pytest.raises(NeedsPerson) as lost:
        import_.run(bench.claim(download.id), bench.tools)
    assert lost.value.kind is FailureKind.SOURCE_LOST
    assert list(bench.library.root.glob("[!.]*")) == []


def test_a_worker_that_was_overtaken_writes_no_manifest(bench: Bench) -> None:
    """The same book once: the late worker's manifest does not replace its successor's."""
    download = bench.at(S.CONVERTED)
    late = bench.claim(download.id)
    bench.held.forward(61)
    bench.workshop.run(bench.claim(download.id))
    before = bench.store.books.of_download(download.id)
    with pytest.raises((StaleRecord, NeedsPerson)):
        import_.run(late, bench.tools)
    assert bench.store.books.of_download(download.id) == before
    assert bench.row(download.id).acquisition is S.IMPORTED
