"""Kill -9 anywhere in a restore: the next start has the old data or the new, whole, and what was replaced is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.runtime.backup import Instance, make_backup
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.core import instance_of, open_core
from auralarchive.runtime.restore import Restorer
from tests.contract.store.support import a_book, enqueue

NOTE = Note(frozenset({"a" * 40}), "auralarchive-main-1")
PASSPHRASE = "a long sentence is easy"
COMMON = """
import sys
from pathlib import Path
from auralarchive.runtime.backup import Instance
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.restore import Restorer, swap_in
folder = Path(sys.argv[1])
instance = Instance(folder, f"sqlite:///{folder / 'auralarchive.db'}", "1")
restorer = Restorer(instance, SystemClock(), lambda *_: True)
"""
CONFIRM = f"{COMMON}\nrestorer.confirm(restorer.state()[1].id, {PASSPHRASE!r}, config=True)\n"
SWAP = f"{COMMON}\nswap_in(instance)\n"

BEFORE_IT_COUNTS = ["restore.before_confirm", "restore.before_pending"]
#: Three files take their turn: the database, the key, and config.toml.
SWAPPING = [
    *(
        f"restore.{name}:{turn}"
        for turn in (1, 2, 3)
        for name in ("before_old", "old_moved", "before_new", "after_new")
    ),
    "restore.before_end",
    "restore.after_summary",
]
CALLS = ["mkdir", "rename", "fsync", "unlinkat", "unlink", "rmdir"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one book, beside a checked backup of another one."""
    root = tmp_path_factory.mktemp("prepared")
    old = _made(root / "old", "Emma")
    Notes(old.clients / "Deluge").keep(NOTE)
    make_backup(old, root / "backup.zip", SystemClock(), PASSPHRASE)
    instance = _made(root / "here", "Dune")
    Restorer(instance, SystemClock(), lambda *_: True).check(root / "backup.zip")
    return instance.data_dir


@pytest.fixture
def here(prepared: Path, tmp_path: Path) -> Path:
    """The same for one test."""
    return Path(shutil.copytree(prepared, tmp_path / "here"))


def _made(folder: Path, title: str) -> Instance:
    core = open_core({"data_dir": folder, "embedded": {"enabled": False}})
    enqueue(core.store, book=a_book(title))
    core.holder.save("conversion", {"audible_key": "ab" * 16})
    core.close()
    (folder / "config.toml").write_text(f"[search]\ndeadline_seconds = {len(title)}\n")
    return instance_of(core.holder.current)


def _run(code: str, folder: Path, failpoint: str) -> int:
    environment = {**os.environ, "AURALARCHIVE_FAILPOINT": failpoint}
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode


def _next_start(folder: Path) -> str:
    """The real start after the kill; the title that it has, after all of it was found to belong together."""
    core = open_core({"data_dir": folder, "embedded": {"enabled": False}})
    try:
        (row,) = core.store.downloads.page().items
        assert core.store.integrity() == ()
        assert core.holder.problems == (), "database and key file belong together"
        assert core.holder.current.conversion.audible_key is not None
        assert core.holder.current.search.deadline_seconds == len(row.book.title), "so does config.toml"
        return row.book.title
    finally:
        core.close()


def _is_restored(folder: Path) -> None:
    assert _next_start(folder) == "Emma"
    assert not [path for path in folder.glob("restore.*") if path.name != "restore.checked"]
    (replaced,) = folder.glob("replaced-*")
    with closing(sqlite3.connect(replaced / "auralarchive.db")) as connection:
        assert connection.execute("SELECT book_title FROM download_queue").fetchall() == [("Dune",)]
    assert (replaced / "secret.key").exists()
    assert Notes(folder / "clients" / "Deluge").all() == {NOTE}
    assert _next_start(folder) == "Emma"


@pytest.mark.parametrize("failpoint", BEFORE_IT_COUNTS)
def test_killed_before_it_is_confirmed_nothing_has_changed(here: Path, failpoint: str) -> None:
    """And it can be confirmed anew."""
    assert _run(CONFIRM, here, failpoint) == -9
    assert _next_start(here) == "Dune"
    assert not list(here.glob("replaced-*"))
    assert _run(CONFIRM, here, "") == 0
    _is_restored(here)


def test_killed_right_after_it_is_confirmed_it_is_done_by_the_next_start(here: Path) -> None:
    assert _run(CONFIRM, here, "restore.confirmed") == -9
    _is_restored(here)


def _marked(failpoint: str) -> object:
    """By default the database's turn is enough: the other files take the same way."""
    return pytest.param(failpoint, marks=[pytest.mark.crash] if failpoint[-2:] in (":2", ":3") else [])


@pytest.mark.parametrize("failpoint", [_marked(one) for one in SWAPPING])
def test_a_swap_killed_anywhere_is_finished_by_the_next_start(here: Path, failpoint: str) -> None:
    assert _run(CONFIRM, here, "") == 0
    assert _run(SWAP, here, failpoint) == -9
    _is_restored(here)


@pytest.mark.crash
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", CALLS)
def test_a_swap_killed_in_any_call_is_finished_by_the_next_start(here: Path, tmp_path: Path, call: str) -> None:
    """The failpoints are where we thought of trouble; here strace picks the places."""
    assert _run(CONFIRM, here, "") == 0
    hits = 0
    for number in range(1, 100):
        folder = tmp_path / f"copy-{number}"
        shutil.copytree(here, folder)
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
        child = [sys.executable, "-B", "-c", SWAP, str(folder)]
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", *inject, *child], capture_output=True, check=False)
        assert done.returncode in (0, -9, 137), done.stderr.decode()
        if done.returncode == 0:
            break
        hits += 1
        _is_restored(folder)
    assert hits or call in ("unlink", "rmdir", "unlinkat"), f"the swap makes no {call} here"
