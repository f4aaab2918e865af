"""The first page: what happens, what needs a person and mends it, what has arrived, and how clients and disks are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from auralarchive.demo.demo import Demo
from tests.browser.conftest import NAME, PASSWORD
from tests.support.browser import Pages
from tests.support.processes import wait_for
from tests.support.server import Api, RunningServer
from tests.support.torznab import Fault, TorznabServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def server(built_pages: None, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of its own for each test: the first page tells everything that there is. Nothing is tried twice."""
    settings = {
        "AURALARCHIVE_DOWNLOAD_MANAGEMENT__RETRY_DOWNLOAD_MAX": "0",
        "AURALARCHIVE_DOWNLOAD_MANAGEMENT__RETRY_SEARCH_MAX": "0",
    }
    with RunningServer(tmp_path / "application", settings) as running:
        yield running


@pytest.fixture
def api(server: RunningServer) -> Api:
    return server.api()


def _home(server: RunningServer, browser_page: Pages, **options: object) -> Page:
    page = browser_page(base_url=server.url, locale="en-GB", **options)
    page.goto("/")
    needed = page.request.get("/api/auth/status").json()["setup_needed"]
    page.request.post(f"/api/auth/{'setup' if needed else 'login'}", data={"name": NAME, "password": PASSWORD})
    page.add_init_script(_WATCH_SHIFTS)
    page.goto("/")
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    return page


_WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def test_an_empty_first_page_teaches(server: RunningServer, browser_page: Pages) -> None:
    """Each panel says what will be there and how it comes about; what is missing has the button that mends it."""
    page = _home(server, browser_page)
    expect(page.get_by_text("Nothing is under way.")).to_be_visible()
    expect(page.get_by_text("No book has arrived yet.")).to_be_visible()
    needs = page.get_by_role("region", name="Needs you")
    needs.get_by_role("link", name="Add an indexer").click()
    page.wait_for_url("**/settings/indexers")
    page.go_back()
    page.get_by_role("link", name="Search for a book").click()
    page.wait_for_url("**/search")
    assert browser_page.errors == []


def test_a_failure_is_shown_with_the_button_that_mends_it(server: RunningServer, api: Api, browser_page: Pages) -> None:
    """What may work the next time is tried again on the spot; for a bad release others are searched for."""
    with TorznabServer() as feed:
        api.add_indexer(feed.url, feed.api_key)
        feed.add("A Dead Link by Nobody [M4B]", b"d4:infoe")
        feed.download_fault = Fault(status=302, headers={"Location": "?round=and_round"})
        circle = api.download(release_id=api.search("dead link")[0]["id"], title="A Dead Link", author="Nobody")
        refused = api.download(download_url="http://127.0.0.1:9/x.torrent", title="Nowhere", author="To Be Found")
        kinds = [api.wait_for_status(number, "DOWNLOAD_FAILED")["failure_kind"] for number in (circle, refused)]
        assert kinds == ["fetch_failed", "address_refused"]
        page = _home(server, browser_page)
        needs = page.get_by_role("region", name="Needs you")
        expect(needs.get_by_text(api.row(circle)["reason"])).to_be_visible()
        needs.get_by_role("button", name="Try again: A Dead Link").click()
        wait_for(lambda: "RetryRequested" in api.events(circle))
        expect(needs.get_by_role("button", name="Try again: A Dead Link")).to_be_visible()  # it failed once more
        needs.get_by_role("listitem").filter(has_text="Nowhere").get_by_role(
            "link", name="Choose another release"
        ).click()
        page.wait_for_url("**/search?q=Nowhere+To+Be+Found*")
    assert browser_page.errors == []


def test_a_client_in_trouble_is_named_with_its_remedy_and_can_be_tested(
    server: RunningServer, api: Api, browser_page: Pages
) -> None:
    """The error, what to do, a test on the spot and the way to its settings."""
    settings = {"host": "127.0.0.1", "port": 9, "username": "ada", "password": "wrong"}
    api.post("/api/clients", {"type": "qbittorrent", "name": "Far Away", "priority": 2, "settings": settings})
    page = _home(server, browser_page)
    clients = page.get_by_role("region", name="Download clients")
    trouble = clients.get_by_role("listitem").filter(has_text="Far Away")
    expect(trouble).to_be_visible(timeout=30_000)
    expect(clients.get_by_text("Connected").first).to_be_visible()  # the embedded one is well
    trouble.get_by_role("button", name="Test it now").click(timeout=30_000)
    expect(trouble.get_by_role("status")).to_be_visible()
    trouble.get_by_role("link", name="Open the client's settings").click()
    page.wait_for_url("**/settings/clients")


def test_a_book_arrives_before_ones_eyes(
    server: RunningServer, api: Api, shared_book: Demo, browser_page: Pages
) -> None:
    """It moves under "Happening now", then stands with its cover among the arrived, one click from the library."""
    api.add_indexer(shared_book.torznab_url, shared_book.api_key, name="Demo")
    page = _home(server, browser_page)
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    disks = page.get_by_role("region", name="Disks")
    expect(disks.get_by_role("meter").first).to_be_visible()
    expect(disks.get_by_text(re.compile("GB free of"))).to_be_visible()
    assert page.evaluate("window.shifted") < 0.02

    release = next(one for one in api.search(shared_book.info.search) if "Unabridged" in one["title"])
    made = api.download(release_id=release["id"], narrator=shared_book.info.narrator)
    now = page.get_by_role("region", name="Happening now")
    expect(now.get_by_role("link", name="Three Fables")).to_be_visible()
    expect(now.get_by_role("progressbar")).to_be_visible()
    api.wait_for_status(made, "SEEDING", timeout=120)
    arrived = page.get_by_role("region", name="Lately arrived")
    expect(arrived.get_by_role("img", name="Cover of Three Fables")).to_have_js_property("complete", True)
    expect(now.get_by_text("Nothing is under way.")).to_be_visible()
    arrived.get_by_role("link", name=re.compile("Three Fables")).click()
    page.wait_for_url(f"**/library/{api.row(made)['book_id']}")
    assert browser_page.errors == []


@pytest.mark.parametrize("width", [360, 768])
def test_it_fits_small_screens(server: RunningServer, api: Api, browser_page: Pages, width: int) -> None:
    """A title without a blank, and one from right to left: nothing sticks out, nothing jumps."""
    for number, title in enumerate(("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 5, "كتاب الرمال")):
        api.download(download_url=f"magnet:?xt=urn:btih:{number + 1:040x}", title=title, author=title)
    page = _home(server, browser_page, viewport={"width": width, "height": 800})
    expect(page.get_by_role("region", name="Happening now").get_by_role("listitem").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("window.shifted") < 0.1
