"""Backups: what is in them and what is not, when they are made, and which of them stay."""

from __future__ import annotations

import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.ports.errors import Misconfigured, NoSpace
from auralarchive.runtime import backup as backups
from auralarchive.runtime.archive import SEALED_CONFIG, SEALED_KEY, open_archive, unseal
from auralarchive.runtime.backup import Instance, Plan, Shelf, make_backup
from auralarchive.runtime.client_notes import understood
from auralarchive.runtime.core import Core, instance_of
from tests.contract.store.support import HeldClock

PASSPHRASE = "a long sentence is easy"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def instance(core: Core) -> Instance:
    """Of an open core, as it is while it runs."""
    (core.holder.current.data_dir / "config.toml").write_text('api_key = "CANARY-9"\n[server]\nport = 1\n')
    return instance_of(core.holder.current)


@pytest.fixture
def shelf(instance: Instance, tmp_path: Path, clock: HeldClock) -> Shelf:
    return Shelf(instance, lambda: Plan(1.0, 3, tmp_path / "shelf"), clock)


def test_without_a_passphrase_no_secret_is_in_it(instance: Instance, tmp_path: Path, clock: HeldClock) -> None:
    """And the backup says so."""
    manifest = make_backup(instance, tmp_path / "b.zip", clock)
    assert (manifest.secrets, manifest.accounts, manifest.application) == ("left_out", 0, instance.version)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert set(archive.namelist()) == {"auralarchive.db", "config.toml", "manifest.json"}
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"CANARY" not in everything
    assert (instance.data_dir / "secret.key").read_bytes().strip() not in everything


def test_which_torrents_of_a_deluge_are_ours_is_in_it(instance: Instance, tmp_path: Path, clock: HeldClock) -> None:
    """And nothing else of the clients' folders, which tell of files on this disk."""
    note = Note(frozenset({"a" * 40}), "auralarchive-main-1")
    Notes(instance.clients / "Deluge").keep(note)
    (instance.clients / "Deluge" / "other.json").write_text("{}")
    make_backup(instance, tmp_path / "b.zip", clock)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert set(archive.namelist()) == {"auralarchive.db", "client-notes.json", "config.toml", "manifest.json"}
        assert understood(archive.read("client-notes.json")) == {"Deluge": [note]}


def test_with_a_passphrase_they_are_and_only_it_opens_them(
    instance: Instance, tmp_path: Path, clock: HeldClock
) -> None:
    make_backup(instance, tmp_path / "b.zip", clock, PASSPHRASE)
    with open_archive(tmp_path / "b.zip") as archive:
        assert archive.manifest.secrets == "sealed"
        key, config = (archive.read(name) or b"" for name in (SEALED_KEY, SEALED_CONFIG))
    assert unseal(SEALED_KEY, key, PASSPHRASE) == (instance.data_dir / "secret.key").read_bytes()
    assert b"CANARY-9" in unseal(SEALED_CONFIG, config, PASSPHRASE)


def test_nothing_is_written_over_and_nothing_half_made_is_left(
    instance: Instance, tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a disk without hard links."""
    folder = tmp_path / "out"
    folder.mkdir()
    make_backup(instance, folder / "b.zip", clock)
    before = (folder / "b.zip").read_bytes()
    with pytest.raises(Misconfigured, match="is there already"):
        make_backup(instance, folder / "b.zip", clock)
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    with pytest.raises(Misconfigured, match="is there already"):
        make_backup(instance, folder / "b.zip", clock)
    make_backup(instance, folder / "c.zip", clock)
    assert {path.name for path in folder.iterdir()} == {"b.zip", "c.zip"}
    assert (folder / "b.zip").read_bytes() == before
    with pytest.raises(Misconfigured, match="cannot be written"):
        make_backup(instance, tmp_path / "nowhere" / "b.zip", clock)


def _no_links(path: Path, target: Path) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_full_disk_is_told_as_one(
    instance: Instance, tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "write_archive", full)
    with pytest.raises(NoSpace, match="no room"):
        make_backup(instance, tmp_path / "b.zip", clock)


def test_postgresql_has_tools_of_its_own(tmp_path: Path, clock: HeldClock) -> None:
    """It is told which, and the address, which may hold a password, is not."""
    instance = Instance(tmp_path, "postgresql://me:secret-word@host/db", "1")
    with pytest.raises(Misconfigured, match="pg_dump") as refused:
        make_backup(instance, tmp_path / "b.zip", clock)
    assert "secret-word" not in str(refused.value)
    assert Shelf(instance, lambda: Plan(1, 7, tmp_path), clock).next_at() is None


def test_one_is_made_when_it_is_due_and_the_oldest_go(shelf: Shelf, clock: HeldClock) -> None:
    """The first at once, then one a day; a file that is not ours is never touched."""
    first = shelf.make_when_due()
    assert first is not None
    assert shelf.make_when_due() is None
    foreign = shelf.plan.folder / "auralarchive-notes.zip"
    foreign.write_text("mine")
    (shelf.plan.folder / "auralarchive-20200101-000000.zip").symlink_to(foreign)
    for _ in range(4):
        clock.pass_by(timedelta(days=1).total_seconds())
        assert shelf.make_when_due() is not None
    names = [kept.name for kept in shelf.all()]
    assert len(names) == 3
    assert first not in names
    assert names == sorted(names, reverse=True)
    assert foreign.read_text() == "mine"
    assert shelf.next_at() == clock.now() + timedelta(days=1)


def test_two_within_a_second_have_names_of_their_own(shelf: Shelf) -> None:
    assert len({shelf.make(), shelf.make()}) == 2
    assert [kept.manifest is not None for kept in shelf.all()] == [True, True]


def test_never_means_never(instance: Instance, tmp_path: Path, clock: HeldClock) -> None:
    shelf = Shelf(instance, lambda: Plan(0, 3, tmp_path / "shelf"), clock)
    assert shelf.make_when_due() is None
    assert shelf.findings() == ()


def test_one_is_found_and_deleted_by_its_name_alone(shelf: Shelf) -> None:
    """A name that leads elsewhere is none."""
    name = shelf.make()
    (shelf.plan.folder.parent / "auralarchive-20200101-000000.zip").write_text("outside")
    for wrong in ("../auralarchive-20200101-000000.zip", "/etc/passwd", "", ".", name + "\x00"):
        assert shelf.find(wrong) is None
        assert not shelf.delete(wrong)
    assert shelf.delete(name)
    assert shelf.all() == ()


def test_a_damaged_one_is_listed_as_such(shelf: Shelf) -> None:
    """It is seen on the page before it is needed."""
    name = shelf.make()
    path = shelf.find(name)
    assert path is not None
    path.write_bytes(path.read_bytes()[:100])
    (kept,) = shelf.all()
    assert (kept.name, kept.size, kept.manifest) == (name, 100, None)


def test_health_tells_when_backups_stop(shelf: Shelf, clock: HeldClock) -> None:
    """A day late is a finding with a remedy; before that there may be a reason."""
    (none_yet,) = shelf.findings()
    assert none_yet.ok
    shelf.make()
    (fine,) = shelf.findings()
    assert (fine.ok, "2026-05-01" in fine.message) == (True, True)
    clock.pass_by(timedelta(days=2, minutes=1).total_seconds())
    (late,) = shelf.findings()
    assert (late.ok, bool(late.remedy)) == (False, True)


def test_what_a_kill_left_half_made_is_cleared_away(shelf: Shelf, clock: HeldClock) -> None:
    """A day later, when nobody can be at work on it."""
    shelf.make()
    left, young = shelf.plan.folder / ".making-old", shelf.plan.folder / ".making-new"
    for folder in (left, young):
        folder.mkdir()
        os.utime(folder, (clock.monotonic(), clock.monotonic()))
    os.utime(left, (clock.monotonic() - 90_000,) * 2)
    shelf.make()
    assert (left.exists(), young.exists()) == (False, True)


def test_a_folder_that_cannot_be_used_is_told(instance: Instance, tmp_path: Path, clock: HeldClock) -> None:
    (tmp_path / "file").write_text("in the way")
    shelf = Shelf(instance, lambda: Plan(1, 3, tmp_path / "file" / "backups"), clock)
    with pytest.raises(Misconfigured, match="cannot be written"):
        shelf.make()
    shelf = Shelf(instance, lambda: Plan(1, 3, tmp_path / "file"), clock)
    with pytest.raises(Misconfigured):
        shelf.all()


def test_a_backup_of_many_rows_takes_little_time(core: Core, tmp_path: Path, clock: HeldClock) -> None:
    """Nobody waits for it: ten thousand settings are copied in well under a second."""
    for number in range(10):
        core.store.settings.save("library", {f"k{number}-{n}": "x" * 50 for n in range(1000)})
    begun = time.thread_time()
    make_backup(instance_of(core.holder.current), tmp_path / "b.zip", clock)
    assert time.thread_time() - begun < 5
