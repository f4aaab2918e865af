"""The original bytes of what we fetched, kept with their download: no indexer is asked for them twice."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.store import StaleRecord
from auralarchive.store import schema
from auralarchive.store.database import Database

_FIELDS = ("name", "data", "magnet", "info_hash_v1", "info_hash_v2", "size")


class SqlPayloads:
    """`ports.store.Payloads`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, download_id: int, payload: Payload, *, token: str | None = None) -> None:
        """Keep it for this download; see `ports.store.Payloads.save`."""
        with self._database.write() as connection:
            if token is not None:
                _check_claim(connection, download_id, token)
            write_payload(self._database, connection, download_id, payload)

    def get(self, download_id: int) -> Payload | None:
        """The payload, byte for byte."""
        query = select(schema.payloads).where(schema.payloads.c.download_id == download_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Payload(download_type=DownloadType(row["download_type"]), **{name: row[name] for name in _FIELDS})


def write_payload(database: Database, connection: Connection, download_id: int, payload: Payload) -> None:
    """The same inside a transaction at hand."""
    values = {name: getattr(payload, name) for name in _FIELDS}
    row = {"download_id": download_id, "download_type": payload.download_type.value, **values}
    database.upsert(connection, schema.payloads, row)


def drop_payload(connection: Connection, download_id: int) -> None:
    """Let go of it inside a transaction at hand."""
    connection.execute(delete(schema.payloads).where(schema.payloads.c.download_id == download_id))


def _check_claim(connection: Connection, download_id: int, token: str) -> None:
    """Raises `StaleRecord`. The row is held: whoever chooses another release meanwhile comes after us."""
    queue = schema.download_queue.c
    held = select(queue.id).where(queue.id == download_id, queue.claim_token == token).with_for_update()
    if connection.scalar(held) is None:
        raise StaleRecord(f"The claim on download {download_id} is gone.")
