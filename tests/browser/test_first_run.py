"""The guided set-up after the first account: every step skipped, and every step gone, to a book in the library."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from auralarchive.clients.discovery import KINDS
from auralarchive.demo.demo import Demo
from tests.browser.conftest import NAME, PASSWORD
from tests.support.browser import Pages
from tests.support.processes import missing
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import Api, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RELEASE = "Aesop - Three Fables [MP3 24kbps] [Unabridged]"
#: What the set-up is to find out by itself, and the client must not be told: that it is a test.
_FIXED = ("AURALARCHIVE_LIBRARY_PATH", "AURALARCHIVE_EMBEDDED__LOOPBACK", "AURALARCHIVE_EMBEDDED__LISTEN_PORT")


@pytest.fixture
def fresh(built_pages: None, tmp_path: Path) -> Iterator[RunningServer]:
    """A server as a newcomer has it: no account, and nothing fixed by the environment that the set-up asks for."""
    with RunningServer(tmp_path / "server") as server:
        server.stop()
        environment = {key: value for key, value in server.settings().items() if key not in _FIXED}
        server.settings = lambda: environment  # type: ignore[method-assign]  # of this one server
        server.start()
        yield server


@pytest.fixture
def qbittorrent(tmp_path: Path) -> Iterator[QBittorrent]:
    """A real one, on a port where the set-up looks."""
    made = QBittorrent(tmp_path / "qbittorrent", GENERATIONS[0].argv())
    usual = next(kind.ports for kind in KINDS if kind.type == "qbittorrent")
    free = [port for port in usual if _is_free(port)]
    if not free:
        missing("a free port of the usual ones", "end the program that has it")
    made.port = free[-1]
    made.url = f"http://127.0.0.1:{made.port}"
    with made:
        yield made


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_every_step_can_be_skipped_and_is_taken_up_again(fresh: RunningServer, browser_page: Pages) -> None:
    """Left in the middle, it goes on there; once skipped, nobody is asked again, and it is offered in the settings."""
    page = _account(fresh, browser_page)
    expect(page.get_by_role("heading", name="Where shall your books go?")).to_be_visible()
    page.get_by_role("button", name="Skip this step").click()
    expect(page.get_by_role("heading", name="What shall download them?")).to_be_focused()
    expect(page.get_by_text("The built-in torrent client is on already.")).to_be_visible()
    page.goto("/")  # closed, and opened again
    expect(page).to_have_url(re.compile("/welcome$"))
    expect(page.get_by_role("heading", name="What shall download them?")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Skip this step").click()
    page.get_by_role("button", name="Skip this step").click()
    expect(page.get_by_role("heading", name="Where shall we search?")).to_be_visible()
    page.get_by_role("button", name="Skip this step").click()
    page.get_by_role("button", name="Go to the search").click()
    expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.goto("/settings/library")
    page.get_by_role("link", name="Open the guided set-up").click()
    page.get_by_role("button", name="Skip the set-up").click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    api = fresh.api()
    assert api.get("/api/indexers")["items"] == []
    assert [one["type"] for one in api.get("/api/clients")["items"]] == ["embedded", "direct"]
    assert browser_page.errors == []


def test_an_instance_from_before_is_not_asked(fresh: RunningServer, browser_page: Pages) -> None:
    """Whoever has an account, but never heard of a set-up, comes to the page that was asked for."""
    page = browser_page(base_url=fresh.url, locale="en-GB")
    page.goto("/")
    page.request.post("/api/auth/setup", data={"name": NAME, "password": PASSWORD})
    page.goto("/")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()


def test_every_step_to_a_book_in_the_library(
    fresh: RunningServer, qbittorrent: QBittorrent, browser_page: Pages, tmp_path: Path
) -> None:
    """Folder, a qBittorrent that is found, an indexer, the demo: and its book arrives in the folder that was chosen."""
    page = _account(fresh, browser_page)
    books = tmp_path / "my books"
    page.get_by_label("Library folder").fill(str(books))
    expect(page.get_by_text("is not there yet; it is made when you save.")).to_be_visible()
    page.get_by_role("button", name="Save and go on").click()
    _client(page, qbittorrent)
    with Demo(tmp_path / "seed") as elsewhere:
        _indexer(page, elsewhere)
    api = fresh.api()
    preferred = min(api.get("/api/clients")["items"], key=lambda one: one["priority"])
    assert (preferred["name"], preferred["settings"]["port"]) == ("qBittorrent", qbittorrent.port)
    # The demo's swarm is reached by both; here it is to be the built-in client, which by itself calls nobody here.
    known = {key: value for key, value in preferred.items() if key != "id"}
    api.put(f"/api/clients/{preferred['id']}", {**known, "enabled": False})
    for indexer in api.get("/api/indexers")["items"]:
        api.delete(f"/api/indexers/{indexer['id']}")
    _demo(page, api, books)
    assert browser_page.errors == []


def _account(server: RunningServer, browser_page: Pages) -> Page:
    page = browser_page(base_url=server.url, locale="en-GB")
    page.goto("/")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Welcome", level=1)).to_be_visible()
    return page


def _client(page: Page, client: QBittorrent) -> None:
    found = page.get_by_role("form", name=f"qBittorrent found at 127.0.0.1:{client.port}")
    expect(found.get_by_label("User name")).to_have_value("admin")
    found.get_by_label("Password").fill("wrong")
    found.get_by_role("button", name="Test and add").click()
    expect(found.get_by_text(re.compile("password", re.IGNORECASE)).nth(1)).to_be_visible()
    expect(found.get_by_label("Password")).to_have_value("wrong")
    found.get_by_label("Password").fill(client.password)
    found.get_by_role("button", name="Test and add").click()
    expect(page.get_by_text("qBittorrent is set up.")).to_be_visible()
    expect(found).to_have_count(0)
    page.get_by_role("button", name="Go on").click()


def _indexer(page: Page, shared: Demo) -> None:
    page.get_by_label("URL").fill("http://127.0.0.1:9/api")
    page.get_by_role("button", name="Test and add").click()
    expect(page.get_by_text(re.compile("Check|Start")).first).to_be_visible()
    page.get_by_label("URL").fill(shared.torznab_url)
    page.get_by_label("API key").fill(shared.api_key)
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Test and add").click()
    expect(page.get_by_text("Mine is set up.")).to_be_visible()
    page.get_by_role("button", name="Go on").click()


def _demo(page: Page, api: Api, books: Path) -> None:
    page.get_by_role("button", name="Start the demo").click()
    expect(page.get_by_text("The demo runs.")).to_be_visible()
    page.get_by_role("button", name="Search for “three fables”").click()
    expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()
    release = next(one for one in api.search("three fables") if one["title"] == RELEASE)
    done = api.download(release_id=release["id"])
    api.wait_for_status(done, "IMPORTED", "SEEDING", "SEEDING_COMPLETE", timeout=120)
    assert (books / "Aesop" / "Three Fables" / "Three Fables.m4b").is_file()
    page.goto("/library")
    expect(page.get_by_text("Three Fables").first).to_be_visible()
    page.goto("/welcome")
    page.get_by_role("button", name="Ready").click()
    page.get_by_role("button", name="End the demo").click()
    expect(page.get_by_role("button", name="Start the demo")).to_be_visible()
    assert api.get("/api/indexers")["items"] == []
    assert (books / "Aesop" / "Three Fables" / "Three Fables.m4b").is_file()
