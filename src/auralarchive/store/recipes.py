"""How each book was made: the converter's result, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auralarchive.ports.store import StaleRecord
from auralarchive.store import schema
from auralarchive.store.database import Database

_recipes = schema.recipes.c


class SqlRecipes:
    """`ports.store.Recipes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, download_id: int, recipe: Mapping[str, Any], token: str | None = None) -> None:
        """Keep it for this download, in place of an earlier one; see `ports.store.Recipes.save`."""
        with self._database.write() as connection:
            check_claim(connection, download_id, token)
            self._database.upsert(connection, schema.recipes, {"download_id": download_id, "recipe": dict(recipe)})

    def get(self, download_id: int) -> Mapping[str, Any] | None:
        """The recipe, or None where the download was never converted."""
        with self._database.read() as connection:
            recipe: Mapping[str, Any] | None = connection.scalar(
                select(_recipes.recipe).where(_recipes.download_id == download_id)
            )
            return recipe


def check_claim(connection: Connection, download_id: int, token: str | None) -> None:
    """Fence a worker's write: until the transaction ends nobody can take the claim from it.

    Raises `StaleRecord` where the claim is no longer that of `token`.
    """
    if token is None:
        return
    queue = schema.download_queue.c
    held = connection.scalar(select(queue.claim_token).where(queue.id == download_id).with_for_update())
    if held != token:
        raise StaleRecord(f"The claim on download {download_id} is gone.")
