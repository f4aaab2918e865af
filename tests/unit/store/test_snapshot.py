"""A copy of the database: whole while others write, and believed only after it was examined."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from auralarchive.ports.errors import UnusableBackup
from auralarchive.ports.store import Role
from auralarchive.store import migrate
from auralarchive.store.database import open_database
from auralarchive.store.secrets import SecretBox
from auralarchive.store.snapshot import make_ready, sqlite_file, take_snapshot
from auralarchive.store.store import SqlStore, open_store
from tests.contract.store.support import NOON, HeldClock, enqueue


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A database with a download, an account with a session, and a setting."""
    file = tmp_path / "live.db"
    with closing(_store(file)) as store:
        enqueue(store)
        account = store.accounts.create("ann", "hash", NOON, Role.ADMIN)
        store.accounts.open_session(account.id, "digest", NOON, NOON)
        store.settings.save("library", {"template": "{title}.m4b"})
        store.settings.save("conversion", {"ffmpeg": "/evil"})
    return file


def _store(file: Path) -> SqlStore:
    box = SecretBox.generate()
    return open_store(f"sqlite:///{file}", secret_box=box, clock=HeldClock(), data_dir=file.parent, sole_instance=False)


def _any(section: str, key: str) -> bool:
    return True


def test_a_copy_is_whole_private_and_without_sessions(source: Path, tmp_path: Path) -> None:
    """One file, readable by its owner alone; whoever restores it signs in anew."""
    copy = tmp_path / "copy.db"
    contents = take_snapshot(source, copy)
    assert (contents.downloads, contents.books, contents.accounts) == (1, 0, 1)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert not list(tmp_path.glob("copy.db-*"))


def test_a_copy_is_of_one_moment_while_others_write(source: Path, tmp_path: Path) -> None:
    """Each copy taken in between holds together by the log's own rules, and the writer waits for none."""
    done = threading.Event()

    def write() -> None:
        with closing(_store(source)) as store:
            while not done.is_set():
                enqueue(store)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy = tmp_path / f"copy-{number}.db"
            taken = take_snapshot(source, copy)
            assert make_ready(copy, HeldClock(), _any) == taken
    finally:
        done.set()
        writer.join(20)


def test_a_copy_comes_back_without_settings_that_no_page_may_set(source: Path, tmp_path: Path) -> None:
    """A backup must not be a way to name a program that we run."""
    copy = tmp_path / "copy.db"
    take_snapshot(source, copy)
    contents = make_ready(copy, HeldClock(), lambda section, key: key != "ffmpeg")
    assert contents.accounts == 1
    with closing(_store(copy)) as store:
        assert store.settings.all() == {"library": {"template": "{title}.m4b"}}


def test_numbers_of_downloads_made_since_are_not_given_again(source: Path, tmp_path: Path) -> None:
    """An item in a client bears the number of a download that the backup does not know."""
    copy = tmp_path / "copy.db"
    take_snapshot(source, copy)
    with closing(_store(source)) as store:
        since = {enqueue(store).id for _ in range(3)}
    make_ready(copy, HeldClock(), _any)
    with closing(_store(copy)) as store:
        assert enqueue(store).id > max(since)


def test_an_emptied_database_leaves_its_emptiness_behind(source: Path, tmp_path: Path) -> None:
    """Pages that hold nothing would be most of the copy."""
    with closing(sqlite3.connect(source)) as connection:
        rows = [("x", str(number), "y" * 4000) for number in range(500)]
        connection.executemany("INSERT INTO settings VALUES (?, ?, json_quote(?))", rows)
        connection.execute("DELETE FROM settings WHERE section = 'x'")
        connection.commit()
    take_snapshot(source, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_size < source.stat().st_size / 2


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _scribble(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    file.write_bytes(content)


def _run(*statements: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda file: file.write_bytes(b""), "is none"),
    "text": (lambda file: file.write_text("not a database, but long enough to be read"), "is none"),
    "cut": (_truncate, "damaged"),
    "scribbled": (_scribble, "damaged"),
    "a trigger": (
        _run("CREATE TRIGGER t AFTER INSERT ON settings BEGIN DELETE FROM accounts; END"),
        "holds programs",
    ),
    "a view": (_run("CREATE VIEW v AS SELECT * FROM accounts"), "holds programs"),
    "somebody else's": (_run("DROP TABLE alembic_version"), "not one of AuralArchive"),
    "a newer version's": (_run("UPDATE alembic_version SET version_num = '9999'"), "newer version"),
    "a table too many": (_run("CREATE TABLE extra (x)"), "not those of this version"),
    "a column too many": (_run("ALTER TABLE books ADD COLUMN extra TEXT"), "not those of this version"),
    "an index too few": (_run("DROP INDEX ix_download_queue_title"), "not those of this version"),
    "a log with a gap": (
        _run("UPDATE download_events SET seq = 7, version = 9"),
        "does not hold together",
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_what_is_broken_or_strange_is_refused(source: Path, tmp_path: Path, harm: str) -> None:
    """In words that say what is wrong, whatever the database says about itself."""
    copy = tmp_path / "copy.db"
    take_snapshot(source, copy)
    change, words = HARM[harm]
    change(copy)
    with pytest.raises(UnusableBackup, match=words) as refused:
        make_ready(copy, HeldClock(), _any)
    assert refused.value.remedy


def test_an_old_copy_is_brought_up_to_date(tmp_path: Path) -> None:
    """A backup of the first version opens in this one, with what it held."""
    old = tmp_path / "old.db"
    shutil.copy(_first_version(tmp_path), old)
    assert make_ready(old, HeldClock(), _any).downloads == 0
    with closing(_store(old)) as store:
        assert store.integrity() == ()


def _first_version(folder: Path) -> Path:
    """A database as the first migration alone makes it."""
    file = folder / "first.db"
    database = open_database(f"sqlite:///{file}", sole_instance=False)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    database.close()
    return file


def test_where_the_database_is() -> None:
    """With what a folder's name may hold."""
    assert sqlite_file("sqlite:////srv/a%20b%3F.db") == Path("/srv/a b?.db")
    assert sqlite_file("postgresql://host/name") is None


def test_an_existing_file_is_never_written_over(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    with pytest.raises(FileExistsError) as refused:
        take_snapshot(source, copy)
    assert refused.value.errno == errno.EEXIST
    assert copy.read_text() == "mine"
