"""At every open: is there anything to migrate? Only then is the migrator loaded.

Alembic costs 13 MB of memory and half a second of start, and has work to do once a release.
"""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import inspect, text

from auralarchive.store.database import Database
from auralarchive.store.schema import REVISION


def bring_up_to_date(database: Database) -> None:
    """Migrate the database where its schema is not this version's. Raises what `migrate.migrate` raises."""
    if not is_current(database):
        import_module("auralarchive.store.migrate").migrate(database)


def is_current(database: Database) -> bool:
    """Whether its schema is the one that this version knows."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [REVISION]
