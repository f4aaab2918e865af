"""Hostile uploaders, indexers and scripts against the whole program: a clear refusal, and all others go on."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.audio import make_book, make_m4b
from tests.support.server import RunningServer
from tests.support.swarm import make_torrent
from tests.support.torrent_bytes import entry, folder_info, info_of, torrent_of
from tests.support.torznab import Fault, TorznabServer
from tests.support.world import DONE, World, files_of

SECRET = "CANARY-of-the-indexer-0123456789"
PLENTY = {
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__MAX_CONCURRENT_DOWNLOADS": "1000",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__RETRY_DOWNLOAD_MAX": "0",
    "AURALARCHIVE_DOWNLOAD_MANAGEMENT__RETRY_CONVERSION_MAX": "0",
}
JSON = {"Content-Type": "application/json"}


class Wire:
    """A port of this machine that nobody has any business to call; `calls` counts who did."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()


class Scene:
    """The program, a healthy book beside the hostile ones, and a folder that must not change."""

    def __init__(self, server: RunningServer, world: World, wire: Wire, outside: Path) -> None:
        self.server, self.world, self.wire = server, world, wire
        self.api = world.introduce(server.api())
        self._outside = outside
        world.mp3_book(chapters=1, seconds=2)

    def upload(self, title: str, data: bytes, **fields: str) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        form = {"title": title, "author": "Stranger", **fields}
        answer = self.api.http.post("/api/search/manual/upload", files={"file": ("x.torrent", data)}, data=form)
        return answer.status_code, answer.json()

    def share(self, title: str, content: Path, **fields: str) -> int:
        """Seed it and upload its torrent; the download's id."""
        torrent = make_torrent(content, trackers=(self.world.tracker.url,))
        self.world.seeder.seed(torrent, content.parent)
        status, answer = self.upload(title, torrent.data, **fields)
        assert status == 202, answer
        return int(answer["download_id"])

    def finish(self, title: str = "Emma") -> None:
        """The healthy book still comes, nothing else was touched, nothing was told."""
        release = next(one for one in self.api.search("jane austen emma") if one["indexer"] == "Torznab")
        row = self.api.wait_for_status(self.api.download(release_id=release["id"]), *DONE)
        assert Path(row["final_file_path"]).is_relative_to(self.server.library), title
        self.no_harm()
        self.server.fsck()

    def no_harm(self) -> None:
        assert [(file.name, file.read_text()) for file in files_of(self._outside)] == [("canary", "canary")]
        assert not self.wire.calls
        assert "Traceback" not in self.server.log
        assert SECRET not in self.server.log
        odd = [file for file in files_of(self.server.library) if file.is_symlink() or file.stat().st_mode & 0o7111]
        assert not odd


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("canary")
    with (
        Wire() as wire,
        RunningServer(tmp_path / "auralarchive", PLENTY) as server,
        World(tmp_path / "shared") as world,
    ):
        yield Scene(server, world, wire, outside)


def hostile_torrents(wire: Wire) -> dict[str, bytes]:
    """Files that call themselves torrents, by what is wrong with them."""
    whole = torrent_of(info_of(name=b"whole.m4b"))
    here = b"http://127.0.0.1:%d/" % wire.port
    return {
        **{f"cut at {part}/8": whole[: len(whole) * part // 8] for part in range(1, 8)},
        "nested": b"l" * 100_000 + b"e" * 100_000,
        "length": b"d4:infod4:name9999999999:",
        "page": b"<html>sign in</html>",
        "two infos": b"d4:infod4:name1:aee"[:-1] + b"4:infod4:name1:bee",
        "negative": torrent_of(folder_info(entry(b"a.mp3", length=-9), entry(b"b.mp3", length=20), name=b"neg")),
        "impossible": torrent_of({**info_of(name=b"imp"), b"length": 2**62}),
        "program": torrent_of(info_of(name=b"Setup.exe")),
        "trackers": torrent_of(
            info_of(name=b"trk.m4b"), **{"announce-list": [[here + b"%d" % n] for n in range(5000)]}
        ),
        "dots": torrent_of(info_of(name=b"..")),
        "no name": torrent_of(info_of(name=b"")),
        "staging": torrent_of(info_of(name=b".auralarchive")),
        "climbing": torrent_of(folder_info(entry(b"..", b"..", b"x.mp3"), name=b"../../climb")),
        "absolute": torrent_of(folder_info(entry(b"/etc/passwd.mp3"), name=b"/etc")),
        "twins": torrent_of(folder_info(entry(b"A.mp3"), entry(b"a.mp3", length=20_001), name=b"twins")),
        "file and folder": torrent_of(folder_info(entry(b"a"), entry(b"a", b"b.mp3"), name=b"both")),
        "long name": torrent_of(info_of(name=b"a" * 60_000)),
        "many files": torrent_of(folder_info(*[entry(b"%d.mp3" % n, length=3) for n in range(10_000)], name=b"many")),
        "huge pieces": torrent_of({**info_of(20, name=b"huge"), b"piece length": 2**62, b"pieces": b"1" * 20}),
        "unknown version": torrent_of({**info_of(name=b"v3"), b"meta version": 3}),
    }


def test_hostile_torrents_and_magnets_hinder_nobody(scene: Scene) -> None:
    """Each is refused or waits for peers that never come; also after a restart the healthy one is served."""
    api = scene.api
    for title, data in hostile_torrents(scene.wire).items():
        status, answer = scene.upload(title, data)
        assert status in (202, 422), (title, answer)
        assert status == 202 or answer["remedy"]
    for number, topic in enumerate(("0" * 40, "1111", "1" * 40 + "&xt=urn:btih:" + "2" * 40, "\uff11" * 40)):
        body = {"download_url": f"magnet:?xt=urn:btih:{topic}", "title": f"Magnet {number}", "author": "Stranger"}
        assert api.http.post("/api/search/manual/download", json=body).status_code == 422, topic
    waiting = [row["id"] for row in api.get("/api/downloads/queue?limit=500")["downloads"]]
    for download in waiting:
        api.patch(f"/api/downloads/queue/{download}", {"download_limit": 2**50, "upload_limit": 2**50})
    scene.server.stop()
    scene.server.start()
    scene.finish()


def test_hostile_names_contents_and_titles_end_in_the_library_or_in_a_reason(scene: Scene) -> None:
    """Names are only text, programs stay outside, playlists and bombs are no audio."""
    root = scene.world.root
    (sound,) = make_book(root / "sound", chapters=1, seconds=1, codec="mp3")
    downloads = []
    for number, title in enumerate(
        ("../../../outside/canary", "..", "\u202egnp.m4b", ".auralarchive", "a/b\\c", "x" * 480)
    ):
        folder = root / f"titled {number}"
        folder.mkdir()
        (folder / "-y pct%03d 'q' $(id).mp3").write_bytes(sound.read_bytes())
        (folder / "run.sh").write_text(f"#!/bin/sh\necho {number}\n")
        (folder / "run.sh").chmod(0o4755)
        (folder / "cover.jpg").write_text("<svg onload='alert(1)'/>")
        downloads.append(scene.share(title, folder, author="../.."[: number * 2] or "Stranger"))
    list_of = f"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:{scene.wire.port}/x.ts\n".encode()
    whole = make_m4b(root / "whole.m4b", chapters=1, seconds=2).read_bytes()
    at = whole.find(b"stsz") + 12
    traps = {"list.mp3": list_of, "zip.mp3": b"PK\x03\x04" + os.urandom(4000), "zeros.mp3": bytes(200_000),
             "count.m4b": whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :]}  # fmt: skip
    for name, data in traps.items():
        (root / name).write_bytes(data)
        downloads.append(scene.share(f"Trap {name}", root / name))
    final = {}
    for download in downloads:
        final[download] = scene.api.wait_for_status(download, *DONE, "CONVERSION_FAILED", "IMPORT_FAILED", timeout=90)
    imported = [row["final_file_path"] for row in final.values() if row["final_file_path"]]
    assert len(imported) == len(set(imported)) == 6, [row["reason"] for row in final.values()]
    for path in map(Path, imported):
        assert not [part for part in path.relative_to(scene.server.library).parts if part.startswith(".")]
    for row in final.values():
        assert row["final_file_path"] or row["reason"]
    assert {file.suffix for file in files_of(scene.server.library)} <= {".m4b", ".jpg"}
    scene.finish()


def test_a_hostile_indexer_spoils_neither_search_nor_secrets(scene: Scene) -> None:
    """Whatever it answers, the other indexer's results come; its own key is told to nobody."""
    inside = [f"http://{host}:{scene.wire.port}/x" for host in ("127.0.0.1", "localhost", "[::1]", "127.1", "0")]
    inside += [f"http://u:p@127.0.0.1:{scene.wire.port}/", "file:///etc/passwd", "gopher://127.0.0.1/x"]
    with TorznabServer(SECRET) as evil:
        evil.match_all = True
        offer = evil.add("Jane Austen - Emma [M4B]", torrent_of(info_of(name=b"evil.m4b")))
        made = scene.api.add_indexer(evil.url, SECRET, name="Evil")
        for number, document in enumerate(hostile_pages(scene.wire)):
            evil.page = document
            scene.api.put(f"/api/indexers/{made['id']}", {**adapter(made), "priority": 30 + number})
            assert [one for one in scene.api.search("jane austen emma") if one["indexer"] == "Torznab"], document[:80]
        evil.page = None
        quoting = Fault(500, f'<error code="1" description="key {SECRET} is bad"/>'.encode())
        for number, fault in enumerate((quoting, *(Fault(302, headers={"Location": link}) for link in inside))):
            evil.download_fault = fault
            title = f"Redirect {number}"
            made_id = scene.api.download(download_url=evil.link(offer), title=title, author="S", indexer="Evil")
            row = scene.api.wait_for_status(made_id, "DOWNLOAD_FAILED")
            told = json.dumps([row, scene.api.get(f"/api/downloads/queue/{made_id}/events")])
            assert SECRET not in told, told
            assert row["reason"]
        scene.finish()


def adapter(view: dict[str, Any]) -> dict[str, Any]:
    """What was shown, to be sent back as it is."""
    return {key: view[key] for key in ("type", "name", "enabled", "settings")}


def hostile_pages(wire: Wire) -> tuple[str, ...]:
    """Documents that are no feeds, or too much of one."""
    item = "<item><title>{}</title><guid>{}</guid><enclosure url='{}' length='1'/></item>"
    feed = "<rss><channel>{}</channel></rss>"
    return (
        f'<!DOCTYPE l SYSTEM "http://127.0.0.1:{wire.port}/x.dtd"><rss/>',
        '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss>&x;</rss>',
        "<a>" * 100_000,
        "not a feed at all",
        '<error code="429" description="later"/>',
        feed.format("".join(item.format("(" * 20_000, n, "http://x.test/") for n in range(20))),
        feed.format("".join(item.format(n, n, "magnet:?xt=zz") for n in range(20_000))),
    )


def test_hostile_settings_are_refused_and_the_next_start_succeeds(scene: Scene) -> None:
    """What one request saves, no later request and no start may stumble over."""
    http = scene.api.http
    refused = {
        "/api/settings/library": ['{"template":"{title.__class__}"}', '{"template":"../{title}"}', '{"template":""}'],
        "/api/settings/download_management": ['{"seed_ratio":1e999}', '{"seed_time_minutes":1%s}' % ("0" * 18),
                                              '{"metadata_timeout_hours":1e305}', '{"seed_ratio":NaN}'],
    }  # fmt: skip
    for address, bodies in refused.items():
        for body in bodies:
            assert http.put(address, content=body, headers=JSON).status_code == 422, body
    folder = json.dumps(str(scene.server.root / "other"))
    for wrong in ('"download_limit":1%s' % ("0" * 30), '"upload_limit":2147483648', '"seed_ratio":1e999'):
        body = f'{{"type":"embedded","name":"Other","settings":{{"download_folder":{folder},{wrong}}}}}'
        assert http.post("/api/clients", content=body, headers=JSON).status_code == 422, body
    assert http.get("/api/settings").status_code == http.get("/api/clients").status_code == 200
    scene.server.stop()
    scene.server.start()
    scene.finish()


def test_hanging_up_and_half_requests_leave_the_server_free(scene: Scene) -> None:
    """Uploads that break off, headers without end: the next one is served at once."""
    head = "POST /api/search/manual/upload HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {}\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n--x\r\n"
    key = dict(scene.api.http.headers)["x-api-key"]
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", scene.server.port)) as connection:
            connection.sendall(head.format(key).encode())
    with socket.create_connection(("127.0.0.1", scene.server.port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000)
        started = time.monotonic()
        assert scene.api.http.get("/api/downloads/queue").status_code == 200
        assert time.monotonic() - started < 2
    assert not re.search("unexpected error", scene.server.log)
    scene.no_harm()
