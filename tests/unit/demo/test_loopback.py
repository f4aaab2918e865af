"""The demo's HTTP server listens on loopback only and stops when told."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from auralarchive.demo.loopback import LoopbackServer, Reply


def test_a_page_answers_until_the_block_is_left() -> None:
    with LoopbackServer(lambda url: Reply(url.path.encode(), status=200)) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{server.url}/hello", timeout=5) as answer:
            assert answer.read() == b"/hello"
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.url, timeout=5)


def test_a_wished_port_is_taken_where_it_is_free() -> None:
    """Torrents of an earlier demo ask the tracker's old address; in a port that is taken, any other will do."""
    with LoopbackServer(lambda _: Reply(b"")) as first:
        taken = first.port
        with LoopbackServer(lambda _: Reply(b""), taken) as other:
            assert other.port != taken
    with LoopbackServer(lambda _: Reply(b""), taken) as again:
        assert again.port == taken
