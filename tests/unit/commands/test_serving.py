"""The commands `serve` and `demo`, as a person types them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from pathlib import Path

import httpx2

from tests.support.commands import environment, run
from tests.support.processes import free_port, stop, wait_for
from tests.support.server import PROGRAM, RunningServer


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, "serve", AURALARCHIVE_SERVER__PORT="eighty")
    assert (result.returncode, result.stderr.startswith("Setting server.port:")) == (2, True)


def test_a_port_in_use_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    said = [line for line in result.stderr.splitlines() if "cannot be listened on" in line]
    assert result.returncode == 1
    assert len(said) == 1
    assert "--port" in said[0]


def test_serving_says_where_and_how_to_begin(tmp_path: Path) -> None:
    """From outside of this machine the first account needs the token on the console; nothing else is said."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(free_port()), "--host", "0.0.0.0"],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(3)]
        assert (tmp_path / "data" / "server.json").stat().st_mode & 0o777 == 0o600
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)[1]
    said = "".join(lines) + rest
    assert process.returncode == 0, said
    assert re.search(r"answers at http://127\.0\.0\.1:\d+", said)
    assert re.search(r"setup token:\n +[\w-]{20,}\n", said)
    assert "Started server process" not in said
    assert "color_message" not in said
    assert not (tmp_path / "data" / "server.json").exists()


def test_the_demo_starts_answers_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "demo", "--port", str(port)],
        env=environment(tmp_path, TMPDIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_for(lambda: _answers(port), timeout=60)
        assert process.stderr is not None
    finally:
        stop(process)
        said = process.stderr.read().decode() if process.stderr else ""
        process.stderr.close() if process.stderr else None
    assert process.returncode == 0, said
    assert "three fables" in said
    assert list(tmp_path.iterdir()) == []


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/api/health", timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False


#: What an idle server has no use for, and what of it loads it.
NOT_LOADED = {
    "numpy": "conversions, in a process of their own",
    "mutagen": "conversions, in a process of their own",
    "PIL": "covers, in a process of their own",
    "auralarchive.audio.probe": "conversions, in a process of their own",
    "auralarchive.commands.convert": "the command of that name",
    "auralarchive.commands.checks": "the commands doctor and fsck",
    "apprise": "the first notification by it",
    "alembic": "a database of another version",
    "starlette.testclient": "tests",
    "auralarchive.demo.demo": "the demo, which few start",
    "rapidfuzz": "the first search",
}


def test_an_idle_server_has_not_loaded_what_it_does_not_use(tmp_path: Path) -> None:
    """It runs for months on small machines: each of these is megabytes, and comes by one careless import."""
    server = RunningServer(tmp_path, {"PYTHONPROFILEIMPORTTIME": "1"})
    with server:  # the first start makes the database
        pass
    before = len(server.log)
    with server:
        server.api().get("/api/system/health")
    loaded = set(re.findall(r"^import time: .*\| +(\S+)$", server.log[before:], re.MULTILINE))
    assert "auralarchive.runtime.serve" in loaded
    assert not loaded & set(NOT_LOADED)
