"""Search results under opaque ids. Sealed as a whole: a release's addresses may hold an indexer's key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from auralarchive.domain.release import ParsedTitle, Reason, Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.store import schema
from auralarchive.store.columns import clean_json
from auralarchive.store.database import Database
from auralarchive.store.errors import SecretsUnreadable
from auralarchive.store.secrets import SecretBox

_releases = schema.releases.c


class SqlReleases:
    """`ports.store.Releases`."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    def save(self, query: SearchQuery, releases: Sequence[Release], now: datetime) -> None:
        """Keep what a search found; a release that is found again is as new."""
        with self._database.write() as connection:
            for release in releases:
                sealed = self._box.seal(_to_json(release))
                row = {"id": release.id, "query": query.words, "sealed": sealed, "saved_at": now}
                self._database.upsert(connection, schema.releases, row)

    def get(self, release_id: str) -> Release | None:
        """The release, or None where it is unknown or forgotten."""
        with self._database.read() as connection:
            sealed = connection.scalar(select(_releases.sealed).where(_releases.id == release_id))
        try:
            return None if sealed is None else _from_json(self._box.open(sealed))
        except SecretsUnreadable:
            return None  # of another key file's time: as good as forgotten, a new search finds it again

    def forget_before(self, moment: datetime) -> int:
        """Delete what was saved before; how many these were."""
        with self._database.write() as connection:
            return connection.execute(delete(schema.releases).where(_releases.saved_at < moment)).rowcount


def _to_json(release: Release) -> str:
    published = release.published_at.isoformat() if release.published_at else None
    return json.dumps(clean_json({**asdict(release), "published_at": published}))


def _from_json(text: str) -> Release:
    plain: dict[str, Any] = json.loads(text)
    published = plain["published_at"]
    return Release(
        **{
            **plain,
            "parsed": ParsedTitle(**plain["parsed"]),
            "download_type": DownloadType(plain["download_type"]),
            "published_at": datetime.fromisoformat(published) if published else None,
            "categories": tuple(plain["categories"]),
            "quality_reasons": tuple(Reason(**reason) for reason in plain["quality_reasons"]),
            "match_reasons": tuple(Reason(**reason) for reason in plain["match_reasons"]),
            "rejections": tuple(plain["rejections"]),
        }
    )
