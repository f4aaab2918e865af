"""The whole way in a real browser on the real application: from the first account to the book in the library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from auralarchive.demo.demo import Demo
from tests.browser.conftest import NAME, PASSWORD
from tests.support.browser import Pages
from tests.support.processes import wait_for
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RELEASE = "Aesop - Three Fables [MP3 24kbps] [Unabridged]"


def test_from_the_first_account_to_the_library(
    application: RunningServer, shared_book: Demo, browser_page: Pages
) -> None:
    """A newcomer sets up, searches, downloads, pauses, resumes, and finds the book; the browser has no complaint."""
    page = browser_page(base_url=application.url, locale="en-GB")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    _set_up(page)
    _add_indexer(page, shared_book)
    _search_and_download(page)
    _pause_and_resume(page)
    _arrives(page)
    _is_in_the_library_and_plays(page)
    assert browser_page.errors == []
    assert hosts == {application.url.removeprefix("http://")}  # no font, no picture, no script from elsewhere


def _set_up(page: Page) -> None:
    page.goto("/downloads")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill("something else")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("button", name="Skip the set-up").click()
    page.get_by_role("link", name="Downloads").click()
    expect(page.get_by_text("No downloads yet.")).to_be_visible()


def _add_indexer(page: Page, shared_book: Demo) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Indexers").click()
    page.get_by_role("button", name="Add an indexer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Demo")
    dialog.get_by_label("URL").fill(shared_book.torznab_url)
    dialog.get_by_label("API key").fill(shared_book.api_key)
    dialog.get_by_role("button", name="Test").click()
    expect(dialog.get_by_text("It works.")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit Demo")).to_be_visible()


def _search_and_download(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Search").click()
    page.get_by_role("searchbox", name="Title, author, anything").fill("three fables")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("Group by book").uncheck()
    article = page.get_by_role("article").filter(has_text=RELEASE)
    article.locator("summary").click()
    expect(article.get_by_role("heading", name="Quality")).to_be_visible()
    article.get_by_role("button", name=f"Download: {RELEASE}").click()
    expect(page.get_by_text("“Three Fables” is in your downloads.")).to_be_visible()
    expect(article.get_by_role("link", name="In your downloads")).to_be_visible()


def _pause_and_resume(page: Page) -> None:
    page.get_by_role("link", name=re.compile("^Downloads")).click()
    row = page.get_by_role("row").filter(has_text="Three Fables")
    expect(row.get_by_text("Downloading")).to_be_visible()
    row.get_by_role("button", name="Pause: Three Fables").click()
    expect(row.get_by_text("Paused", exact=True)).to_be_visible()
    expect(row.get_by_role("button", name="Pause: Three Fables")).to_have_count(0)
    row.get_by_role("button", name="Resume: Three Fables").click()
    expect(row.get_by_text("Downloading")).to_be_visible()


def _arrives(page: Page) -> None:
    """The row changes by itself: nobody reloads."""
    row = page.get_by_role("row").filter(has_text="Three Fables")
    expect(row.get_by_text(re.compile("Seeding|In the library"))).to_be_visible(timeout=120_000)
    row.get_by_role("link", name="Three Fables").click()
    drawer = page.get_by_role("dialog")
    for words in ("Added to the queue", "Paused", "All data has arrived", "Published in the library"):
        expect(drawer.get_by_text(words, exact=True).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def _is_in_the_library_and_plays(page: Page) -> None:
    page.get_by_role("link", name="Library").click()
    book = page.get_by_role("listitem").filter(has_text="Three Fables")
    expect(book.get_by_text("Aesop").first).to_be_visible()
    expect(book.locator("img")).to_have_js_property("complete", True)
    book.get_by_role("link", name="Three Fables").click()
    expect(page.get_by_role("heading", level=1, name="Three Fables")).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).click()
    player = page.get_by_role("region", name="Player")
    expect(player.get_by_text("Three Fables").first).to_be_visible()
    wait_for(lambda: page.evaluate(_PLAYS), timeout=20)
    player.get_by_role("button", name="Pause", exact=True).click()


#: Asked from outside: the page's own rules let nobody evaluate text inside.
_PLAYS = "() => { const audio = document.querySelector('audio'); return audio.currentTime > 0.3 && !audio.paused; }"


def test_the_same_book_again_leads_to_the_one_that_is_there(
    application: RunningServer, browser_page: Pages, tmp_path: Path
) -> None:
    """A refused download says why, keeps what was typed, and links the download that is there already."""
    page = browser_page(base_url=application.url, locale="en-GB")
    _sign_in(page)
    for expected in ("is in your downloads.", "This is already in your downloads."):
        page.goto("/search")
        page.get_by_role("button", name="Add a link or file").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Magnet link").fill("magnet:?xt=urn:btih:" + "ab" * 20 + "&dn=A+Quiet+Book")
        expect(dialog.get_by_label("Book's title")).to_have_value("A Quiet Book")
        dialog.get_by_label("Author").fill("Nobody")
        dialog.get_by_role("button", name="Download").click()
        expect(page.get_by_text(expected)).to_be_visible()
    expect(dialog.get_by_label("Author")).to_have_value("Nobody")
    dialog.get_by_role("link", name="Show it").click()
    expect(page.get_by_role("dialog", name="A Quiet Book")).to_be_visible()
    _cancel_asks_once(page)


def _cancel_asks_once(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("button", name="Cancel the download")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the download").click()
    expect(page.get_by_role("dialog").get_by_text("Cancelled", exact=True).first).to_be_visible()


def _sign_in(page: Page) -> None:
    page.goto("/search")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Search")).to_be_visible()
