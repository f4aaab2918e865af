"""The same program over PostgreSQL: nothing but the URL differs."""

from __future__ import annotations

from pathlib import Path

from tests.support.audio import make_book
from tests.support.server import RunningServer
from tests.support.swarm import Seeder, Tracker, make_torrent


def test_a_magnet_becomes_a_book_over_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    folder = tmp_path / "Jane Austen - Emma"
    folder.mkdir()
    make_book(folder, chapters=2, seconds=2, codec="mp3")
    with (
        Tracker() as tracker,
        Seeder() as seeder,
        RunningServer(tmp_path / "auralarchive", {"AURALARCHIVE_DATABASE_URL": postgres_url}) as server,
    ):
        torrent = make_torrent(folder, trackers=(tracker.url,))
        seeder.seed(torrent, tmp_path)
        api = server.api()
        download = api.download(download_url=torrent.magnet, title="Emma", author="Jane Austen")
        row = api.wait_for_status(download, "SEEDING")
        assert Path(row["final_file_path"]).is_file()
        assert not (server.data_dir / "auralarchive.db").exists()
        server.kill()
        server.start()
        assert api.row(download)["status"] == "SEEDING", "what was committed is there after kill -9"
        server.fsck()
