"""Our tag on a client's item: it says which instance and which download an item belongs to."""

from __future__ import annotations

import re
from collections.abc import Collection

_MARK = re.compile(r"(auralarchive-[a-z0-9]{1,16}-[0-9]{1,19})-([0-9a-f]{16})(?![0-9a-f])")


def tag_of(instance: str, download_id: int) -> str:
    """The tag of a download; several instances may share one client."""
    return f"auralarchive-{instance}-{download_id}"


def names_another(tags: Collection[str], instance: str, download_id: int) -> bool:
    """Whether an item's tags say that it is another download's of this instance.

    Ids of some clients are numbers that begin anew: an old download's may be that of a new one by now.
    """
    own = tag_of(instance, download_id)
    prefix = own.removesuffix(str(download_id))
    return own not in tags and any(tag.startswith(prefix) for tag in tags)


def mark_of(tag: str, fingerprint: str) -> str:
    """Tag and fingerprint in one word, for clients that can only carry them in the name of a job."""
    return f"{tag}-{fingerprint}"


def read_mark(text: str) -> tuple[str, str] | None:
    """Tag and fingerprint of the mark in `text`, wherever it stands; None: there is none."""
    found = _MARK.search(text)
    return (found[1], found[2]) if found else None
