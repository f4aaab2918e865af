"""Hostile backups, sent as anybody may send them who administrates: refused in words, and nothing of them stays."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.web import World, make_world, serving

ZIP = {"Content-Type": "application/zip"}
UPLOAD = "/api/system/restore/upload"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("hostile")
    with serving(make_world(root)) as running:
        (root / "canary").write_text("canary")
        yield running


@pytest.fixture(scope="module")
def good(world: World) -> bytes:
    answer = world.keyed().post("/api/system/backup", json={})
    answer.raise_for_status()
    return answer.content


def _members(backup: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(backup)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(members: dict[str, bytes], **changes: Any) -> bytes:
    """A backup with these members whose manifest fits them, as a hostile hand would make it."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in members.items()
        if name != "manifest.json"
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**members, "manifest.json": json.dumps({**manifest, **changes}).encode()}.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _with_database(change: Callable[[sqlite3.Connection], object]) -> Callable[[dict[str, bytes], Path], bytes]:
    def make(members: dict[str, bytes], folder: Path) -> bytes:
        file = folder / "hostile.db"
        file.write_bytes(members["auralarchive.db"])
        with closing(sqlite3.connect(file)) as connection:
            change(connection)
            connection.commit()
        return _packed({**members, "auralarchive.db": file.read_bytes()})

    return make


def _bomb(members: dict[str, bytes], _: Path) -> bytes:
    return _packed({**members, "auralarchive.db": bytes(200 << 20)})


HOSTILE: dict[str, Callable[[dict[str, bytes], Path], bytes]] = {
    "zip slip": lambda m, _: _packed({**m, "../canary": b"overwritten"}),
    "absolute": lambda m, _: _packed({**m, "/tmp/canary": b"overwritten"}),
    "key that is not sealed": lambda m, _: _packed({**m, "secret.key": b"mine"}),
    "bomb": _bomb,
    "newer format": lambda m, _: _packed(m, format=2),
    "not a database": lambda m, _: _packed({**m, "auralarchive.db": b"SQLite format 3\x00" + bytes(4096)}),
    "newer schema": _with_database(lambda c: c.execute("UPDATE alembic_version SET version_num = '9999'")),
    "trigger": _with_database(
        lambda c: c.execute("CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM accounts; END")
    ),
    "view over a table": _with_database(
        lambda c: c.executescript("DROP TABLE books; CREATE VIEW books AS SELECT 1 id")
    ),
    "foreign table": _with_database(lambda c: c.execute("CREATE TABLE extra (x)")),
    "cut": lambda m, _: _packed(m)[:-40],
    "no manifest": lambda m, _: _packed(m).replace(b"manifest.json", b"manifest.jsom"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_backup_changes_nothing(world: World, good: bytes, tmp_path: Path, kind: str) -> None:
    """Refused as what it is, with a remedy; no file is left, the healthy one beside it still works."""
    content = HOSTILE[kind](_members(good), tmp_path)
    answer = world.keyed().post(UPLOAD, content=content, headers=ZIP)
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_backup"), answer.text
    assert answer.json()["remedy"]
    assert not list(world.root.glob("restore.*"))
    assert (world.root / "canary").read_text() == "canary"
    assert not (world.root.parent / "canary").exists()
    healthy = world.keyed().post(UPLOAD, content=good, headers=ZIP)
    assert healthy.json()["state"] == "checked"
    world.keyed().delete("/api/system/restore").raise_for_status()


def test_many_uploads_at_once_leave_one(world: World, good: bytes) -> None:
    """The last one counts; none of the others leaves anything."""
    answers: list[int] = []
    clients = [world.keyed() for _ in range(6)]
    uploads = [
        threading.Thread(
            target=lambda client=client: answers.append(client.post(UPLOAD, content=good, headers=ZIP).status_code)
        )
        for client in clients
    ]
    for upload in uploads:
        upload.start()
    for upload in uploads:
        upload.join(60)
    assert answers == [200] * 6
    assert [path.name for path in world.root.glob("restore.*")] == ["restore.checked"]
    world.keyed().delete("/api/system/restore").raise_for_status()


def test_an_upload_that_is_broken_off_leaves_nothing(world: World, good: bytes) -> None:
    """Whoever hangs up in the middle has sent nothing."""

    def half() -> Iterator[bytes]:
        yield good[: len(good) // 2]
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        world.keyed().post(UPLOAD, content=half(), headers=ZIP)
    answer = world.keyed().get("/api/system/restore").json()
    assert answer == {"state": "none", "summary": None}
    assert not list(world.root.glob("restore.checked"))
