"""The command `auralarchive`, as a person types it: each command in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.commands import environment, run
from tests.support.processes import free_port, stop, wait_for
from tests.support.server import PROGRAM, RunningServer
from tests.support.world import DONE, World

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_help_teaches_and_the_reference_names_every_option(tmp_path: Path) -> None:
    """A command or option that the page does not name is looked for in vain."""
    page = REFERENCE.read_text("utf-8")
    overview = run(tmp_path, "--help").stdout
    for command in re.findall(r"^## `auralarchive ([a-z-]+)`", page, re.MULTILINE):
        assert re.search(rf"\b{command}  +\S", overview)
    section = page.partition("## `auralarchive convert`")[2].partition("\n## ")[0]
    for option in set(re.findall(r"--[a-z][a-z-]+", run(tmp_path, "convert", "--help").stdout)) - {"--help"}:
        assert f"`{option}`" in section


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = run(tmp_path, "search", "emma")
    assert result.returncode == 1
    assert "auralarchive serve" in result.stderr


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


def test_the_doctor_without_a_server(tmp_path: Path) -> None:
    """0 where all is well, 1 with a remedy where something is not."""
    well = run(tmp_path, "doctor", "--json", AURALARCHIVE_LIBRARY__RESERVE_BYTES="0")
    findings = json.loads(well.stdout)
    assert well.returncode == (0 if all(finding["ok"] for finding in findings) else 1)
    ill = run(tmp_path, "doctor", AURALARCHIVE_CONVERSION__FFMPEG="/nowhere/ffmpeg")
    assert ill.returncode == 1
    assert re.search(r"bad +FFmpeg: .*\n +-> ", ill.stdout)


def test_the_doctor_asks_the_running_server(server: RunningServer) -> None:
    result = server.run("doctor")
    assert "Embedded" in result.stdout
    assert result.returncode == (1 if "bad " in result.stdout else 0), result.stdout
    assert re.search(r"^ok +Embedded, Port: ", result.stdout, re.MULTILINE), "each finding under its client's name"
    assert result.stdout.count("seeding files are linked") <= 1, "what the library and the client both tell"


def test_the_doctor_names_the_client_that_does_not_answer(server: RunningServer) -> None:
    api = server.api()
    body = {"type": "qbittorrent", "name": "Upstairs", "settings": {"host": "127.0.0.1", "port": 1}}
    made = api.post("/api/clients", body)
    result = server.run("doctor")
    api.delete(f"/api/clients/{made['id']}")
    assert result.returncode == 1
    assert re.search(r"^bad +Upstairs: qBittorrent cannot be reached.*\n +-> Start it", result.stdout, re.MULTILINE)
    assert "connection:" not in result.stdout


def test_fsck_of_a_clean_and_of_a_tampered_instance(tmp_path: Path) -> None:
    clean = run(tmp_path, "fsck")
    assert (clean.returncode, clean.stdout) == (0, "All invariants hold.\n")
    (tmp_path / "data" / "work" / f"7-{'0' * 16}").mkdir()
    told = run(tmp_path, "fsck", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["violations"] == [f"work folders: work folder 7-{'0' * 16} is needed by no download"]


def test_fsck_beside_a_server_is_refused(server: RunningServer) -> None:
    result = server.run("fsck")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_import_config_takes_what_we_know(tmp_path: Path) -> None:
    old = tmp_path / "config.txt"
    old.write_text("[qbittorrent]\nqb_host = box.lan\nqb_password = CANARY\n[other]\nkey = 1\n")
    result = run(tmp_path, "import-config", str(old))
    assert result.returncode == 0
    assert "taken qbittorrent.qb_host" in result.stdout
    assert "left  other.key" in result.stdout
    assert "CANARY" not in result.stdout + result.stderr
    with sqlite3.connect(tmp_path / "data" / "auralarchive.db") as database:
        assert "CANARY" not in str(list(database.iterdump()))


def test_a_backup_beside_the_server_and_its_way_back(server: RunningServer, tmp_path: Path) -> None:
    """Made while it runs, refused over its data, restored elsewhere; each step in words."""
    api = server.api()
    waiting = api.download(download_url=f"magnet:?xt=urn:btih:{9:040x}", title="Persuasion", author="Jane Austen")
    api.wait_for_status(waiting, "DOWNLOADING")
    api.post(f"/api/downloads/queue/{waiting}/pause")
    (tmp_path / "words").write_text("a long sentence is easy\n")
    words = ("--passphrase-file", str(tmp_path / "words"))
    made = server.run("backup", str(tmp_path / "b.zip"), *words)
    assert (made.returncode, "sealed in it" in made.stdout) == (0, True), made.stdout + made.stderr
    again = server.run("backup", str(tmp_path / "b.zip"))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert "left out" in server.run("backup", str(tmp_path)).stdout
    assert len(list(tmp_path.glob("auralarchive-*.zip"))) == 1
    busy = server.run("restore", str(tmp_path / "b.zip"))
    assert (busy.returncode, "Stop it first" in busy.stderr) == (1, True)
    back = run(tmp_path / "new", "restore", str(tmp_path / "b.zip"), *words)
    assert (back.returncode, "restored" in back.stdout) == (0, True), back.stdout + back.stderr
    assert run(tmp_path / "new", "fsck").returncode == 0
    without = run(tmp_path / "other", "restore", str(tmp_path / "b.zip"))
    assert "have to be entered anew" in without.stdout
    (tmp_path / "words").write_text("something else")
    wrong = run(tmp_path / "third", "restore", str(tmp_path / "b.zip"), *words)
    assert (wrong.returncode, "does not open" in wrong.stderr) == (1, True)
    assert not list((tmp_path / "third").rglob("*.db"))
    nothing = run(tmp_path / "fourth", "backup", str(tmp_path / "none.zip"))
    assert (nothing.returncode, "no database" in nothing.stderr) == (1, True)


def test_a_search_without_an_indexer_says_what_is_missing(server: RunningServer) -> None:
    """An empty table leaves a newcomer guessing."""
    result = server.run("search", "emma")
    assert (result.stdout, "no indexer" in result.stderr) == ("", True)


def test_search_and_follow_a_book_into_the_library(server: RunningServer, tmp_path: Path) -> None:
    """From the terminal alone: what is found, what becomes of it, and where it lies in the end."""
    with World(tmp_path / "shared") as world:
        world.mp3_book(chapters=2, seconds=2)
        world.introduce(server.api())
        found = json.loads(server.run("search", "emma", "--json").stdout)
        (release,) = found["results"]
        table = server.run("search", "emma").stdout  # the id is whole, also on a narrow terminal
        assert re.search(rf" [\w-]{{{len(release['id'])}}} ", table), table
        followed = server.run("add", release["id"], "--follow")
        assert followed.returncode == 0, followed.stderr
        lines = followed.stdout.splitlines()
        number = re.match(r"Download (\d+)", lines[0])
        assert number, lines[0]
        assert Path(lines[-1]).is_file()
        twin = server.run("add", release["id"])
        assert server.api().row(int(number[1]))["status"] in DONE
        assert "Traceback" not in twin.stderr


def test_adding_what_is_not_there_says_so(server: RunningServer) -> None:
    missing = server.run("add", "missing.torrent", "--title", "Emma")
    assert (missing.returncode, "there is no file missing.torrent" in missing.stderr) == (2, True)
    words = server.run("add", "three fables")
    assert (words.returncode, "auralarchive search" in words.stderr) == (2, True)
    nameless = server.run("add", "magnet:?xt=urn:btih:" + "ab" * 20)
    assert (nameless.returncode, "--title" in nameless.stderr) == (2, True)


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


def test_the_version(tmp_path: Path) -> None:
    assert re.match(r"\d+\.\d+", run(tmp_path, "--version").stdout)
