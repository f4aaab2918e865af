"""Stores on both databases, closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from auralarchive.store import SecretBox, SqlStore, open_store
from tests.contract.store.support import HeldClock

Opener = Callable[[], SqlStore]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def box() -> SecretBox:
    return SecretBox.generate()


@pytest.fixture
def opener(database_url: str, box: SecretBox, clock: HeldClock) -> Iterator[Opener]:
    """Opens the same database again and again, as several processes would."""
    with ExitStack() as stack:

        def open_another() -> SqlStore:
            store = open_store(database_url, secret_box=box, clock=clock, sole_instance=False)
            stack.callback(store.close)
            return store

        yield open_another


@pytest.fixture
def store(opener: Opener) -> SqlStore:
    return opener()
