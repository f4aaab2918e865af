"""What goes wrong on ordinary days, and what the pages make of it: they say so, lose nothing, and catch up."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NAME, PASSWORD, SignIn
from tests.browser.house import House
from tests.browser.places import visit
from tests.support.bookshelf import LONG, RIGHT_TO_LEFT
from tests.support.browser import Pages
from tests.support.server import Api, RunningServer
from tests.support.torznab import Fault, TorznabServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

_MAGNET = "magnet:?xt=urn:btih:{:040x}"


@pytest.fixture
def api(application: RunningServer) -> Api:
    return application.api()


@pytest.fixture
def indexer(api: Api) -> Iterator[TorznabServer]:
    """One that can be made to fail; it is gone again afterwards."""
    with TorznabServer() as server:
        made = api.add_indexer(f"{server.url}/api", server.api_key, name="Moody")
        yield server
        api.delete(f"/api/indexers/{made['id']}")


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_form_outlives_a_restart(application: RunningServer, signed_in: SignIn) -> None:
    """While the server is away the page says so; what was typed is still there, and is sent when it is back."""
    page = signed_in()
    dialog = _adding(page, _MAGNET.format(11), "Typed before the restart")
    application.stop()
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(dialog.get_by_role("alert").get_by_text("The server cannot be reached.")).to_be_visible()
    application.start()
    expect(dialog.get_by_label("Book's title")).to_have_value("Typed before the restart")
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_text("“Typed before the restart” is in your downloads.")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/downloads"])
def test_a_page_catches_up_after_a_restart(application: RunningServer, api: Api, signed_in: SignIn, path: str) -> None:
    """It says that the server is gone, and shows what happened meanwhile, without being loaded anew."""
    page = signed_in()
    visit(page, path)
    page.evaluate("window.before = true")
    application.stop()
    expect(page.get_by_text("The server cannot be reached.").first).to_be_visible()
    application.start()
    title = f"Meanwhile at {path}"
    api.post("/api/downloads/queue", {"title": title, "author": "Nobody"})
    expect(page.get_by_role("link", name=title)).to_be_visible(timeout=20_000)
    expect(page.get_by_text("The server cannot be reached.")).to_have_count(0, timeout=20_000)
    assert page.evaluate("window.before") is True


def test_a_server_that_is_away_from_the_start(application: RunningServer, browser_page: Pages) -> None:
    """The page came, its first question was not answered: one button asks again."""
    page = browser_page(base_url=application.url, locale="en-GB")
    page.route("**/api/auth/status", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_role("alert").get_by_text("The server cannot be reached.")).to_be_visible()
    page.unroute("**/api/auth/status")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name=re.compile("Sign in|Create account"))).to_be_visible()


def test_a_proxy_that_answers_nonsense(signed_in: SignIn) -> None:
    """An error page of somebody else is told as what it is, not shown."""
    page = signed_in()
    nonsense = "<html><h1>502 Bad Gateway</h1>"
    page.route("**/api/library/books*", lambda route: route.fulfill(status=502, body=nonsense))
    page.goto("/library")
    expect(page.get_by_role("alert").get_by_text("The server answered 502 without saying why.")).to_be_visible()
    page.unroute("**/api/library/books*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_page_that_is_gone_after_an_upgrade(signed_in: SignIn, house: House) -> None:
    """Its file has another name now: the page says what happened, keeps the way out, and one button loads it anew."""
    page = signed_in()
    visit(page, "/")
    page.route(re.compile(r"/assets/Library-[^/]*\.js"), lambda route: route.fulfill(status=404, body="gone"))
    page.get_by_role("navigation").get_by_role("link", name="Library").click()
    alert = page.get_by_role("alert")
    expect(alert.get_by_text("This page could not be loaded.")).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_visible()
    page.unroute(re.compile(r"/assets/Library-[^/]*\.js"))
    alert.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1, name="Library")).to_be_visible()
    # Nothing of yesterday is kept: the page itself is asked for each time.
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0


# --- sessions and tabs -----------------------------------------------------------------------------------------------


def test_an_expired_sign_in_keeps_the_form_and_the_page(signed_in: SignIn) -> None:
    """Signing in happens above; a wrong password is told there; below, the dialog is as it was left."""
    page = signed_in()
    dialog = _adding(page, _MAGNET.format(12), "Typed before the end of the session")
    page.context.clear_cookies()
    dialog.get_by_role("button", name="Download", exact=True).click()
    door = page.get_by_role("dialog", name="Sign in")
    door.get_by_label("Password").fill("not this one")
    door.get_by_role("button", name="Sign in").click()
    expect(door.get_by_role("alert")).to_be_visible()
    page.keyboard.press("Escape")
    expect(door).to_be_visible()  # there is nothing to be done without
    door.get_by_label("Password").fill(PASSWORD)
    door.get_by_role("button", name="Sign in").click()
    expect(door).to_have_count(0)
    expect(dialog.get_by_label("Book's title")).to_have_value("Typed before the end of the session")
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_text("“Typed before the end of the session” is in your downloads.")).to_be_visible()


def test_two_tabs_tell_the_same(api: Api, signed_in: SignIn) -> None:
    """What is done in one shows in the other; signing out in one shows the door in the other, with the page kept."""
    made = api.download(download_url=_MAGNET.format(13), title="In two tabs", author="Nobody")
    first = signed_in()
    second = first.context.new_page()
    for page in (first, second):
        visit(page, "/downloads")
    row = first.get_by_role("row").filter(has_text="In two tabs")
    row.get_by_role("button", name="Pause: In two tabs").click()
    other = second.get_by_role("row").filter(has_text="In two tabs")
    expect(other.get_by_text("Paused", exact=True)).to_be_visible()
    other.get_by_role("button", name="Resume: In two tabs").click()
    expect(row.get_by_role("button", name="Pause: In two tabs")).to_be_visible()
    second.get_by_role("searchbox").first.fill("two tabs")
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_role("button", name="Sign in")).to_be_visible()
    # It hears of the end at once, for its live connection was closed, and at the latest with the next request.
    second.get_by_role("button", name="Pause: In two tabs").dispatch_event("click")
    door = second.get_by_role("dialog", name="Sign in")
    expect(door).to_be_visible()
    door.get_by_label("Name").fill(NAME)
    door.get_by_label("Password").fill(PASSWORD)
    door.get_by_role("button", name="Sign in").click()
    expect(second.get_by_role("searchbox").first).to_have_value("two tabs")
    api.delete(f"/api/downloads/queue/{made}")


def test_somebody_else_was_quicker(api: Api, signed_in: SignIn) -> None:
    """A button that no longer fits is refused with the reason, and the row shows what is so."""
    made = api.download(download_url=_MAGNET.format(14), title="Wanted by two", author="Nobody")
    page = signed_in()
    # No live event and no poll tells this page of the other's doing.
    page.route("**/socket.io/**", lambda route: route.abort())
    page.route_web_socket(re.compile("/socket.io/"), lambda socket: socket.close())
    visit(page, "/downloads")
    button = page.get_by_role("button", name="Pause: Wanted by two")
    button.wait_for()
    page.route("**/api/downloads/queue?*", lambda route: route.abort())
    api.delete(f"/api/downloads/queue/{made}")
    button.click()
    notice = page.get_by_role("status").filter(has_text=re.compile("cancel", re.IGNORECASE))
    expect(notice.first).to_be_visible()


# --- what is to be shown ---------------------------------------------------------------------------------------------


def test_long_titles_and_the_other_direction(at_home: SignIn, house: House) -> None:
    """Three hundred letters are cut in a list and whole in the details; Arabic runs from right to left."""
    page = at_home(viewport={"width": 360, "height": 760})
    visit(page, f"/downloads/{house.downloads.paused}")
    heading = page.get_by_role("dialog").get_by_role("heading", level=2).first
    expect(heading).to_have_text(LONG.title + " (paused)")
    assert heading.evaluate("one => one.scrollWidth <= one.clientWidth")
    visit(page, "/library")
    arabic = page.get_by_text(RIGHT_TO_LEFT.title).last
    assert arabic.evaluate("one => getComputedStyle(one).direction") == "rtl"
    english = page.get_by_text(LONG.title).last
    assert english.evaluate("one => getComputedStyle(one).direction") == "ltr"


def test_a_cover_that_is_missing_or_broken(at_home: SignIn) -> None:
    """A drawn one stands in its place: no hole, no broken picture."""
    page = at_home()
    page.route(re.compile(r"/api/library/books/\d+/cover"), lambda route: route.fulfill(status=404, body=""))
    visit(page, "/library")
    expect(page.locator("main img")).to_have_count(0)
    expect(page.locator("main").get_by_text("The Time Machine").first).to_be_visible()


def test_an_address_that_leads_nowhere(signed_in: SignIn) -> None:
    """Our own page says so, and leads home; whoever looks at the status knows as well."""
    page = signed_in()
    for path in ("/nothing", "/downloads/1/2/3", "/library/none"):
        answer = page.goto(path)
        expect(page.get_by_role("heading", level=1, name="Nothing is here")).to_be_visible()
        assert answer is not None
        assert answer.status == (200 if path == "/library/none" else 404)
    page.get_by_role("link", name="Go home").click()
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_focused()


def test_nothing_is_found(signed_in: SignIn, indexer: TorznabServer) -> None:
    """It says so and what to try; the words stay in the box."""
    page = _search(signed_in, "a book that nobody wrote")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("searchbox").first).to_have_value("a book that nobody wrote")


@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(body=b"<html>not a feed"), Fault(status=429, headers={"Retry-After": "60"})]
)
def test_every_indexer_fails(signed_in: SignIn, indexer: TorznabServer, fault: Fault) -> None:
    """Each says what is wrong with it; the search itself does not fail."""
    indexer.fault = fault
    page = _search(signed_in, "anything at all")
    state = page.get_by_role("main").get_by_role("listitem").filter(has_text="Moody")
    expect(state).to_be_visible()
    expect(state).to_contain_text(re.compile(r"\w{3,} \w+"))
    expect(page.get_by_role("article")).to_have_count(0)


def _search(signed_in: SignIn, words: str) -> Page:
    page = signed_in()
    visit(page, "/search")
    page.get_by_role("main").get_by_role("searchbox").first.fill(words)
    page.keyboard.press("Enter")
    return page


def _adding(page: Page, link: str, title: str) -> Locator:
    visit(page, "/search")
    page.get_by_role("button", name="Add a link or file").click()
    dialog = page.get_by_role("dialog", name="Add a link or file")
    dialog.get_by_label("Magnet link").fill(link)
    dialog.get_by_label("Book's title").fill(title)
    dialog.get_by_label("Author").fill("Nobody")
    return dialog
