"""Which versions of what are at work, for a report of a bug."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata, version

from auralarchive.audio.ffmpeg import find_ffmpeg
from auralarchive.ports.errors import AuralError
from auralarchive.settings import Settings
from auralarchive.store.schema import REVISION

VERSION = version("auralarchive")


def about(settings: Settings) -> Mapping[str, str]:
    """Name -> what; nothing in it is secret, and nothing tells whose instance it is."""
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "database": _database(settings),
        "revision": REVISION,
        "ffmpeg": _ffmpeg(settings),
        "libtorrent": _version("libtorrent"),
        "licence": metadata("auralarchive")["License-Expression"],
    }


def _database(settings: Settings) -> str:
    if settings.database.startswith("sqlite"):
        return f"SQLite {sqlite3.sqlite_version}"
    return f"PostgreSQL, psycopg {_version('psycopg')}"


def _ffmpeg(settings: Settings) -> str:
    try:
        found = find_ffmpeg(settings.conversion.ffmpeg)
    except AuralError:
        return ""
    return f"{found.version} ({found.path})"


def _version(package: str) -> str:
    """Of a package that is not loaded for this: asking it would."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
