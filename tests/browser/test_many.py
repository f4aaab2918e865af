"""Ten thousand downloads in one list, and ten thousand books in one library."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import SignIn
from tests.support.audio import make_m4b
from tests.support.browser import Pages
from tests.support.process_cost import processor_seconds
from tests.support.processes import wait_for
from tests.support.server import Api, RunningServer
from tests.support.world import DONE, World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

COUNT, LIMIT, STEPS = 10_000, 500, 60


@pytest.fixture
def template(application: RunningServer) -> dict[str, Any]:
    """A real row, as the application gives it."""
    api: Api = application.api()
    made = api.download(download_url="magnet:?xt=urn:btih:" + "cd" * 20, title="One of Many", author="Nobody")
    return api.row(made)


def test_ten_thousand_rows_stay_smooth(template: dict[str, Any], signed_in: SignIn, browser_page: Pages) -> None:
    """Only what is on the screen is in the document; scrolling, filtering and sorting answer at once."""
    page = signed_in(viewport={"width": 1440, "height": 900})
    page.route("**/api/downloads/queue?*", lambda route: _answer(route, template))
    page.goto("/downloads")
    expect(page.get_by_text("10,000 downloads")).to_be_visible(timeout=30_000)
    assert page.get_by_role("row").count() < 60

    made = page.evaluate(_SCROLL, ["#content [role=row], #content tr", STEPS])
    assert STEPS < made < STEPS * 40
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("link", name="Volume 00001", exact=True)).to_be_in_viewport()
    assert page.get_by_role("row").count() < 60

    page.get_by_role("searchbox", name="Filter by text").fill("volume 07777")
    expect(page.get_by_text("1 of 10,000 downloads")).to_be_visible()
    expect(page.get_by_role("link", name="Volume 07777")).to_be_in_viewport()
    assert browser_page.errors == []


#: Scrolls, and counts what is made anew meanwhile: how long that takes is also the machine's.
_SCROLL = """async ([rows, steps]) => {
  let made = 0;
  const watch = new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const one of addedNodes) if (one instanceof Element && one.matches(rows)) made += 1;
  });
  watch.observe(document.body, { childList: true, subtree: true });
  for (let step = 0; step < steps; step += 1) {
    scrollBy(0, 1500);
    await new Promise(requestAnimationFrame);
  }
  watch.disconnect();
  return made;
}"""


def _answer(route: Route, template: dict[str, Any]) -> None:
    start = int(parse_qs(urlsplit(route.request.url).query).get("cursor", [str(COUNT)])[0])
    ids = range(start, max(0, start - LIMIT), -1)
    rows = [{**template, "id": number, "book_title": f"Volume {number:05d}"} for number in ids]
    cursor = str(start - LIMIT) if start > LIMIT else None
    body = {"downloads": rows, "total": COUNT, "next_cursor": cursor}
    route.fulfill(body=json.dumps(body), content_type="application/json")


def test_ten_thousand_books_stay_smooth(built_pages: None, tmp_path: Path, browser_page: Pages) -> None:
    """On the real server: lists answer at once, pages follow as one scrolls, and few books are in the document."""
    with RunningServer(tmp_path) as server:
        _one_book(server.api(), tmp_path)
        server.stop()
        _multiply(server.data_dir / "auralarchive.db", COUNT)
        server.start()
        api = server.api()
        api.get("/api/library/books?limit=1")  # the first one reads them all
        assert server.process is not None
        before = processor_seconds(server.process.pid)
        for query in ("sort=title&limit=120", "q=volume+0777&limit=120", "author=Author+7&sort=-series&limit=120"):
            api.get(f"/api/library/books?brief=true&{query}")
        assert processor_seconds(server.process.pid) - before < 1.5
        page = browser_page(base_url=server.url, locale="en-GB", viewport={"width": 1440, "height": 900})
        page.goto("/")
        answer = page.request.post("/api/auth/setup", data={"name": "ada", "password": "a long sentence is easy"})
        assert answer.ok, answer.text()
        page.goto("/library?sort=title")
        books = page.locator("[aria-posinset]")
        expect(page.get_by_text("10,001 books")).to_be_visible()
        expect(books.first).to_be_visible()
        made = page.evaluate(_SCROLL, ["[aria-posinset]", STEPS])
        assert STEPS < made < STEPS * 40
        wait_for(lambda: int(books.first.get_attribute("aria-posinset") or 0) > 150)
        assert books.count() < 130
        place = page.evaluate("scrollY")
        books.nth(books.count() // 2).get_by_role("link").last.click()
        expect(page.get_by_role("region", name="Chapters")).to_be_visible()
        page.go_back()
        expect(books.first).to_be_visible()
        wait_for(lambda: abs(page.evaluate("scrollY") - place) < 900)
        page.get_by_role("searchbox").fill("volume 07777")
        expect(page.get_by_text("1 book", exact=True)).to_be_visible()
        assert browser_page.errors == []


def _one_book(api: Api, folder: Path) -> None:
    with World(folder / "shared") as world:
        source = make_m4b(world.root / "one.m4b", chapters=20, seconds=0.3)
        torrent = world.share(source, "One")
        (world.root / "one.torrent").write_bytes(torrent.data)
        api.wait_for_status(api.upload(world.root / "one.torrent", "Volume", "Nobody"), *DONE)


def _multiply(file: Path, count: int) -> None:
    """Copies of the one book, each with a download and files of its own."""
    numbers = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {count})"
    title = "'Volume ' || substr('00000' || x, -5)"
    changed = {
        "download_queue": {
            "id": "id + x",
            "book_asin": "'AA-' || x",
            "info_hash_v1": "NULL",
            "info_hash_v2": "NULL",
            "download_client_id": "NULL",
            "status": "'IMPORTED'",
            "seeding": "'NONE'",
        },
        "books": {
            "id": "id + x",
            "download_id": "download_id + x",
            "title": title,
            "author": "'Author ' || (x % 900)",
            "series": "'Series ' || (x % 700)",
        },
        "library_files": {"book_id": "book_id + x"},
    }
    with closing(sqlite3.connect(file)) as database, database:
        for table, values in changed.items():
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            chosen = ", ".join(values.get(name, name) for name in names)
            database.execute(f"INSERT INTO {table} ({', '.join(names)}) {numbers} SELECT {chosen} FROM {table}, n")
