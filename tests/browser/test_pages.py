"""Every page on the real application: at every width, without a mouse, and while the connection comes and goes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.support.browser import Pages
from tests.support.server import Api, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PAGES = {
    "/": "Home",
    "/search": "Search",
    "/downloads": "Downloads",
    "/library": "Library",
    "/settings": "Settings",
    "/system": "System",
}
WIDTHS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True},
    "tablet": {"viewport": {"width": 768, "height": 1024}},
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
}
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 4
HOSTILE = '<img src=x onerror="window.hurt=1"><b>كتاب الرمال</b>'


@pytest.fixture(scope="module")
def api(application: RunningServer) -> Api:
    """Downloads that are there to be seen: long, hostile and right-to-left ones, and one without an indexer."""
    api = application.api()
    _magnet(api, 1, LONG, LONG)
    _magnet(api, 2, HOSTILE, "'; DROP TABLE books; --")
    return api


def _magnet(api: Api, number: int, title: str, author: str = "Nobody") -> int:
    return api.download(download_url=f"magnet:?xt=urn:btih:{number:040x}", title=title, author=author)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_its_width(api: Api, signed_in: SignIn, browser_page: Pages, width: str) -> None:
    """No page scrolls sideways, whatever titles it shows, and none makes the browser complain (CSP included)."""
    page = signed_in(**WIDTHS[width])
    for path, title in PAGES.items():
        page.goto(path)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_focused()
        expect(page).to_have_title(f"{title} · AuralArchive")
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert browser_page.errors == []


def test_foreign_words_stay_words(api: Api, signed_in: SignIn) -> None:
    """A title with markup in it is shown as it is written, in the list as in the details."""
    page = signed_in()
    page.goto("/downloads")
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=HOSTILE)).to_be_visible()
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img").count() == 0


def test_a_keyboard_is_enough(api: Api, signed_in: SignIn) -> None:
    """Skip link, navigation, opening and closing details: with the focus back where it was."""
    page = signed_in()
    page.goto("/downloads")
    page.get_by_role("row").filter(has_text="DROP").wait_for()
    expect(page.get_by_role("heading", name="Downloads")).to_be_focused()
    skip = page.get_by_role("link", name="Skip to the content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=re.compile("^All"))).to_be_focused()
    link = page.get_by_role("link", name=HOSTILE)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(link).to_be_focused()


def test_the_theme_can_be_chosen_and_stays(application: RunningServer, signed_in: SignIn) -> None:
    """The system's colours by default; a choice outlives a reload, and shows from the first moment."""
    page = signed_in(color_scheme="light")
    page.goto("/settings/appearance")
    light = _background(page)
    page.get_by_label("Dark colours").check()
    assert _background(page) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert _background(page) != light


def _background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return colour


def test_changes_show_without_a_reload(api: Api, signed_in: SignIn, browser_page: Pages) -> None:
    """What somebody else does appears by itself, and so does what follows from it."""
    page = signed_in()
    page.goto("/downloads")
    page.get_by_role("row").filter(has_text="DROP").wait_for()
    made = _magnet(api, 3, "From Elsewhere")
    row = page.get_by_role("row").filter(has_text="From Elsewhere")
    expect(row).to_be_visible()
    api.post(f"/api/downloads/queue/{made}/pause")
    expect(row.get_by_text("Paused", exact=True)).to_be_visible()
    expect(row.get_by_role("button", name="Resume: From Elsewhere")).to_be_visible()
    api.delete(f"/api/downloads/queue/{made}")
    expect(row.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)
    assert browser_page.errors == []


def test_without_a_live_connection_the_page_polls_and_says_so(api: Api, signed_in: SignIn) -> None:
    """Behind a proxy that lets no Socket.IO through, everything still arrives."""
    page = signed_in()
    page.route("**/socket.io/**", lambda route: route.abort())
    page.route_web_socket(re.compile("/socket.io/"), lambda socket: socket.close())
    page.goto("/downloads")
    expect(page.get_by_text("This page asks the server every 3 seconds")).to_be_visible()
    _magnet(api, 4, "By Polling")
    expect(page.get_by_role("row").filter(has_text="By Polling")).to_be_visible()


def test_a_restarted_server_is_caught_up_with(application: RunningServer, api: Api, signed_in: SignIn) -> None:
    """The page says that the server is gone, comes back by itself, and shows what happened meanwhile."""
    page = signed_in()
    page.goto("/downloads")
    page.get_by_role("row").filter(has_text="DROP").wait_for()
    application.stop()
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    application.start()
    _magnet(api, 5, "After the Pause")
    expect(page.get_by_role("row").filter(has_text="After the Pause")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("The server cannot be reached.")).to_have_count(0)
    expect(page.get_by_text("This page asks the server every 3 seconds")).to_have_count(0, timeout=20_000)


def test_an_ended_session_keeps_what_was_typed(application: RunningServer, signed_in: SignIn) -> None:
    """Signing in again happens above the page; the form below is as it was."""
    page = signed_in()
    page.goto("/settings/keys")
    page.get_by_label("What the key is for").fill("My own script")
    page.context.clear_cookies()
    # Past the dialog: the page may have noticed by itself already.
    page.get_by_role("button", name="Create key").dispatch_event("click")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password").fill("a long sentence is easy")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("What the key is for")).to_have_value("My own script")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy it now.")).to_be_visible()
