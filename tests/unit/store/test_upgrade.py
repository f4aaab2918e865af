"""When the migrator is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text

from auralarchive.store import migrate as migrator
from auralarchive.store.database import Database, open_database
from auralarchive.store.schema import REVISION
from auralarchive.store.upgrade import bring_up_to_date, is_current


def test_the_revision_in_the_schema_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(migrator.__file__).with_name("migrations")))
    assert scripts.get_heads() == [REVISION]


def test_an_empty_database_is_brought_up_to_date(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.sqlite3'}", sole_instance=False)
    assert not is_current(database)
    bring_up_to_date(database)
    assert is_current(database)
    database.close()


def test_another_revision_is_not_current(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not is_current(database)


def test_the_second_start_loads_no_migrator(tmp_path: Path) -> None:
    script = f"""
import sys
from auralarchive.runtime.clock import SystemClock
from auralarchive.store import SecretBox, open_store
open_store("sqlite:///{tmp_path / "a.sqlite3"}", secret_box=SecretBox.generate(), clock=SystemClock()).close()
print("alembic" in sys.modules)
"""

    def start() -> str:
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()

    assert [start(), start()] == ["True", "False"]
