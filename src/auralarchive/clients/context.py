"""What an adapter of a client is given besides its own settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auralarchive.ports.clients import Finding


@dataclass(frozen=True, slots=True)
class ClientContext:
    """Our own folders, and what is known about them.

    `state_folder` is private to one client and survives restarts. No download may lie around a folder
    of `library_roots`. `neighbours` are addresses that peers, trackers and servers may have although they
    are not of the public internet: the demo's own, while it runs. `link_finding` tells whether books from a
    folder can be linked into the library; None while there is nothing to tell.
    """

    state_folder: Path
    library_roots: tuple[Path, ...] = ()
    neighbours: Callable[[], tuple[str, ...]] = tuple
    link_finding: Callable[[Path], Finding | None] = lambda _: None
