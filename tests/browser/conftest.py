"""The real application with its built pages, a book that is really shared, and a person who is signed in."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from auralarchive.demo.demo import Demo
from tests.browser.house import House
from tests.browser.places import places
from tests.support.browser import Pages
from tests.support.server import RunningServer

ROOT = Path(__file__).parents[2]
NAME, PASSWORD = "ada", "a long sentence is easy"

SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def built_pages() -> None:
    """The pages as their sources are now; nothing is built when they are already."""
    builder = ROOT / "hatch_build.py"
    with builder.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test processes want them, too, and one builds for all
        subprocess.run([sys.executable, str(builder), "build"], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def shared_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A tracker, a slow seeder and an indexer with one short book."""
    with Demo(tmp_path_factory.mktemp("seed")) as demo:
        yield demo


@pytest.fixture(scope="module")
def application(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The application in its own process, with an empty data folder."""
    with RunningServer(tmp_path_factory.mktemp("application")) as server:
        yield server


@pytest.fixture(scope="session")
def house(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application with something of everything in it; who looks at it changes nothing."""
    with House(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def signed_in(application: RunningServer, browser_page: Pages) -> SignIn:
    """Opens a page for a person who is signed in; options are those of a browser context."""
    return _opener(application, browser_page)


@pytest.fixture
def at_home(house: House, browser_page: Pages) -> SignIn:
    """The same, in the house where there is something of everything."""
    return _opener(house.server, browser_page)


@pytest.fixture
def every_place(house: House, at_home: SignIn) -> list[str]:
    """All that there is in the house; looked for by whoever asks first, since nobody changes what is there."""
    if not house.places:
        house.places = places(at_home())
    return house.places


def _opener(server: RunningServer, browser_page: Pages) -> SignIn:
    def open_page(**options: object) -> Page:
        page = browser_page(**{"base_url": server.url, "locale": "en-GB", **options})
        # The page itself asks first: its answer says whether there is an account yet.
        page.goto("/")
        status = page.request.get("/api/auth/status").json()
        route = "setup" if status["setup_needed"] else "login"
        answer = page.request.post(f"/api/auth/{route}", data={"name": NAME, "password": PASSWORD})
        assert answer.ok, answer.text()
        page.goto("/")
        page.get_by_role("navigation").wait_for()
        return page

    return open_page
