"""The kinds of indexers that pages offer and the runtime builds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.indexers.torznab import IndexerContext
from auralarchive.net.http import GuardedClient
from tests.support.indexing import HeldClock


@pytest.mark.parametrize("kind", INDEXER_TYPES, ids=lambda kind: str(kind.type))
def test_every_kind_is_built_from_plain_settings(kind: object) -> None:
    """The saved settings, secrets in clear, make an indexer of that kind; wrong ones say so."""
    (found,) = [entry for entry in INDEXER_TYPES if entry is kind]
    context = IndexerContext(GuardedClient(), HeldClock())
    indexer = found.build("Mine", {"url": "http://prowlarr:9696/1/", "api_key": "k", "categories": [3030]}, context)
    assert (indexer.name, indexer.type, indexer.origin) == ("Mine", found.type, "http://prowlarr:9696")
    assert found.secret_keys == {"api_key"}
    assert found.form["properties"]["api_key"]["format"] == "password"
    assert found.plain({"url": "http://h/", "api_key": "k"})["api_key"] == "k"
    with pytest.raises(ValidationError):
        found.build("Mine", {"url": "nowhere"}, context)
    indexer.close()


def test_release_ids_are_opaque() -> None:
    """Ids of releases cannot be guessed or counted."""
    context = IndexerContext(GuardedClient(), HeldClock())
    first, second = context.new_id(), context.new_id()
    assert first != second
    assert len(first) >= 16
