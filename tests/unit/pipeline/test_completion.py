"""A client's word is not enough: files of the right size, seen twice, outside of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.status import DownloadType
from auralarchive.pipeline.completion import Completion
from auralarchive.ports.errors import Misconfigured
from tests.support.records import a_download
from tests.support.scripted import ScriptedClient

ITEM = "item"


@pytest.fixture
def client(tmp_path: Path) -> ScriptedClient:
    client = ScriptedClient(tmp_path / "downloads")
    folder = client.folder / "Book"
    (folder / "CD 1").mkdir(parents=True)
    (folder / "CD 1" / "1.mp3").write_bytes(b"one")
    (folder / "2.mp3").write_bytes(b"three")
    client.items[ITEM] = ClientItem(ITEM, "Book", ItemState.READY, content_path=str(folder))
    client.contents[ITEM] = (ClientFile("Book/CD 1/1.mp3", 3), ClientFile("Book/2.mp3", 5))
    return client


def judge(completion: Completion, client: ScriptedClient, download: Download | None = None) -> e.Event | None:
    return completion.judge(download or a_download(), client, client.items[ITEM])


def test_two_equal_looks_complete_it(client: ScriptedClient) -> None:
    completion = Completion()
    assert judge(completion, client) is None
    assert judge(completion, client) == e.DownloadCompleted(str(client.folder / "Book"), 8, seeds=True)


def test_a_change_between_two_looks_begins_anew(client: ScriptedClient) -> None:
    completion = Completion()
    assert judge(completion, client) is None
    client.contents[ITEM] = client.contents[ITEM][:1]
    assert judge(completion, client) is None
    assert isinstance(judge(completion, client), e.DownloadCompleted)


def test_a_forgotten_look_does_not_count(client: ScriptedClient) -> None:
    completion = Completion()
    judge(completion, client)
    completion.forget(1)
    assert judge(completion, client) is None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((ClientFile("Book/2.mp3", 6),), "does not have its 6 bytes yet"),
        ((ClientFile("Book/3.mp3", 6),), '"Book/3.mp3" is not there'),
        ((ClientFile("Book/CD 1", 6),), "is not there"),
        ((), "names no files"),
    ],
)
def test_what_is_in_the_way_is_said(client: ScriptedClient, files: tuple[ClientFile, ...], said: str) -> None:
    """Sizes must agree exactly; a folder or a link in a file's place is no file."""
    client.contents[ITEM] = files
    waiting = judge(Completion(), client)
    assert isinstance(waiting, e.Waiting)
    assert said in (waiting.reason or "")


def test_a_link_in_a_files_place_does_not_count(client: ScriptedClient, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"three")
    (client.folder / "Book" / "2.mp3").unlink()
    (client.folder / "Book" / "2.mp3").symlink_to(tmp_path / "secret")
    assert isinstance(judge(Completion(), client), e.Waiting)


def test_unwanted_files_may_be_missing(client: ScriptedClient) -> None:
    client.contents[ITEM] = (ClientFile("Book/2.mp3", 5), ClientFile("Book/sample.mp3", 9, wanted=False))
    completion = Completion()
    judge(completion, client)
    completed = judge(completion, client)
    assert isinstance(completed, e.DownloadCompleted)
    assert completed.size == 5


def test_a_single_file_is_its_own_content(client: ScriptedClient) -> None:
    client.change(ITEM, content_path=str(client.folder / "Book" / "2.mp3"))
    client.contents[ITEM] = (ClientFile("2.mp3", 5),)
    completion = Completion()
    judge(completion, client)
    assert isinstance(judge(completion, client), e.DownloadCompleted)


def test_what_a_mapping_lacks_is_told_to_the_person(client: ScriptedClient) -> None:
    client.faults["local_path"] = Misconfigured("/remote is not mapped.", "Add a path mapping.")
    assert judge(Completion(), client) == e.Waiting("/remote is not mapped. Add a path mapping.")


@pytest.mark.parametrize("below", ["", "downloads"])
def test_content_that_holds_the_library_is_refused(client: ScriptedClient, tmp_path: Path, below: str) -> None:
    """A client set up over the library's folder would have it converted, and later deleted, as one book."""
    library = tmp_path / below / "library"
    library.mkdir()
    client.change(ITEM, content_path=str(tmp_path / below))
    refused = judge(Completion(lambda: (library,)), client)
    assert isinstance(refused, e.StageFailed)
    assert refused.failure.kind is FailureKind.UNSAFE_PATH


def test_a_library_by_another_name_is_recognised(client: ScriptedClient, tmp_path: Path) -> None:
    """The library may be named through a link: what counts is where it really is."""
    (client.folder / "Book" / "library").mkdir()
    (tmp_path / "link").symlink_to(client.folder / "Book" / "library")
    assert isinstance(judge(Completion(lambda: (tmp_path / "link",)), client), e.StageFailed)


def test_only_torrents_in_clients_that_seed_go_on_seeding(client: ScriptedClient) -> None:
    client.seeds = False
    completion = Completion()
    judge(completion, client)
    completed = judge(completion, client)
    assert isinstance(completed, e.DownloadCompleted)
    assert not completed.seeds
    assert a_download().download_type is DownloadType.TORRENT
