"""Free books from the search to the library: real server, real indexers and direct client, local libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from tests.support.libraries import CAROL, EMMA, EMMA_2, EMMA_PLAY, Libraries
from tests.support.server import Api, RunningServer
from tests.support.torznab import Fault
from tests.support.world import DONE

#: The addresses are on this machine, which the direct client asks for tests only.
LOCAL = {"AURALARCHIVE_DIRECT__LOOPBACK": "true", "AURALARCHIVE_EMBEDDED__ENABLED": "false"}


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as running:
        running.add(EMMA, EMMA_2, EMMA_PLAY, CAROL)
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "auralarchive", LOCAL) as running:
        yield running


def introduced(server: RunningServer, libraries: Libraries) -> Api:
    """The server, with both sites as its indexers."""
    api = server.api()
    for type_, name in (("librivox", "LibriVox"), ("archive_org", "Internet Archive")):
        settings = {"url": libraries.url, "min_interval_seconds": 0}
        settings |= {"archive_url": libraries.url} if type_ == "librivox" else {}
        report = api.post("/api/indexers/test", {"type": type_, "settings": settings})
        assert report["ok"], report
        api.post("/api/indexers", {"type": type_, "name": name, "settings": settings})
    return api


def test_from_search_to_library(server: RunningServer, libraries: Libraries) -> None:
    """Nobody has an account anywhere: "Emma" is found at both sites as one result for each recording, and becomes an
    M4B whose chapters are LibriVox's sections and whose narrators are its readers."""
    api = introduced(server, libraries)
    found = api.search("emma")
    assert sorted(release["title"].partition(" by ")[0] for release in found) == [
        "Emma",
        "Emma (dramatic reading)",
        "Emma (version 2)",
    ]
    assert {release["indexer"] for release in found} == {"LibriVox"}
    assert not any(release["rejections"] for release in found)
    (emma,) = [release for release in found if release["title"].startswith("Emma by")]
    download = api.download(release_id=emma["id"])
    row = api.wait_for_status(download, *DONE)
    book = server.library / "Jane Austen" / "Emma" / "Emma.m4b"
    assert Path(row["final_file_path"]) == book
    assert row["download_client"] == "Direct"
    tags = MP4(book)
    assert tags.chapters is not None
    assert [chapter.title for chapter in tags.chapters] == [part.title for part in EMMA.parts]
    assert (tags["\xa9nam"], tags["\xa9ART"]) == (["Emma"], ["Jane Austen"])
    assert tags["\xa9wrt"] == ["Sherry Crowther, Ezwa, Elizabeth Klett"]
    assert tags["covr"]
    (kept,) = api.get("/api/library/books")["items"]
    assert (kept["title"], kept["narrator"]) == ("Emma", "Sherry Crowther, Ezwa, Elizabeth Klett")
    asked = [path for path in libraries.paths() if path.startswith("/download/")]  # two at a time, each once
    names = [EMMA.file(number, 128) for number in (1, 2, 3, 4)] + ["emma_1002.jpg"]
    assert sorted(asked) == sorted(f"/download/{EMMA.item}/{name}" for name in names)
    server.fsck()


def test_a_mirror_helps_out(server: RunningServer, libraries: Libraries) -> None:
    """The lasting links are out of order: the servers that the metadata name have the files, too."""
    api = introduced(server, libraries)
    libraries.faults["/download/"] = Fault(status=404, body=b"<html>Not found</html>")
    (carol,) = api.search("a christmas carol")
    download = api.download(release_id=carol["id"])
    row = api.wait_for_status(download, *DONE)
    tags = MP4(row["final_file_path"])
    assert tags.chapters is not None
    assert [chapter.title for chapter in tags.chapters] == ["Stave 1", "Stave 2"]
    assert tags["\xa9nam"] == ["A Christmas Carol"]


def test_a_site_that_is_down_is_told_and_the_other_one_helps(server: RunningServer, libraries: Libraries) -> None:
    api = introduced(server, libraries)
    libraries.faults["/api/feed"] = Fault(status=503, body=b"<html>Maintenance</html>")
    answer = api.post("/api/search/manual", {"query": "emma"})
    states = {one["name"]: one["status"] for one in answer["indexers"]}
    assert states == {"LibriVox": "error", "Internet Archive": "ok"}
    assert len(answer["results"]) == 3
    (emma,) = [release for release in answer["results"] if release["title"].startswith("Emma by")]
    row = api.wait_for_status(api.download(release_id=emma["id"]), *DONE)
    chapters = MP4(row["final_file_path"]).chapters
    assert chapters is not None
    assert [chapter.title for chapter in chapters] == [part.title for part in EMMA.parts]
