"""What goes wrong on bad days, with real parts: a download waits and says why, and goes on when the cause is gone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.audio import ffmpeg
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import missing, wait_for
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import Api, ApiFailure, RunningServer
from tests.support.swarm import random_file
from tests.support.torznab import Fault as BadAnswer
from tests.support.torznab import TorznabServer
from tests.support.world import DONE, World, files_of, session_of, use_qbittorrent

NO_EMBEDDED = {"AURALARCHIVE_EMBEDDED__ENABLED": "false"}
Start = Callable[..., Api]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One swarm for all: whatever a bad day does, it does to the program's own copy."""
    with World(tmp_path_factory.mktemp("shared")) as world:
        world.mp3_book("Emma", chapters=2, seconds=2)
        world.mp3_book("Persuasion", chapters=2, seconds=8, limit=12_000)
        yield world


@pytest.fixture
def server(tmp_path: Path) -> RunningServer:
    return RunningServer(tmp_path / "auralarchive")


@pytest.fixture
def start(server: RunningServer, world: World) -> Iterator[Start]:
    """Starts the server with these settings; it knows the world's indexer."""
    with ExitStack() as running:
        running.push(server.__exit__)

        def begin(settings: Mapping[str, str] | None = None) -> Api:
            server.start(**(settings or {}))
            return world.introduce(server.api())

        yield begin


@pytest.fixture
def client(tmp_path: Path) -> Iterator[QBittorrent]:
    with QBittorrent(tmp_path / "qbittorrent", GENERATIONS[0].argv()) as client:
        yield client


@pytest.fixture
def proxy(client: QBittorrent) -> Iterator[FaultProxy]:
    with FaultProxy(client.url) as proxy:
        yield proxy


def ask(api: Api, title: str = "emma") -> int:
    (release,) = api.search(f"jane austen {title}")
    return api.download(release_id=release["id"])


def reason_of(api: Api, download: int) -> str:
    return str(api.row(download)["reason"])


def wait_for_reason(api: Api, download: int, words: str) -> dict[str, Any]:
    """The row once its reason holds these words."""

    def there() -> dict[str, Any] | None:
        row = api.row(download)
        return row if words in (row["reason"] or "") else None

    return wait_for(there, timeout=60, every=0.1)


def retry(api: Api, download: int) -> None:
    """A person's retry, where the timer was not quicker."""
    with suppress(ApiFailure):
        api.post(f"/api/downloads/queue/{download}/retry")


def arrives(server: RunningServer, api: Api, download: int) -> None:
    """The book gets into the library after all, and nothing is wrong."""
    assert Path(api.wait_for_status(download, *DONE, timeout=90)["final_file_path"]).is_file()
    server.fsck()


# --- clients ------------------------------------------------------------------------------------------


def test_a_refused_password_is_tried_once_and_waits_for_a_person(
    server: RunningServer, start: Start, client: QBittorrent, proxy: FaultProxy
) -> None:
    """Whoever keeps knocking is banned; with the settings mended, the download goes on by itself."""
    api = start(NO_EMBEDDED)
    port = int(proxy.url.rpartition(":")[2])
    made = use_qbittorrent(api, client, port=port, password="wrong")
    download = ask(api)
    assert wait_for_reason(api, download, "refuses the user name or password")["status"] == "FOUND"
    assert sum(request.endswith("auth/login") for request in proxy.requests) == 1
    settings = {"host": "127.0.0.1", "port": port, "username": client.user, "password": client.password}
    body = {"type": "qbittorrent", "name": "qBittorrent", "enabled": True, "priority": 1, "settings": settings}
    api.put(f"/api/clients/{made['id']}", body)
    arrives(server, api, download)


@pytest.mark.parametrize("fault", [Fault("garbage"), Fault("status", amount=502), Fault("reset", amount=20)])
def test_a_client_that_answers_nonsense_is_waited_for(
    server: RunningServer, start: Start, client: QBittorrent, proxy: FaultProxy, fault: Fault
) -> None:
    """Nothing is concluded from garbage: the download stays where it is, and goes on afterwards."""
    api = start(NO_EMBEDDED)
    use_qbittorrent(api, client, port=int(proxy.url.rpartition(":")[2]))
    download = ask(api, "persuasion")
    api.wait_for_status(download, "DOWNLOADING")
    proxy.fault = fault
    wait_for(lambda: not api.get("/api/downloads/status")["clients"][0]["reachable"], every=0.1)
    assert api.row(download)["status"] == "DOWNLOADING"
    proxy.fault = Fault()
    arrives(server, api, download)


def test_an_item_removed_by_hand_is_a_failure_that_a_retry_mends(
    server: RunningServer, start: Start, client: QBittorrent
) -> None:
    api = start(NO_EMBEDDED)
    use_qbittorrent(api, client)
    download = ask(api, "persuasion")
    row = api.wait_for_status(download, "DOWNLOADING")
    with session_of(client) as session:
        wait_for(lambda: session.torrents_info(torrent_hashes=row["download_client_id"]))
        session.torrents_delete(delete_files=True, torrent_hashes=row["download_client_id"])
    failed = api.wait_for_status(download, "DOWNLOAD_FAILED")
    assert "no longer has this download" in failed["reason"]
    assert "Retry" in failed["reason"]
    retry(api, download)
    arrives(server, api, download)


# --- indexers -----------------------------------------------------------------------------------------


def test_one_indexer_that_is_down_spoils_no_search(start: Start) -> None:
    with TorznabServer() as broken:
        broken.fault = BadAnswer(status=500)
        api = start()
        api.add_indexer(broken.url, broken.api_key, name="Broken")
        found = api.post("/api/search/manual", {"query": "jane austen emma"})
        assert [release["title"] for release in found["results"]] == ["Jane Austen - Emma [MP3 64kbps]"]
        assert {outcome["name"]: outcome["status"] for outcome in found["indexers"]} == {
            "Torznab": "ok",
            "Broken": "error",
        }
        made = api.post("/api/downloads/queue", {"title": "Emma", "author": "Jane Austen"})
        api.wait_for_status(made["download_id"], *DONE)


# --- disks --------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int = 16) -> Iterator[Path]:
    """A disk of its own mounted at `folder`."""
    folder.mkdir(parents=True)
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        missing("a small disk", "run the tests as root, where mounting is allowed")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def filled(disk: Path) -> Path:
    """A file that leaves next to nothing free."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - 16_384)
    return filler


@pytest.mark.parametrize(("place", "megabytes"), [("library", 16), ("work", 128)])
def test_a_full_disk_is_waited_for(
    tmp_path: Path, server: RunningServer, start: Start, place: str, megabytes: int
) -> None:
    """Nothing is given up for a full disk, however long it lasts; with room again the book arrives by itself."""
    with small_disk(tmp_path / "disk", megabytes) as disk:
        setting = {
            "library": "AURALARCHIVE_LIBRARY_PATH",
            "work": "AURALARCHIVE_DOWNLOAD_MANAGEMENT__TEMP_CONVERSION_PATH",
        }[place]
        server.environment = {setting: str(disk)}
        filler = filled(disk)
        api = start()
        download = ask(api)
        wait_for_reason(api, download, "Free some space")
        wait_for(lambda: api.events(download).count("StageFailed") >= 4, timeout=60, every=0.1)
        filler.unlink()
        arrives(server, api, download)
        server.stop()


def test_a_library_that_may_not_be_written_fails_with_a_remedy(
    tmp_path: Path, server: RunningServer, start: Start
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        server.environment = {"AURALARCHIVE_LIBRARY_PATH": str(disk)}
        api = start()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        download = ask(api)
        assert "mount it writable" in api.wait_for_status(download, "IMPORT_FAILED")["reason"]
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        retry(api, download)
        arrives(server, api, download)
        server.stop()


def test_a_library_that_is_not_mounted_is_not_made_anew(server: RunningServer, start: Start) -> None:
    """An empty mount point must not fill up: the import fails with a remedy, and the program goes on."""
    api = start()
    away = server.library.with_name("unmounted")
    server.library.rename(away)
    download = ask(api)
    assert "Mount its disk" in api.wait_for_status(download, "IMPORT_FAILED")["reason"]
    assert not server.library.exists()
    away.rename(server.library)
    retry(api, download)
    arrives(server, api, download)


# --- audio --------------------------------------------------------------------------------------------


@pytest.fixture
def broken_encoder(tmp_path: Path) -> tuple[Path, Path]:
    """An FFmpeg that cannot encode as long as a file is there: the script, and that file."""
    sign = tmp_path / "broken"
    sign.touch()
    script = tmp_path / "ffmpeg"
    refusal = 'case "$*" in *" aac "*) echo "boom" >&2; exit 1;; esac'
    script.write_text(f'#!/bin/sh\n[ -e {sign} ] && {refusal}\nexec {ffmpeg()} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script, sign


def test_an_encoder_that_fails_is_named_and_tried_again(
    server: RunningServer, start: Start, broken_encoder: tuple[Path, Path]
) -> None:
    script, sign = broken_encoder
    api = start({"AURALARCHIVE_CONVERSION__FFMPEG": str(script)})
    download = ask(api)
    wait_for(lambda: api.row(download)["status"] == "CONVERSION_FAILED", timeout=60)
    assert len(reason_of(api, download)) > 20
    sign.unlink()
    retry(api, download)
    arrives(server, api, download)


@pytest.mark.parametrize("kind", ["embedded", "qbittorrent"])
def test_files_deleted_under_the_client_are_loaded_again(
    request: pytest.FixtureRequest,
    server: RunningServer,
    start: Start,
    broken_encoder: tuple[Path, Path],
    kind: str,
) -> None:
    """Half a book is not converted: it fails with a remedy, and the retry fetches what is gone."""
    script, sign = broken_encoder
    api = start({"AURALARCHIVE_CONVERSION__FFMPEG": str(script)})
    folder = server.data_dir / "downloads"
    if kind == "qbittorrent":
        client: QBittorrent = request.getfixturevalue("client")
        use_qbittorrent(api, client)
        wait_for(lambda: api.get("/api/downloads/status")["clients"][0]["reachable"], every=0.1)
        folder = Path(client.save_path)
    download = ask(api)
    failed_for_good(api, download)
    files_of(folder)[0].unlink()
    sign.unlink()
    retry(api, download)
    assert "gone" in wait_for_reason(api, download, "Retry to download them again")["reason"]
    retry(api, download)
    arrives(server, api, download)


def failed_for_good(api: Api, download: int) -> None:
    """Until the timer has no more attempts: from here on only a person moves it."""

    def settled() -> bool:
        row = api.row(download)
        return row["status"] == "CONVERSION_FAILED" and not row["next_retry_at"]

    wait_for(settled, timeout=60, every=0.1)


def test_damaged_audio_is_named(start: Start, world: World) -> None:
    """The person reads which file it is."""
    folder = world.root / "Jane Austen - Sanditon"
    random_file(folder / "01.mp3", 60_000)
    world.share(folder, "Jane Austen - Sanditon [MP3]")
    api = start()
    download = ask(api, "sanditon")
    row = api.wait_for_status(download, "CONVERSION_FAILED")
    assert "01.mp3" in row["reason"]
    assert not row["next_retry_at"]
