"""The heaps of the C library."""

import subprocess
import sys

import pytest

_MANY_THREADS = """
import threading
from auralarchive.runtime.memory import share_heaps
assert not {sharing} or share_heaps()
ready = threading.Barrier(17)
def hold():
    kept = [bytes(400) for _ in range(2000)]
    ready.wait()
    ready.wait()
threads = [threading.Thread(target=hold) for _ in range(16)]
for thread in threads: thread.start()
ready.wait()
print(open("/proc/self/maps").read().count("---p 00000000 00:00 0"))
ready.wait()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="heaps of glibc")
def test_many_threads_share_two_heaps() -> None:
    def reserved(*, sharing: bool) -> int:
        script = _MANY_THREADS.format(sharing=sharing)
        return int(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)

    assert reserved(sharing=True) < reserved(sharing=False)
