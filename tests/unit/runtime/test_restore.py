"""A backup on its way back: proved, confirmed, swapped in, and what it replaced kept."""

from __future__ import annotations

import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.ports.errors import Misconfigured, NoSpace, UnusableBackup, WrongPassphrase
from auralarchive.runtime import client_notes, restore
from auralarchive.runtime.archive import SEALED_KEY, seal
from auralarchive.runtime.backup import Instance, make_backup
from auralarchive.runtime.core import finish_restore, instance_of, open_core
from auralarchive.runtime.restore import CHECKED, PENDING, Restorer, restore_now, swap_in, sweep
from auralarchive.runtime.settings_view import may_be_saved
from auralarchive.store import DatabaseBusy
from tests.contract.store.support import HeldClock, a_book, enqueue
from tests.unit.runtime.conftest import OpenCore

PASSPHRASE = "a long sentence is easy"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


def _instance(folder: Path, title: str) -> Instance:
    """A closed instance with one download and a setting."""
    core = open_core({"data_dir": folder, "embedded": {"enabled": False}})
    enqueue(core.store, book=a_book(title))
    core.holder.save("conversion", {"audible_key": "ab" * 16})
    core.close()
    (folder / "config.toml").write_text(f'api_key = "CANARY-{title}"\n[search]\ndeadline_seconds = 7\n')
    return instance_of(core.holder.current)


@pytest.fixture
def old(tmp_path: Path) -> Instance:
    return _instance(tmp_path / "old", "Emma")


@pytest.fixture
def here(tmp_path: Path) -> Instance:
    return _instance(tmp_path / "here", "Dune")


@pytest.fixture
def backup(old: Instance, tmp_path: Path, clock: HeldClock) -> Path:
    make_backup(old, tmp_path / "b.zip", clock, PASSPHRASE)
    return tmp_path / "b.zip"


@pytest.fixture
def restorer(here: Instance, clock: HeldClock) -> Restorer:
    return Restorer(here, clock, lambda _section, _key: True)


def _titles(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT book_title FROM download_queue")]


def test_a_backup_is_proved_confirmed_and_swapped_in(
    restorer: Restorer, here: Instance, old: Instance, backup: Path
) -> None:
    """With its key and its config.toml; what was there before is kept as it was."""
    summary = restorer.check(backup)
    assert (summary.downloads, summary.accounts, summary.secrets) == (1, 0, "sealed")
    assert restorer.state() == ("checked", summary)
    assert _titles(here.database) == ["Dune"]
    confirmed = restorer.confirm(summary.id, PASSPHRASE, config=True)
    assert (confirmed.secrets, confirmed.config) == ("restored", True)
    assert restorer.state() == ("pending", confirmed)
    assert _titles(here.database) == ["Dune"]
    replaced = swap_in(here)
    assert replaced == here.data_dir / summary.replaced
    assert _titles(here.database) == ["Emma"]
    assert _titles(replaced / "auralarchive.db") == ["Dune"]
    assert (here.data_dir / "secret.key").read_bytes() == (old.data_dir / "secret.key").read_bytes()
    assert "CANARY-Emma" in (here.data_dir / "config.toml").read_text()
    assert "CANARY-Dune" in (replaced / "config.toml").read_text()
    assert restorer.state() == ("none", None)
    assert swap_in(here) is None
    assert not list(here.data_dir.glob("restore.*"))
    ours = [here.database, here.data_dir / "secret.key", here.data_dir / "config.toml"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in ours} == {0o600}


def test_the_notes_of_clients_come_back_and_their_other_files_stay(
    old: Instance, here: Instance, restorer: Restorer, tmp_path: Path, clock: HeldClock
) -> None:
    """Without them Deluge's torrents would count as somebody else's; what is noted since is not forgotten for it."""
    then, since = (Note(frozenset({digit * 40}), f"auralarchive-main-{digit}") for digit in "12")
    Notes(old.clients / "Deluge").keep(then)
    Notes(here.clients / "Deluge").keep(since)
    ours = here.clients / "Embedded" / "x.json"
    ours.parent.mkdir(exist_ok=True)
    ours.write_text("which pieces are here")
    make_backup(old, tmp_path / "b.zip", clock)
    restorer.confirm(restorer.check(tmp_path / "b.zip").id)
    assert Notes(here.clients / "Deluge").all() == {since}
    swap_in(here)
    assert Notes(here.clients / "Deluge").all() == {then, since}
    assert ours.read_text() == "which pieces are here"
    assert not list(here.data_dir.glob("restore.*"))


def test_notes_that_make_no_sense_are_refused_with_the_backup(
    old: Instance, here: Instance, restorer: Restorer, tmp_path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is confirmed: the start that puts them in place could not ask anybody."""
    monkeypatch.setattr(client_notes, "gathered", lambda _: b'{"..": []}')
    make_backup(old, tmp_path / "b.zip", clock)
    with pytest.raises(UnusableBackup, match="make no sense"):
        restorer.check(tmp_path / "b.zip")
    assert not list(here.data_dir.glob("restore.*"))


def test_without_the_passphrase_ours_stays_and_secrets_are_asked_anew(
    restorer: Restorer, here: Instance, backup: Path
) -> None:
    """The key of this machine is kept; it does not open what another one sealed, and that is told."""
    key = (here.data_dir / "secret.key").read_bytes()
    confirmed = restorer.confirm(restorer.check(backup).id)
    assert (confirmed.secrets, confirmed.config) == ("left_out", False)
    core = open_core({"data_dir": here.data_dir, "embedded": {"enabled": False}})
    try:
        assert (here.data_dir / "secret.key").read_bytes() == key
        assert "CANARY-Dune" in (here.data_dir / "config.toml").read_text()
        (lost,) = core.holder.problems
        assert "Enter them anew" in lost.remedy
        assert core.holder.current.conversion.audible_key is None
    finally:
        core.close()


def test_a_wrong_passphrase_can_be_tried_again(restorer: Restorer, backup: Path) -> None:
    """Nothing is staged meanwhile, and nothing half-opened is left."""
    summary = restorer.check(backup)
    with pytest.raises(WrongPassphrase):
        restorer.confirm(summary.id, "something else")
    assert restorer.state() == ("checked", summary)
    with pytest.raises(LookupError):
        restorer.confirm("0123456789abcdef")
    assert restorer.confirm(summary.id, PASSPHRASE).secrets == "restored"


def test_only_the_last_one_checked_counts_and_both_can_be_forgotten(
    restorer: Restorer, here: Instance, backup: Path
) -> None:
    first, second = restorer.check(backup), restorer.check(backup)
    with pytest.raises(LookupError):
        restorer.confirm(first.id)
    restorer.confirm(second.id)
    third = restorer.check(backup)
    restorer.confirm(third.id)
    assert restorer.state()[1] is not None
    restorer.discard()
    restorer.discard()
    assert restorer.state() == ("none", None)
    assert not list(here.data_dir.glob("restore.*"))


def test_what_is_refused_leaves_nothing_behind(
    restorer: Restorer, here: Instance, tmp_path: Path, backup: Path
) -> None:
    """A broken file, a database that is none, and a full disk."""
    broken = tmp_path / "broken.zip"
    broken.write_bytes(backup.read_bytes()[:2000])
    with pytest.raises(UnusableBackup):
        restorer.check(broken)
    assert not list(here.data_dir.glob("restore.*"))
    assert restorer.state() == ("none", None)


def test_a_full_disk_is_told(restorer: Restorer, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore, "_write", full)
    with pytest.raises(NoSpace, match="no room"):
        restorer.check(backup)


def test_a_key_that_is_none_is_not_put_in_place(restorer: Restorer, here: Instance, backup: Path) -> None:
    """Sealed with the right passphrase, by somebody who wants the next start to fail."""
    summary = restorer.check(backup)
    (here.data_dir / CHECKED / SEALED_KEY).write_bytes(_sealed(b"no key at all"))
    with pytest.raises(UnusableBackup, match="key in the backup"):
        restorer.confirm(summary.id, PASSPHRASE)


def _sealed(content: bytes) -> bytes:
    return seal(SEALED_KEY, content, PASSPHRASE)


def test_what_sqlite_left_beside_the_old_database_goes_with_it(
    restorer: Restorer, here: Instance, backup: Path
) -> None:
    """A write-ahead log of the old one beside the new one would be replayed into it."""
    wal = here.database.with_name("auralarchive.db-wal")
    wal.write_bytes(b"of the old one")
    restorer.confirm(restorer.check(backup).id)
    replaced = swap_in(here)
    assert replaced is not None
    assert not wal.exists()
    assert (replaced / "auralarchive.db-wal").read_bytes() == b"of the old one"
    assert _titles(here.database) == ["Emma"]


def test_a_config_that_says_where_the_data_is_stays(restorer: Restorer, here: Instance, backup: Path) -> None:
    """The other one would lead away from the very database that was restored. It is kept to be looked at."""
    config = here.data_dir / "config.toml"
    config.write_text(f'database_url = "sqlite:///{here.database}"\n')
    restorer.confirm(restorer.check(backup).id, PASSPHRASE, config=True)
    replaced = swap_in(here)
    assert replaced is not None
    assert "database_url" in config.read_text()
    assert "CANARY-Emma" in (replaced / "config.toml.from-backup").read_text()
    assert _titles(here.database) == ["Emma"]


def test_the_next_start_puts_it_in_place(opened: OpenCore, restorer: Restorer, here: Instance, backup: Path) -> None:
    """Before anything is opened, and with the settings that came with it."""
    restorer.confirm(restorer.check(backup).id, PASSPHRASE, config=True)
    core = opened(data_dir=here.data_dir)
    assert core.holder.current.search.deadline_seconds == 7
    key = core.holder.current.conversion.audible_key
    assert key is not None
    assert key.get_secret_value() == "ab" * 16
    assert [row.book.title for row in core.store.downloads.page().items] == ["Emma"]
    assert not finish_restore(core.holder.current)


def test_no_start_swaps_under_a_running_server(
    opened: OpenCore, here: Instance, restorer: Restorer, backup: Path
) -> None:
    """Its lock says that it is there."""
    core = opened(data_dir=here.data_dir)
    restorer.confirm(restorer.check(backup).id)
    with pytest.raises(DatabaseBusy):
        finish_restore(core.holder.current)
    assert [row.book.title for row in core.store.downloads.page().items] == ["Dune"]


def test_a_folder_of_that_name_that_is_none_stops_the_start(here: Instance) -> None:
    """Rather than guess; with what to do."""
    (here.data_dir / PENDING).mkdir()
    (here.data_dir / PENDING / "auralarchive.db").write_text("by hand")
    with pytest.raises(UnusableBackup, match="not what a restore leaves") as refused:
        swap_in(here)
    assert "Move it away" in refused.value.remedy


def test_a_summary_cannot_name_a_place_outside(restorer: Restorer, here: Instance, backup: Path) -> None:
    """It lies in a folder of ours, but a path is a path."""
    restorer.confirm(restorer.check(backup).id)
    file = here.data_dir / PENDING / "summary.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "replaced": "../../outside"}))
    assert swap_in(here) == here.data_dir / "outside"


def test_what_a_kill_left_of_an_unpacking_is_swept(restorer: Restorer, here: Instance) -> None:
    with restorer.receiving() as file:
        file.write_text("half an upload")
        left = file.parent
        assert left.parent == here.data_dir
        sweep(here.data_dir)
        assert not left.exists()


def test_postgresql_is_restored_by_its_own_tools(tmp_path: Path, clock: HeldClock, backup: Path) -> None:
    restorer = Restorer(Instance(tmp_path, "postgresql://host/db", "1"), clock, lambda *_: True)
    with pytest.raises(Misconfigured, match="pg_restore"):
        restorer.check(backup)


def test_a_database_on_another_disk_is_not_swapped(tmp_path: Path, clock: HeldClock, backup: Path) -> None:
    """One rename cannot cross disks; /dev/shm is one of its own."""
    instance = Instance(tmp_path, "sqlite:////dev/shm/elsewhere.db", "1")
    with pytest.raises(Misconfigured, match="another disk"):
        Restorer(instance, clock, lambda *_: True).check(backup)


def test_a_setting_that_no_page_may_set_is_not_restored(
    old: Instance, here: Instance, clock: HeldClock, tmp_path: Path
) -> None:
    """Or an upload could name a program that we run."""
    with closing(sqlite3.connect(old.database)) as connection:
        connection.execute("INSERT INTO settings VALUES ('conversion', 'ffmpeg', '\"/tmp/evil\"')")
        connection.execute("INSERT INTO settings VALUES ('server', 'host', '\"0.0.0.0\"')")
        connection.commit()
    make_backup(old, tmp_path / "evil.zip", clock)
    restorer = Restorer(here, clock, may_be_saved)
    restorer.confirm(restorer.check(tmp_path / "evil.zip").id)
    swap_in(here)
    with closing(sqlite3.connect(here.database)) as connection:
        assert connection.execute("SELECT section, key FROM settings").fetchall() == [("conversion", "audible_key")]
    with zipfile.ZipFile(tmp_path / "evil.zip") as archive:
        assert b"/tmp/evil" in archive.read("auralarchive.db")


def test_all_at_once_for_who_is_alone(here: Instance, old: Instance, backup: Path) -> None:
    """A wrong passphrase replaces nothing and leaves nothing waiting."""
    with pytest.raises(WrongPassphrase):
        restore_now(here, backup, "something else")
    assert _titles(here.database) == ["Dune"]
    assert not list(here.data_dir.glob("restore.*"))
    made, replaced = restore_now(here, backup, PASSPHRASE)
    assert (made.secrets, made.config) == ("restored", True)
    assert _titles(here.database) == ["Emma"]
    assert _titles(replaced / "auralarchive.db") == ["Dune"]
