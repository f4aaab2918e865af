"""How each book was made: the converter's result, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from auralarchive.store import schema
from auralarchive.store.database import Database

_recipes = schema.recipes.c


class SqlRecipes:
    """`ports.store.Recipes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, download_id: int, recipe: Mapping[str, Any]) -> None:
        """Keep it for this download, in place of an earlier one."""
        with self._database.write() as connection:
            self._database.upsert(connection, schema.recipes, {"download_id": download_id, "recipe": dict(recipe)})

    def get(self, download_id: int) -> Mapping[str, Any] | None:
        """The recipe, or None where the download was never converted."""
        with self._database.read() as connection:
            recipe: Mapping[str, Any] | None = connection.scalar(
                select(_recipes.recipe).where(_recipes.download_id == download_id)
            )
            return recipe
