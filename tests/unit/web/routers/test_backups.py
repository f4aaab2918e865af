"""Backups over HTTP: made, kept, fetched, looked at, confirmed and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.runtime.archive import open_archive
from auralarchive.runtime.restore import PENDING
from tests.contract.store.support import a_book, enqueue
from tests.support.web import World

PASSPHRASE = "a long sentence is easy"
ZIP = {"Content-Type": "application/zip"}


@pytest.fixture(autouse=True)
def nothing_pending(world: World) -> Iterator[None]:
    yield
    world.keyed().delete("/api/system/restore").raise_for_status()


@pytest.fixture
def backup(world: World, tmp_path: Path) -> bytes:
    """A backup of the world, with secrets."""
    (world.root / "secret.key").write_text("i8x4bXK2nM3dC0dI5r5W7tq1r8C4Pz2mZ1cVvS1y4tQ=\n")
    enqueue(world.store, book=a_book("Emma"))
    answer = world.keyed().post("/api/system/backup", json={"passphrase": PASSPHRASE})
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_backup_is_a_file_of_this_moment(world: World, backup: bytes, tmp_path: Path) -> None:
    """Nothing of it stays behind on the server."""
    (tmp_path / "b.zip").write_bytes(backup)
    with open_archive(tmp_path / "b.zip") as archive:
        assert (archive.manifest.secrets, archive.manifest.downloads > 0) == ("sealed", True)
    answer = world.keyed().post("/api/system/backup", json={})
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''auralarchive-")
    assert answer.headers["cache-control"] == "no-store"
    (tmp_path / "c.zip").write_bytes(answer.content)
    with open_archive(tmp_path / "c.zip") as archive:
        assert archive.manifest.secrets == "left_out"
    assert not list(world.root.glob("restore.*"))
    assert world.keyed().post("/api/system/backup", json={"passphrase": "short"}).status_code == 422


def test_an_upload_is_proved_shown_and_confirmed(world: World, backup: bytes) -> None:
    """In three steps, the last of which says where the present data will be."""
    client = world.keyed()
    answer = client.post("/api/system/restore/upload", content=backup, headers=ZIP)
    assert answer.status_code == 200, answer.text
    checked = answer.json()
    assert (checked["state"], checked["summary"]["secrets"]) == ("checked", "sealed")
    assert checked["summary"]["downloads"] > 0
    wrong = client.post("/api/system/restore", json={"id": checked["summary"]["id"], "passphrase": "no"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_passphrase")
    other = client.post("/api/system/restore", json={"id": "0" * 16})
    assert (other.status_code, other.json()["code"]) == (404, "not_found")
    body = {"id": checked["summary"]["id"], "passphrase": PASSPHRASE}
    pending = client.post("/api/system/restore", json=body).json()
    assert (pending["state"], pending["summary"]["secrets"]) == ("pending", "restored")
    assert client.get("/api/system/restore").json() == pending
    assert not (world.root / PENDING / "config.toml").exists()
    client.delete("/api/system/restore").raise_for_status()
    assert client.get("/api/system/restore").json() == {"state": "none", "summary": None}


@pytest.mark.parametrize("content", [b"", b"not a backup", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_backup_is_refused_and_gone(world: World, content: bytes) -> None:
    answer = world.keyed().post("/api/system/restore/upload", content=content, headers=ZIP)
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_backup")
    assert answer.json()["remedy"]
    assert not list(world.root.glob("restore.*"))


def test_kept_ones_are_listed_fetched_looked_at_and_deleted(world: World) -> None:
    """By their names; a damaged one shows, and is refused in words."""
    name = world.services.upkeep.shelf.make()  # type: ignore[attr-defined]  # the runtime's own shelf
    client = world.keyed()
    listed = client.get("/api/system/backups").json()
    (one,) = listed["items"]
    assert (one["name"], one["damaged"], one["secrets"]) == (name, False, "left_out")
    assert listed["next_at"] is not None
    assert client.get(f"/api/system/backups/{name}").content[:2] == b"PK"
    looked = client.post(f"/api/system/backups/{name}/restore").json()
    assert looked["state"] == "checked"
    path = world.root / "backups" / name
    path.write_bytes(path.read_bytes()[:500])
    (one,) = client.get("/api/system/backups").json()["items"]
    assert (one["damaged"], one["application"]) == (True, None)
    assert client.post(f"/api/system/backups/{name}/restore").json()["code"] == "unusable_backup"
    assert client.delete(f"/api/system/backups/{name}").status_code == 204
    for method, path_of in (("GET", ""), ("DELETE", ""), ("POST", "/restore")):
        gone = client.request(method, f"/api/system/backups/{name}{path_of}")
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert client.get("/api/system/backups/..%2ftest.db").status_code in (404, 422)
