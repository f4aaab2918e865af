"""The kinds of indexers that pages offer and the runtime builds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.net.http import GuardedClient
from tests.support.indexing import HeldClock


@pytest.mark.parametrize("kind", INDEXER_TYPES, ids=lambda kind: str(kind.type))
def test_every_kind_is_built_from_plain_settings(kind: object) -> None:
    """The saved settings, secrets in clear, make an indexer of that kind; wrong ones say so."""
    (found,) = [entry for entry in INDEXER_TYPES if entry is kind]
    context = IndexerContext(GuardedClient(), HeldClock())
    indexer = found.build("Mine", {"url": "http://prowlarr:9696/1/", "api_key": "k", "categories": [3030]}, context)
    assert (indexer.name, indexer.type, indexer.origin) == ("Mine", found.type, "http://prowlarr:9696")
    with pytest.raises(ValidationError):
        found.build("Mine", {"url": "nowhere"}, context)
    indexer.close()


def test_keys_are_secrets_and_free_books_need_none() -> None:
    """What is a secret is sealed, and shown as a password."""
    for entry in INDEXER_TYPES:
        keyed = entry.type in ("torznab", "newznab")
        assert entry.secret_keys == ({"api_key"} if keyed else set())
        if keyed:
            assert entry.form["properties"]["api_key"]["format"] == "password"
            assert entry.plain({"url": "http://h/", "api_key": "k"})["api_key"] == "k"


def test_sites_of_free_books_need_no_settings() -> None:
    """They are where everybody finds them."""
    context = IndexerContext(GuardedClient(), HeldClock())
    built = [entry.build("Mine", {}, context) for entry in INDEXER_TYPES if entry.type in ("librivox", "archive_org")]
    assert [indexer.origin for indexer in built] == ["https://librivox.org:443", "https://archive.org:443"]
