"""Fixtures for every test: the databases, the real servers and the browser."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support.browser import Pages, chromium
from tests.support.daemon import Daemon
from tests.support.loopback import stay_here
from tests.support.postgres import Postgres
from tests.support.qbittorrent import GENERATIONS, Generation, QBittorrent
from tests.support.server import RunningServer

# What has a switch of its own: the marker, its switch, and what the switch's help says.
_SWITCHES = {
    "crash": ("--crash", "also kill the real process at every failpoint"),
    "clients": ("--all-clients", "also run against every generation of the download clients"),
    "slow": ("--slow", "also run what takes long"),
}


# How long an example takes says nothing on a machine that does other things besides. In the build every run tries
# the same examples, so that a red build is about the change.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("build", deadline=None, derandomize=True)
hypothesis.settings.load_profile("build" if os.environ.get("CI") == "true" else "here")


def pytest_configure() -> None:
    stay_here()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("auralarchive")
    for switch, text in _SWITCHES.values():
        group.addoption(switch, action="store_true", help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests behind a switch that is off are deselected: they are not missing, they were not asked for."""
    off = {mark for mark, (switch, _) in _SWITCHES.items() if not config.getoption(switch)}
    left_out = [item for item in items if any(mark.name in off for mark in item.iter_markers())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


_CONTRACT = re.compile(r"contract/clients/test_clients\.py::.*\[([a-z]+(?:-[0-9.]+)?)")


class _Shares(LoadFileScheduling):  # type: ignore[misc] # not annotated
    """The tests of a file stay together, but those of the contract suite by client: they wait more than they work."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        client = _CONTRACT.search(nodeid)
        return f"{file}[{client[1]}]" if client else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return _Shares(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a test that failed, the servers that died: it itself saw only that one does not answer."""
    report = yield
    died = Daemon.obituaries()  # of a test that passes, too: the next one has nothing to do with it
    if report.failed:
        report.sections += [(f"{item.name}: a server died", told) for told in died]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One closing line that names every part of the machine that was missing."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports}
    if reasons:
        terminalreporter.write_line(f"Not tested here: {'; '.join(sorted(reasons))}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL server."""
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database: each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'auralarchive.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


_GENERATIONS = [
    pytest.param(generation, id=generation.name, marks=[pytest.mark.clients] if generation.optional else [])
    for generation in GENERATIONS
]


@pytest.fixture(params=_GENERATIONS)
def qbittorrent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QBittorrent]:
    """A private qBittorrent; each test that asks for it runs on every generation."""
    generation: Generation = request.param
    with QBittorrent(tmp_path / "qbittorrent", generation.argv()) as server:
        yield server


# Playwright keeps an event loop running in this thread while it lives, in which asyncio.run() of another test would
# fail: so the browser ends with the module that needed it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Pages]:
    """Opens pages: `browser_page(base_url=…)`. What goes wrong in them is in `browser_page.errors`."""
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def running_server(tmp_path: Path) -> Iterator[RunningServer]:
    """The real program, started over an empty data folder."""
    with RunningServer(tmp_path / "auralarchive") as server:
        yield server
