"""A manual download from search to library: real server, real clients, real swarm, real FFmpeg."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from tests.support.audio import make_book, make_m4b
from tests.support.processes import wait_for
from tests.support.qbittorrent import QBittorrent
from tests.support.server import Api, ApiFailure, RunningServer
from tests.support.world import DONE, World, session_of, use_qbittorrent, wait_until_cleaned

WHOLE_WAY = ["QUEUED", "FOUND", "DOWNLOADING", "COMPLETE", "CONVERTING", "CONVERTED", "IMPORTING", "SEEDING"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "shared") as world:
        yield world


@pytest.fixture
def api(running_server: RunningServer, world: World) -> Api:
    """A server with the embedded client that knows the world's indexer."""
    return world.introduce(running_server.api())


def wait_for_state(client: QBittorrent, info_hash: str, *states: str) -> None:
    """Wait until the client itself shows the torrent in one of these states; without any: until it is gone."""
    with session_of(client) as session:

        def there() -> bool:
            found = session.torrents_info(torrent_hashes=info_hash)
            return str(found[0].state) in states if found else not states

        wait_for(there)


def test_from_search_to_library_with_the_embedded_client(running_server: RunningServer, api: Api, world: World) -> None:
    """The first capability, whole: an MP3 book becomes one chaptered M4B, every step is recorded."""
    world.mp3_book()
    (release,) = api.search("jane austen emma")
    download = api.download(release_id=release["id"])
    row = api.wait_for_status(download, *DONE)
    book = running_server.library / "Jane Austen" / "Emma" / "Emma.m4b"
    assert Path(row["final_file_path"]) == book
    tags = MP4(book)
    assert tags.chapters is not None
    assert len(tags.chapters) == 3
    assert (tags["\xa9nam"], tags["\xa9ART"]) == (["Emma"], ["Jane Austen"])
    assert api.statuses(download) == WHOLE_WAY
    assert release["id"]
    assert [one["title"] for one in api.get("/api/library/books")["items"]] == ["Emma"]
    running_server.fsck()


def test_the_queue_tells_the_story_in_plain_sql(running_server: RunningServer, api: Api, world: World) -> None:
    torrent = world.mp3_book()
    (release,) = api.search("emma")
    api.wait_for_status(api.download(release_id=release["id"]), *DONE)
    running_server.stop()
    with sqlite3.connect(running_server.data_dir / "auralarchive.db") as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM download_queue ORDER BY id DESC LIMIT 10").fetchone())
    assert (row["book_title"], row["book_author"], row["status"]) == ("Emma", "Jane Austen", "SEEDING")
    assert (row["download_client"], row["download_client_id"]) == ("Embedded", torrent.info_hash)
    assert (row["download_type"], row["indexer"], row["download_progress"]) == ("torrent", "Torznab", 100)
    assert row["book_asin"].startswith("AA-")
    assert row["final_file_path"].endswith("Emma.m4b")


def test_the_same_with_a_real_qbittorrent(
    running_server: RunningServer, api: Api, world: World, qbittorrent: QBittorrent
) -> None:
    world.mp3_book()
    use_qbittorrent(api, qbittorrent)
    (release,) = api.search("emma")
    download = api.download(release_id=release["id"])
    row = api.wait_for_status(download, *DONE)
    assert row["download_client"] == "qBittorrent"
    assert Path(row["final_file_path"]).is_file()
    assert api.statuses(download) == WHOLE_WAY
    running_server.fsck()


def test_a_finished_m4b_is_linked_and_not_touched(running_server: RunningServer, api: Api, world: World) -> None:
    source = make_m4b(world.root / "Emma.m4b", chapters=3, seconds=3)
    before = source.read_bytes()
    world.share(source, "Jane Austen - Emma [M4B]")
    (release,) = api.search("emma")
    download = api.download(release_id=release["id"])
    row = api.wait_for_status(download, *DONE)
    book = Path(row["final_file_path"])
    assert book.read_bytes() == before
    assert book.stat().st_nlink == 2, "the seeding file and the library share one copy"
    running_server.fsck()


def test_a_magnet_needs_no_indexer(api: Api, world: World) -> None:
    torrent = world.mp3_book()
    download = api.download(download_url=torrent.magnet, title="Emma", author="Jane Austen")
    assert Path(api.wait_for_status(download, *DONE)["final_file_path"]).is_file()


def test_an_uploaded_torrent_needs_no_indexer(api: Api, world: World, tmp_path: Path) -> None:
    torrent = world.mp3_book()
    file = tmp_path / "emma.torrent"
    file.write_bytes(torrent.data)
    download = api.upload(file, "Emma", "Jane Austen")
    assert Path(api.wait_for_status(download, *DONE)["final_file_path"]).is_file()


def test_an_automatic_download_searches_and_takes_the_best(api: Api, world: World) -> None:
    world.mp3_book()
    world.share(make_m4b(world.root / "Persuasion.m4b", chapters=2, seconds=2), "Jane Austen - Persuasion [M4B]")
    made = api.post("/api/downloads/queue", {"title": "Emma", "author": "Jane Austen"})
    row = api.wait_for_status(made["download_id"], *DONE)
    assert row["release_title"] == "Jane Austen - Emma [MP3 64kbps]"
    assert api.statuses(made["download_id"])[:3] == ["QUEUED", "SEARCHING", "FOUND"]


def test_a_repeat_answers_with_the_download_that_exists(api: Api, world: World) -> None:
    torrent = world.mp3_book()
    (release,) = api.search("emma")
    first = api.download(release_id=release["id"])
    with pytest.raises(ApiFailure) as same_book:
        api.download(release_id=release["id"])
    assert (same_book.value.status, same_book.value.problem["download_id"]) == (409, first)
    api.wait_for_status(first, *DONE)
    with pytest.raises(ApiFailure) as same_torrent:
        api.download(download_url=torrent.magnet, title="Another title", author="Somebody")
    assert (same_torrent.value.status, same_torrent.value.problem["download_id"]) == (409, first)


def test_pause_resume_and_cancel_reach_the_client(
    running_server: RunningServer, api: Api, world: World, qbittorrent: QBittorrent
) -> None:
    use_qbittorrent(api, qbittorrent)
    folder = world.root / "Slow"
    make_book(folder, chapters=2, seconds=30, codec="mp3")
    torrent = world.share(folder, "Somebody - Slow [MP3]", upload_limit=30_000)
    (release,) = api.search("slow")
    download = api.download(release_id=release["id"])
    api.wait_for_status(download, "DOWNLOADING")
    assert api.post(f"/api/downloads/queue/{download}/pause")["status"] == "PAUSED"
    wait_for_state(qbittorrent, torrent.info_hash, "pausedDL", "stoppedDL")
    assert api.post(f"/api/downloads/queue/{download}/resume")["status"] == "DOWNLOADING"
    wait_for_state(qbittorrent, torrent.info_hash, "downloading", "stalledDL", "forcedDL")
    api.delete(f"/api/downloads/queue/{download}")
    wait_for_state(qbittorrent, torrent.info_hash)
    assert api.row(download)["status"] == "CANCELLED"
    running_server.fsck()


def test_what_the_status_does_not_allow_is_refused_with_the_reason(api: Api, world: World) -> None:
    world.mp3_book()
    (release,) = api.search("emma")
    download = api.download(release_id=release["id"])
    api.wait_for_status(download, *DONE)
    for action in ("pause", "resume", "retry"):
        with pytest.raises(ApiFailure) as refusal:
            api.post(f"/api/downloads/queue/{download}/{action}")
        assert refusal.value.status == 409
        assert "SEEDING" in refusal.value.problem["detail"]


def test_seeding_ends_at_the_goal_and_the_item_goes_after_a_verified_import(tmp_path: Path, world: World) -> None:
    settings = {
        "AURALARCHIVE_DOWNLOAD_MANAGEMENT__SEED_RATIO": "0",
        "AURALARCHIVE_DOWNLOAD_MANAGEMENT__DELETE_SOURCE_AFTER_IMPORT": "true",
    }
    with RunningServer(tmp_path / "auralarchive", settings) as server:
        api = world.introduce(server.api())
        world.mp3_book()
        (release,) = api.search("emma")
        download = api.download(release_id=release["id"])
        row = api.wait_for_status(download, "SEEDING_COMPLETE")
        wait_until_cleaned(api, download)
        assert Path(row["final_file_path"]).is_file()
        assert not list((server.data_dir / "downloads").rglob("*.mp3"))
        server.fsck()


def test_a_server_that_goes_away_and_comes_back_is_waited_for(
    running_server: RunningServer, api: Api, world: World, qbittorrent: QBittorrent
) -> None:
    """The client dies in the middle of a download: nothing fails, and it goes on by itself."""
    use_qbittorrent(api, qbittorrent)
    folder = world.root / "Slow"
    make_book(folder, chapters=2, seconds=30, codec="mp3")
    torrent = world.share(folder, "Somebody - Slow [MP3]", upload_limit=60_000)
    (release,) = api.search("slow")
    download = api.download(release_id=release["id"])
    api.wait_for_status(download, "DOWNLOADING")
    qbittorrent.kill()
    wait_for(lambda: not api.get("/api/downloads/status")["clients"][0]["reachable"])
    assert api.row(download)["status"] == "DOWNLOADING"
    world.seeder.limit(torrent, 0)
    qbittorrent.start()
    assert Path(api.wait_for_status(download, *DONE, timeout=90)["final_file_path"]).is_file()
    running_server.fsck()
