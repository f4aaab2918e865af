"""What stands around the web server: its socket, its health, and what it tells at the start."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from auralarchive.ports.errors import Misconfigured
from auralarchive.runtime.serve import blocking_parts, build_server, listener, probes, runner_status, serve
from tests.support.processes import free_port

OpenCore = Callable[..., Any]


@pytest.mark.parametrize(
    ("host", "proxies", "token"), [("127.0.0.1", "", False), ("0.0.0.0", "", True), ("127.0.0.1", "10.0.0.1", True)]
)
def test_it_says_where_it_is_and_how_to_make_the_first_account(
    opened: OpenCore, host: str, proxies: str, token: bool
) -> None:
    """The token only where it is needed: from this machine itself nobody has to enter it."""
    core = opened(server={"host": host, "port": 0, "trusted_proxies": proxies})
    told: list[tuple[str, str | None]] = []

    def announce(url: str, setup_token: str | None) -> None:
        told.append((url, setup_token))
        os.kill(os.getpid(), signal.SIGTERM)

    async def main() -> None:
        with anyio.fail_after(30):
            await serve(core, announce=announce)

    anyio.run(main)
    ((url, shown),) = told
    assert url.startswith("http://127.0.0.1:")
    assert (shown is not None) == token


def test_a_port_in_use_is_told_in_one_line_with_a_remedy() -> None:
    with closing(listener("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"127\.0\.0\.1:{port} cannot be listened on.*--port"):
            listener("127.0.0.1", port)
    with closing(listener("127.0.0.1", port)):
        """Free again at once."""


def test_an_address_that_is_none_is_told_too() -> None:
    with pytest.raises(Misconfigured, match="--host"):
        listener("300.1.2.3", free_port())


def test_a_proxy_that_is_none_is_told(opened: OpenCore) -> None:
    core = opened(server={"trusted_proxies": "my-proxy"})
    with pytest.raises(Misconfigured, match=r"server\.trusted_proxies"):
        build_server(core, lambda *_: None)


def test_the_parts_and_what_health_asks(opened: OpenCore, tmp_path: Path) -> None:
    core = opened(library={"reserve_bytes": 0})
    assert [part.name for part in blocking_parts(core)] == ["monitor", "runner", "housekeeping", "notifications"]
    assert runner_status(core) == {"engine": "local", "working_on": []}
    asked = probes(core)
    (no_client,) = asked["Download clients"]()
    assert (no_client.ok, bool(no_client.remedy)) == (False, True)
    assert all(finding.ok for finding in asked["Disk space"]())
    core.holder.current.work_root.rmdir()
    assert [finding.subject for finding in asked["Disk space"]() if not finding.ok] == ["Space for conversions"]
    assert asked["FFmpeg"]()[0].ok
    assert asked["Settings"]() == ()
