"""The commands `search` and `add`, as a person types them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.server import RunningServer
from tests.support.world import DONE, World


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = run(tmp_path, "search", "emma")
    assert result.returncode == 1
    assert "auralarchive serve" in result.stderr


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
