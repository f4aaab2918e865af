"""How far each person has listened. A device that has not seen the latest position cannot write over it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from auralarchive.ports.store import NewerPosition, Position
from auralarchive.store import schema
from auralarchive.store.database import Database

_playback = schema.playback.c
_POSITION = select(
    _playback.seconds, _playback.speed, _playback.device, _playback.finished, _playback.updated_at
).select_from(schema.playback)


class SqlPlayback:
    """`ports.store.Playback`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, account_id: int, book_id: int) -> Position | None:
        """Where this person is in this book; None where they never began."""
        with self._database.read() as connection:
            row = connection.execute(_POSITION.where(_place(account_id, book_id))).first()
        return None if row is None else Position(*row)

    def save(self, account_id: int, book_id: int, position: Position, known: datetime | None) -> None:
        """Write it where nobody has written since `known`. See `ports.store.Playback.save`."""
        values = {
            "seconds": position.seconds,
            "speed": position.speed,
            "device": position.device,
            "finished": position.finished,
            "updated_at": position.updated_at,
        }
        if known is None:
            written = self._begun({"account_id": account_id, "book_id": book_id, **values})
        else:
            unmoved = and_(_place(account_id, book_id), _playback.updated_at == known)
            with self._database.write() as connection:
                written = connection.execute(update(schema.playback).where(unmoved).values(values)).rowcount == 1
        if not written:
            raise NewerPosition(self.get(account_id, book_id))

    def unfinished(self, account_id: int, limit: int) -> tuple[tuple[int, Position], ...]:
        """Books that were begun and not finished, the latest first."""
        begun = and_(_playback.account_id == account_id, ~_playback.finished, _playback.seconds > 0)
        query = _POSITION.add_columns(_playback.book_id).where(begun).order_by(_playback.updated_at.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple((row.book_id, Position(*row[:-1])) for row in connection.execute(query))

    def _begun(self, row: dict[str, object]) -> bool:
        """Whether it is the first position of this person in this book."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(schema.playback).values(row))
        except IntegrityError:
            return False
        return True


def _place(account_id: int, book_id: int) -> ColumnElement[bool]:
    return and_(_playback.account_id == account_id, _playback.book_id == book_id)
