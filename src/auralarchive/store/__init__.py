"""The database: SQLAlchemy Core on SQLite or PostgreSQL, sync, called in threads."""

from auralarchive.store.errors import (
    DatabaseBusy,
    DatabaseRefused,
    DatabaseUnavailable,
    NetworkFileSystem,
    SchemaTooNew,
    SecretsUnreadable,
)
from auralarchive.store.secrets import SecretBox
from auralarchive.store.store import SqlStore, open_store

__all__ = [
    "DatabaseBusy",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "NetworkFileSystem",
    "SchemaTooNew",
    "SecretBox",
    "SecretsUnreadable",
    "SqlStore",
    "open_store",
]
