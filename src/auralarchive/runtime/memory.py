"""How the C library keeps memory.

glibc gives each thread a heap of its own, up to eight a core, and what one thread has freed another
does not use. A dozen threads that mostly wait make that a waste: two heaps serve them as well, and
the process stays about a fifth smaller.
"""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
_HEAPS = 2


def share_heaps() -> bool:
    """Let all threads that start from now on share two heaps; False where the C library knows no such thing."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, _HEAPS))
