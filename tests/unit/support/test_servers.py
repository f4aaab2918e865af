"""The servers that other tests stand on: each starts, does its work, and is gone afterwards."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import libtorrent as lt
import psycopg
import pytest
import qbittorrentapi
from sqlalchemy import create_engine, text

from tests.support.browser import Pages
from tests.support.qbittorrent import QBittorrent
from tests.support.swarm import FileServer, Seeder, Tracker, make_torrent, random_file, wait_for


def _login(server: QBittorrent) -> qbittorrentapi.Client:
    client = qbittorrentapi.Client(server.url, username=server.user, password=server.password)
    client.auth_log_in()
    return client


def test_a_torrent_travels_from_the_seeder_to_the_client(qbittorrent: QBittorrent, tmp_path: Path) -> None:
    """A real client announces itself, has every byte, and forgets nothing over a restart."""
    book = random_file(tmp_path / "seed" / "book" / "01.mp3", 300_000).parent
    with Tracker() as tracker, Seeder() as seeder:
        torrent = make_torrent(book, trackers=[tracker.url])
        seeder.seed(torrent, book.parent)
        wait_for(lambda: tracker.announces)
        client = _login(qbittorrent)
        client.torrents_add(torrent_files=torrent.data)
        wait_for(lambda: qbittorrent.bt_port in {announce.port for announce in tracker.announces})
        seeder.connect(torrent, qbittorrent.bt_port)
        wait_for(lambda: [t for t in client.torrents_info() if t.progress == 1])
        assert (qbittorrent.save_path / "book" / "01.mp3").read_bytes() == (book / "01.mp3").read_bytes()
        client.auth_log_out()

    qbittorrent.restart()
    assert [t.hash for t in _login(qbittorrent).torrents_info()] == [torrent.info_hash]
    qbittorrent.kill()


def test_a_torrent_of_the_same_folder_always_has_the_same_hash(tmp_path: Path) -> None:
    """Tests name info-hashes; libtorrent itself reads a folder in the order of the disk."""
    for number in (3, 1, 2):
        random_file(tmp_path / "book" / f"{number}.mp3", 20_000, seed=number)
    first, second = (make_torrent(tmp_path / "book", private=True, v1_only=False) for _ in range(2))
    assert (first.info_hash, first.info_hash_v2) == (second.info_hash, second.info_hash_v2)
    assert str(lt.load_torrent_buffer(first.data).info_hashes.v1) == first.info_hash
    assert lt.parse_magnet_uri(first.magnet).name == "book"


def test_the_file_server_serves_ranges_and_nothing_outside_its_folder(tmp_path: Path) -> None:
    """Web seeds ask for ranges, and a server of tests must not become a way into the machine."""
    (tmp_path / "secret").write_bytes(b"no")
    served = tmp_path / "served" / "a b.torrent"
    served.parent.mkdir()
    served.write_bytes(b"0123456789")
    with FileServer(served.parent) as server:
        request = urllib.request.Request(server.url(served), headers={"Range": "bytes=2-4"})
        with urllib.request.urlopen(request) as answer:
            assert (answer.status, answer.read(), answer.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
        with pytest.raises(urllib.error.HTTPError, match="404") as refusal:
            urllib.request.urlopen(f"{server.base}/../secret")
        refusal.value.close()
        assert [hit.range for hit in server.hits] == ["bytes=2-4", None]


def test_each_database_is_new_and_empty(database_url: str) -> None:
    """A test that leaves tables behind must not change the next one."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (id INTEGER)"))
    engine.dispose()


def test_a_postgresql_database_speaks_utf8_and_utc(postgres_url: str) -> None:
    """Titles come in every script, and times must not depend on the machine's zone."""
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT current_setting('server_encoding'), current_setting('timezone')").fetchone()
    assert row == ("UTF8", "UTC")


@pytest.mark.browser
def test_a_page_opens_and_its_errors_are_gathered(browser_page: Pages) -> None:
    """A browser test fails on what the page itself complains about."""
    page = browser_page()
    page.set_content("<button onclick='oops()'>Go</button>")
    page.get_by_role("button", name="Go").click()
    wait_for(lambda: browser_page.errors)
    assert "oops" in browser_page.errors[0]
