"""A backup made while a book comes in, restored elsewhere: the same books, settings and people, and work goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.server import Api, RunningServer
from tests.support.world import DONE, World

PASSPHRASE = "a long sentence is easy"
PERSON = {"name": "ada", "password": "another long sentence"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "shared") as world:
        world.mp3_book("Emma", chapters=2, seconds=2)
        world.mp3_book("Persuasion", chapters=2, seconds=20, limit=20_000)
        yield world


@pytest.fixture
def busy(world: World, tmp_path: Path) -> Iterator[RunningServer]:
    """A server with a person, a book, a setting, and another book on its way."""
    with RunningServer(tmp_path / "busy") as server:
        api = world.introduce(server.api())
        httpx2.post(f"{server.url}/api/auth/setup", json=PERSON, trust_env=False).raise_for_status()
        api.put("/api/settings/search", {"minimum_match_score": 55})
        api.wait_for_status(_ask(api, "emma"), *DONE)
        api.wait_for_status(_ask(api, "persuasion"), "DOWNLOADING")
        yield server


def _ask(api: Api, title: str) -> int:
    (release,) = api.search(f"jane austen {title}")
    return api.download(release_id=release["id"])


def _backup(server: RunningServer, file: Path, passphrase: str | None) -> Path:
    answer = server.api().http.post("/api/system/backup", json={"passphrase": passphrase})
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)
    return file


def _restored(backup: Path, folder: Path, library: Path, passphrase: str = "") -> RunningServer:
    """A server over a fresh data folder, with the library as it was; not yet started."""
    fresh = RunningServer(folder, {"AURALARCHIVE_BACKUP__PASSPHRASE": passphrase} if passphrase else {})
    shutil.copytree(library, fresh.library, copy_function=shutil.copy2)
    result = fresh.run("restore", str(backup))
    assert result.returncode == 0, result.stdout + result.stderr
    return fresh


def _signs_in(server: RunningServer) -> None:
    httpx2.post(f"{server.url}/api/auth/login", json=PERSON, trust_env=False).raise_for_status()


def test_with_its_passphrase_all_of_it_comes_back_and_work_goes_on(busy: RunningServer, tmp_path: Path) -> None:
    """Books, settings, people and secrets; the book that was on its way is found missing, and fetched again."""
    backup = _backup(busy, tmp_path / "b.zip", PASSPHRASE)
    before = {row["book_title"]: row["status"] for row in busy.api().get("/api/downloads/queue")["downloads"]}
    assert before["Persuasion"] == "DOWNLOADING"
    busy.stop()
    with _restored(backup, tmp_path / "fresh", busy.library, PASSPHRASE) as fresh:
        api = fresh.api()
        _signs_in(fresh)
        assert [book["title"] for book in api.get("/api/library/books")["items"]] == ["Emma"]
        assert api.get("/api/settings/search")["values"]["minimum_match_score"] == 55
        rows = {row["book_title"]: row["id"] for row in api.get("/api/downloads/queue")["downloads"]}
        assert set(rows) == set(before)
        assert api.search("jane austen emma"), "the indexer's key came along"
        lost = api.wait_for_status(rows["Persuasion"], "DOWNLOAD_FAILED", "DOWNLOADING", *DONE)
        if lost["status"] == "DOWNLOADING":
            lost = api.wait_for_status(rows["Persuasion"], "DOWNLOAD_FAILED")
        if not lost["next_retry_at"]:
            api.post(f"/api/downloads/queue/{rows['Persuasion']}/retry")
        api.wait_for_status(rows["Persuasion"], *DONE, timeout=120)
        assert (fresh.library / "Jane Austen" / "Persuasion" / "Persuasion.m4b").exists()


def test_without_it_secrets_are_asked_anew_and_all_else_is_there(busy: RunningServer, tmp_path: Path) -> None:
    """Nobody is knocked at without the key; the page says which, and entering it mends it."""
    backup = _backup(busy, tmp_path / "b.zip", None)
    busy.stop()
    with _restored(backup, tmp_path / "fresh", busy.library) as fresh:
        api = fresh.api()
        _signs_in(fresh)
        assert [book["title"] for book in api.get("/api/library/books")["items"]] == ["Emma"]
        (lost,) = [one for one in api.post("/api/system/health/check")["findings"] if one["subject"] == "Torznab"]
        assert (lost["ok"], lost["group"], "Enter them anew" in lost["remedy"]) == (False, "Settings", True)
