"""What an adapter of a client is given besides its own settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ClientContext:
    """Our own folders.

    `state_folder` is private to one client and survives restarts. No download may lie around a folder
    of `library_roots`.
    """

    state_folder: Path
    library_roots: tuple[Path, ...] = ()
