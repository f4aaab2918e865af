"""What the database refuses, each with a remedy.

NeedsPerson
├── DatabaseBusy          another instance has the data folder
├── NetworkFileSystem     SQLite's locks cannot be trusted there
├── SchemaTooNew          a later version of the program wrote this database
├── DatabaseRefused       the address or the driver is wrong
└── SecretsUnreadable     the key file does not fit what it has to open
TransientError
└── DatabaseUnavailable   down, restarting or locked: the same call may work again
"""

from __future__ import annotations

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import NeedsPerson, Unreachable


class DatabaseBusy(NeedsPerson):
    """Another instance of the program has this data folder."""

    default_kind = FailureKind.LIBRARY_UNAVAILABLE


class NetworkFileSystem(NeedsPerson):
    """The database file lies where SQLite's locks cannot be trusted."""

    default_kind = FailureKind.LIBRARY_UNAVAILABLE


class SchemaTooNew(NeedsPerson):
    """The database was written by a later version of the program."""

    default_kind = FailureKind.LIBRARY_UNAVAILABLE


class DatabaseRefused(NeedsPerson):
    """The database's address cannot be used."""

    default_kind = FailureKind.LIBRARY_UNAVAILABLE


class SecretsUnreadable(NeedsPerson):
    """The key file does not fit the secrets in the database."""

    default_kind = FailureKind.PERMISSION


class DatabaseUnavailable(Unreachable):
    """The database does not answer at the moment."""

    default_kind = FailureKind.INTERRUPTED
