"""What an indexer is given besides its own settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from auralarchive.indexers.pacing import Manners
from auralarchive.net.http import GuardedClient
from auralarchive.ports.work import Clock


@dataclass(frozen=True, slots=True)
class IndexerContext:
    """What every indexer gets from the runtime. `manners` are towards sites that several of them ask."""

    client: GuardedClient
    clock: Clock
    new_id: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    manners: Manners | None = None
