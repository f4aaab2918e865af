"""Without a mouse: the whole way from signing in to a cancelled download, with the focus always to be seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from auralarchive.demo.demo import Demo
from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.browser.keys import Keys
from tests.browser.places import visit
from tests.support.browser import Pages
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

RELEASE = "Aesop - Three Fables [MP3 24kbps] [Unabridged]"
#: Longer than this a person who asked for less motion would see something move.
_MOVING = """() => document.getAnimations()
  .filter(one => one.effect.getComputedTiming().activeDuration > 10)
  .map(one => one.animationName ?? one.transitionProperty)"""


@pytest.fixture
def account(application: RunningServer, signed_in: SignIn) -> RunningServer:
    """Somebody has been here before."""
    signed_in()
    return application


def test_a_keyboard_is_enough_for_the_whole_way(account: RunningServer, shared_book: Demo, browser_page: Pages) -> None:
    """Sign in, search, download, open, pause, resume, cancel; dialogs keep the focus and give it back."""
    account.api().add_indexer(shared_book.torznab_url, shared_book.api_key, name="Demo")
    page = browser_page(base_url=account.url, locale="en-GB")
    keys = Keys(page)
    page.goto("/")
    _sign_in(page, keys)
    _skip(page, keys)
    _search_and_download(page, keys)
    _pause_and_resume(page, keys)
    _look_at_details(page, keys)
    _cancel(page, keys)
    assert keys.unseen == []
    assert browser_page.errors == []


def _sign_in(page: Page, keys: Keys) -> None:
    keys.write(page.get_by_label("Name"), NAME)
    keys.write(page.get_by_label("Password"), PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_focused()


def _skip(page: Page, keys: Keys) -> None:
    page.reload()
    page.get_by_role("navigation").wait_for()
    skip = page.get_by_role("link", name="Skip to the content")
    keys.to(skip, "Shift+Tab")
    expect(skip).to_be_in_viewport(ratio=1)
    keys.press("Enter", "Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def _search_and_download(page: Page, keys: Keys) -> None:
    keys.press("g", "s")
    expect(page.get_by_role("heading", level=1, name="Search")).to_be_visible()
    keys.write(page.get_by_role("main").get_by_role("searchbox").first, "three fables")
    keys.press("Enter")
    keys.on(page.get_by_role("button", name=re.compile("other releases?$")))
    button = page.get_by_role("button", name=f"Download with options: {RELEASE}")
    keys.on(button)
    dialog = page.get_by_role("dialog")
    _keeps_the_focus(page, keys, dialog)
    keys.press("Escape")
    expect(button).to_be_focused()
    keys.press("Enter")
    keys.on(dialog.get_by_role("button", name="Download", exact=True))
    expect(dialog).to_have_count(0)
    assert keys.look() is not None  # somewhere, though the button is gone


def _pause_and_resume(page: Page, keys: Keys) -> None:
    keys.press("g", "d")
    expect(page.get_by_role("heading", level=1, name="Downloads")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Three Fables")
    expect(row.get_by_text("Downloading")).to_be_visible()
    keys.on(row.get_by_role("button", name="Pause: Three Fables"))
    expect(row.get_by_text("Paused", exact=True)).to_be_visible()
    keys.on(row.get_by_role("button", name="Resume: Three Fables"))
    expect(row.get_by_text("Downloading")).to_be_visible()


def _look_at_details(page: Page, keys: Keys) -> None:
    link = page.get_by_role("row").get_by_role("link", name="Three Fables")
    keys.on(link)
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Added to the queue")).to_be_visible()
    _keeps_the_focus(page, keys, drawer)
    keys.press("Escape")
    expect(drawer).to_have_count(0)
    expect(link).to_be_focused()


def _cancel(page: Page, keys: Keys) -> None:
    row = page.get_by_role("row").filter(has_text="Three Fables")
    button = row.get_by_role("button", name="Cancel: Three Fables")
    keys.on(button)
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(button).to_be_focused()
    keys.press("Enter")
    keys.on(page.get_by_role("dialog").get_by_role("button", name="Cancel the download"))
    expect(row.get_by_text("Cancelled", exact=True)).to_be_visible()


def _keeps_the_focus(page: Page, keys: Keys, dialog: Locator) -> None:
    """From its last control the browser goes on to its own, and then to the dialog's first; never below it."""
    expect(dialog).to_be_visible()
    for _ in range(40):
        keys.press("Tab")
        keys.look()
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")


def test_the_list_of_keys_is_one_key_away(account: RunningServer, signed_in: SignIn) -> None:
    """`?` lists what every page and this page offers; the focus comes back; two keys lead to each page."""
    page = signed_in()
    keys = Keys(page)
    visit(page, "/downloads")
    before = page.get_by_role("searchbox").first
    before.focus()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)  # who writes a question mark wants one
    skip = page.get_by_role("link", name="Skip to the content")
    skip.focus()
    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Show this list")).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(skip).to_be_focused()
    for letter, path in (("h", "/"), ("s", "/search"), ("d", "/downloads"), ("l", "/library"), ("y", "/system")):
        keys.press("g", letter)
        page.wait_for_url(f"**{path}")


def test_nothing_traps_the_focus_and_it_always_shows(at_home: SignIn, every_place: list[str]) -> None:
    """On every place Tab comes around to the skip link again, and each stop on the way can be seen."""
    page = at_home()
    keys = Keys(page)
    skip = page.get_by_role("link", name="Skip to the content")
    for path in every_place:
        visit(page, path)
        if page.get_by_role("dialog").count():
            keys.press("Escape")
        skip.focus()
        keys.press("Tab")
        keys.to(skip)
    assert keys.unseen == []


def test_who_asked_for_less_motion_sees_none(at_home: SignIn, every_place: list[str]) -> None:
    """Neither on arrival nor when something opens."""
    page = at_home(reduced_motion="reduce")
    found = {}
    for path in every_place:
        page.goto(path)
        page.locator("#content h1").wait_for()
        found[path] = page.evaluate(_MOVING)
    visit(page, "/search")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    found["dialog"] = page.evaluate(_MOVING)
    assert {path: moving for path, moving in found.items() if moving} == {}
