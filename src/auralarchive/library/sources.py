"""Opening what a client has downloaded: ordinary files only, and never through a link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from auralarchive.library import tree
from auralarchive.library.faults import reading, unsafe_source


@contextmanager
def opened_source(path: Path, roots: Sequence[Path]) -> Iterator[int]:
    """A read-only descriptor of `path`. Below one of `roots` no folder on the way may be a link.

    Raises: `InvalidInput` (link, pipe, device, folder), `Gone`, `Misconfigured` (no permission).
    """
    with ExitStack() as stack:
        with reading(path):
            descriptor = stack.enter_context(tree.source(path, roots))
        if not tree.is_regular(descriptor):
            raise unsafe_source(path, "is no ordinary file")
        yield descriptor
