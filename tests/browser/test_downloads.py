"""The list of downloads as people use it: by mouse, by keys, two at a time, and while the server goes and comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from auralarchive.demo.demo import Demo
from tests.browser.conftest import SignIn
from tests.support.browser import Pages
from tests.support.processes import wait_for
from tests.support.server import Api, RunningServer
from tests.support.swarm import Seeder, Tracker, make_torrent, random_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DESK = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def api(application: RunningServer) -> Api:
    return application.api()


_numbers = iter(range(1, 1_000_000))


@pytest.fixture
def author() -> str:
    """Of this test's downloads: a filter by it leaves out those of all others."""
    return f"Writer{next(_numbers):03d}"


@pytest.fixture
def three(api: Api, author: str) -> Iterator[list[int]]:
    """Three downloads that nobody shares, named after their places; given up after the test."""
    made = [_magnet(api, f"{name} of Three", author) for name in ("First", "Second", "Third")]
    yield made
    for number in made:
        if "cancel" in api.row(number)["actions"]:
            api.delete(f"/api/downloads/queue/{number}")


def _magnet(api: Api, title: str, author: str) -> int:
    return api.download(download_url=f"magnet:?xt=urn:btih:{next(_numbers):040x}", title=title, author=author)


def _row(page: Page, title: str) -> Locator:
    return page.get_by_role("row").filter(has_text=title)


def _titles(page: Page) -> list[str]:
    """The three, in the order that is shown."""
    found = page.get_by_role("row").get_by_role("link", name=re.compile("of Three$")).all_inner_texts()
    return [title.removesuffix(" of Three") for title in found]


def _opened(page: Page, author: str, more: str = "") -> Page:
    page.goto(f"/downloads?q={author}{more}")
    expect(_row(page, "Second of Three").first).to_be_visible()
    return page


def test_keys_alone_choose_pause_resume_and_cancel(three: list[int], author: str, api: Api, signed_in: SignIn) -> None:
    """Down to a row, two chosen, paused and resumed together; cancelling asks first; Escape lets go."""
    page = _opened(signed_in(**DESK), author, "&state=active")
    page.keyboard.press("j")
    expect(_row(page, "Third of Three")).to_be_focused()
    page.keyboard.press("Shift+J")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("selected")).to_have_count(0)

    _opened(page, author)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    page.keyboard.press("p")
    expect(page.get_by_text("2 downloads paused.")).to_be_visible()
    expect(_row(page, "Third of Three").get_by_text("Paused", exact=True)).to_be_visible()
    assert [api.row(number)["status"] for number in three[1:]] == ["PAUSED", "PAUSED"]
    page.keyboard.press("p")
    expect(page.get_by_text("2 downloads resumed.")).to_be_visible()

    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Cancel 2 downloads?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("c")
    dialog.get_by_role("button", name="Cancel 2 downloads").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 downloads cancelled.")).to_be_visible()
    expect(_row(page, "Second of Three").get_by_text("Cancelled", exact=True)).to_be_visible()
    assert [api.row(number)["status"] for number in three] == [api.row(three[0])["status"], "CANCELLED", "CANCELLED"]
    assert api.row(three[0])["status"] != "CANCELLED"


def test_arrows_move_the_focus_and_enter_opens(three: list[int], author: str, signed_in: SignIn) -> None:
    """One stop of the tabulator for the whole list; the details give the focus back to the row."""
    page = _opened(signed_in(**DESK), author)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(_row(page, "Second of Three")).to_be_focused()
    page.keyboard.press("End")
    expect(_row(page, "First of Three")).to_be_focused()
    page.keyboard.press("Home")
    expect(_row(page, "Third of Three")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Third of Three")).to_be_visible()
    assert page.url.endswith(f"/downloads/{three[2]}?q={author}")
    page.keyboard.press("Escape")
    expect(_row(page, "Third of Three")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Select Third of Three")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Filter by text")).to_be_focused()


def test_ranges_and_all_are_chosen_by_mouse(three: list[int], author: str, signed_in: SignIn) -> None:
    """Shift takes everything between; what a filter hides is not acted on."""
    page = _opened(signed_in(**DESK), author)
    page.get_by_role("checkbox", name="Select Third of Three").click()
    page.get_by_role("checkbox", name="Select First of Three").click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("searchbox", name="Filter by text").fill(f"{author} second")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("checkbox", name="Select all that are shown").click()
    expect(page.get_by_text("selected")).to_have_count(0)
    page.get_by_role("checkbox", name="Select all that are shown").click()
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_what_many_cannot_do_is_told_with_its_reason(
    three: list[int], author: str, api: Api, signed_in: SignIn
) -> None:
    """One is cancelled already: the others are paused, and a summary names the one and why."""
    api.delete(f"/api/downloads/queue/{three[1]}")
    page = _opened(signed_in(**DESK), author)
    page.get_by_role("checkbox", name="Select all that are shown").click()
    page.get_by_role("toolbar").get_by_role("button", name="Pause").click()
    summary = page.get_by_role("dialog", name="2 of 3 downloads done")
    expect(summary.get_by_text("Second of Three")).to_be_visible()
    expect(summary.get_by_role("heading", level=3)).to_have_text(re.compile("CANCELLED", re.IGNORECASE))
    expect(summary.get_by_role("button", name="again")).to_have_count(0)  # it would be refused again
    assert api.row(three[2])["status"] == "PAUSED"


def test_a_lost_connection_in_the_middle_can_be_tried_again(
    three: list[int], author: str, api: Api, signed_in: SignIn
) -> None:
    """The rows stay chosen in the summary; the second try goes through."""
    page = _opened(signed_in(**DESK), author)
    page.get_by_role("checkbox", name="Select all that are shown").click()
    page.route("**/queue/bulk", lambda route: route.abort(), times=1)
    page.get_by_role("toolbar").get_by_role("button", name="Pause").click()
    summary = page.get_by_role("dialog", name="0 of 3 downloads done")
    expect(summary.get_by_text("The server cannot be reached.")).to_be_visible()
    summary.get_by_role("button", name="Try 3 downloads again").click()
    expect(page.get_by_text("3 downloads paused.")).to_be_visible()
    assert {api.row(number)["status"] for number in three} == {"PAUSED"}


def test_places_in_the_queue_by_keys_and_by_hand(three: list[int], author: str, api: Api, signed_in: SignIn) -> None:
    """What the page shows is what the workers do; the move is read out, and another tab agrees."""
    page = _opened(signed_in(**DESK), author, "&sort=queue")
    other = _opened(page.context.new_page(), author, "&sort=queue")
    assert _titles(page) == ["First", "Second", "Third"]
    page.keyboard.press("j")
    page.keyboard.press("End")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_text(re.compile("Third of Three is now number [0-9]+ of [0-9]+ in the queue"))).to_be_attached()
    expect(_row(page, "Third of Three")).to_be_focused()
    wait_for(lambda: _titles(page) == ["First", "Third", "Second"])
    wait_for(lambda: _titles(other) == ["First", "Third", "Second"])

    _drag(page, "Second of Three", onto=_row(page, "First of Three"))
    wait_for(lambda: _titles(page) == ["Second", "First", "Third"])
    _drag(page, "Second of Three", onto=_row(page, "Third of Three"), below=True)
    wait_for(lambda: _titles(other) == ["First", "Third", "Second"])
    rows = {number: api.row(number)["priority"] for number in three}
    assert sorted(rows, key=lambda number: (-rows[number], number)) == [three[0], three[2], three[1]]
    page.reload()
    expect(_row(page, "Second of Three")).to_be_visible()
    assert _titles(page) == ["First", "Third", "Second"]


def _drag(page: Page, title: str, onto: Locator, *, below: bool = False) -> None:
    box = onto.bounding_box()
    assert box is not None
    _row(page, title).get_by_role("button", name=f"Move {title}").hover()
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2, steps=4)
    page.mouse.move(box["x"] + 40, box["y"] + (box["height"] - 4 if below else 4), steps=4)
    page.wait_for_timeout(100)  # milliseconds: a frame or two in which the mark follows
    page.mouse.up()


def test_the_address_keeps_the_whole_view(three: list[int], author: str, signed_in: SignIn) -> None:
    """State, words, order and layout: after a reload, and with the details open above them."""
    page = _opened(signed_in(**DESK), author)
    page.get_by_role("button", name=re.compile("^Under way|^Paused")).first.click()
    page.get_by_role("searchbox", name="Filter by text").fill(author)
    page.get_by_role("columnheader").get_by_role("button", name="Book").click()
    page.get_by_role("columnheader").get_by_role("button", name="Book").click()
    page.get_by_role("button", name="Cards").click()
    page.wait_for_url(f"**/downloads?state=active&q={author}&sort=-title&view=cards")
    page.reload()
    expect(page.get_by_role("searchbox", name="Filter by text")).to_have_value(author)
    expect(page.get_by_role("button", name="Cards")).to_have_attribute("aria-pressed", "true")
    expect(_row(page, "Third of Three")).to_be_visible()
    assert _titles(page) == ["Third", "Second", "First"]
    page.get_by_role("link", name="Second of Three").click()
    page.wait_for_url(f"**/downloads/{three[1]}?state=active&q={author}&sort=-title&view=cards")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/downloads?state=active&q={author}&sort=-title&view=cards")
    page.goto(f"/downloads?sort=title&q={author}&view=table")
    expect(page.get_by_role("columnheader", name="Book")).to_have_attribute("aria-sort", "ascending")


def test_a_second_person_at_the_same_row(three: list[int], api: Api, signed_in: SignIn) -> None:
    """Who saves second learns what the first did, loses nothing that was typed, and decides."""
    page = signed_in(**DESK)
    page.goto(f"/downloads/{three[0]}")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Priority and speed limits").click()
    expect(dialog.get_by_label("Priority")).to_have_value("0")
    dialog.get_by_label("Priority").fill("7")
    # The live connection brings it to the page before anything is sent …
    api.patch(f"/api/downloads/queue/{three[0]}", {"priority": 3, "download_limit": 50_000})
    contested = dialog.get_by_role("alert").filter(has_text="Somebody has changed this")
    expect(contested).to_contain_text("Priority from 0 to 3; Download from without limit to 50 kB/s")
    expect(dialog.get_by_label("Priority")).to_have_value("7")
    contested.get_by_role("button", name="Take theirs").click()
    expect(dialog.get_by_label("Priority")).to_have_value("3")
    expect(dialog.get_by_label("Download, kB/s")).to_have_value("50")

    # … and where it cannot, the server's refusal does.
    page.route("**/api/downloads/queue?*", lambda route: route.abort())
    page.route(re.compile(rf"/api/downloads/queue/{three[0]}$"), _only_patch)
    dialog.get_by_label("Priority").fill("9")
    api.patch(f"/api/downloads/queue/{three[0]}", {"priority": 4})
    dialog.get_by_role("button", name="Save").click()
    expect(contested).to_contain_text("Priority from 3 to 4")
    expect(dialog.get_by_label("Priority")).to_have_value("9")
    contested.get_by_role("button", name="Save what I typed").click()
    expect(page.get_by_text("Priority and limits are saved.")).to_be_visible()
    assert api.row(three[0])["priority"] == 9


def _only_patch(route: Route) -> None:
    if route.request.method == "PATCH":
        route.continue_()
    else:
        route.abort()


def test_a_failure_can_be_tried_again_at_once(api: Api, signed_in: SignIn, application: RunningServer) -> None:
    """Reason and next try are told; the button does not wait for the timer."""
    made = api.download(download_url="http://127.0.0.1:9/none.torrent", title="A Dead Link", author="Nobody")
    api.wait_for_status(made, "DOWNLOAD_FAILED")
    page = signed_in(**DESK)
    page.goto("/downloads?state=attention&q=dead+link")
    expect(_row(page, "A Dead Link").get_by_text("Download failed")).to_be_visible()
    before = len(api.events(made))
    page.keyboard.press("j")
    page.keyboard.press("r")
    wait_for(lambda: "RetryRequested" in api.events(made)[before:])
    api.wait_for_status(made, "DOWNLOAD_FAILED")
    page.goto(f"/downloads/{made}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Somebody asked for another try").first).to_be_visible()
    expect(drawer.get_by_text("Something failed").first).to_be_visible()
    expect(drawer.get_by_text(re.compile("^Download failed|Found → Download failed|after ")).first).to_be_visible()
    api.delete(f"/api/downloads/queue/{made}")


def test_the_details_of_a_book_from_a_real_swarm(
    api: Api, signed_in: SignIn, shared_book: Demo, browser_page: Pages
) -> None:
    """Files, client, seeding goal, story and raw facts; the way to the book; copying without a secure context."""
    api.add_indexer(shared_book.torznab_url, shared_book.api_key, name="Details")
    release = next(one for one in api.search(shared_book.info.search) if "Unabridged" in one["title"])
    made = api.download(release_id=release["id"], narrator=shared_book.info.narrator)
    page = signed_in(**DESK)
    page.goto(f"/downloads/{made}")
    drawer = page.get_by_role("dialog", name="Three Fables")
    expect(drawer.get_by_role("progressbar")).to_be_visible()
    api.wait_for_status(made, "SEEDING", timeout=120)
    expect(drawer.get_by_role("progressbar", name="Towards the seeding goal")).to_be_visible()
    expect(drawer.get_by_text(re.compile(r"Towards the seeding goal: ratio .* of 2\.00"))).to_be_visible()
    for words in ("Added to the queue", "Handed to the download client", "Published in the library"):
        expect(drawer.get_by_text(words, exact=True)).to_be_visible()
    expect(drawer.get_by_text(re.compile(r"after \d")).first).to_be_visible()
    expect(drawer.get_by_role("listitem").filter(has_text=".mp3").first).to_be_visible()
    expect(drawer.get_by_text(api.row(made)["info_hash_v1"], exact=True)).to_be_visible()
    expect(drawer.get_by_text("seeding", exact=True)).to_be_visible()  # what the client itself calls it

    page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.evaluate("document.addEventListener('copy', () => (window.copied = document.activeElement.value))")
    drawer.get_by_text("Raw facts").click()
    drawer.get_by_role("button", name="Copy").click()
    expect(drawer.get_by_text("Copied.")).to_be_visible()
    facts = json.loads(page.evaluate("window.copied"))
    assert facts["download"]["id"] == made
    assert [event["event"] for event in facts["events"]] == api.events(made)
    assert shared_book.api_key not in json.dumps(facts)

    drawer.get_by_role("link", name="Open in the library").click()
    page.wait_for_url(f"**/library/{api.row(made)['book_id']}")
    page.goto("/downloads?q=fables")
    row = _row(page, "Three Fables")
    expect(row.locator("img")).to_have_js_property("complete", True)
    expect(row.get_by_text(re.compile(r"ratio .* of 2\.00"))).to_be_visible()
    assert browser_page.errors == []


def test_five_thousand_files_stay_quick(api: Api, signed_in: SignIn, tmp_path: Path) -> None:
    """Only the files on the screen are in the document, and the last one is a scroll away."""
    folder = tmp_path / "Many Parts"
    folder.mkdir()
    for number in range(1, 5_001):
        (folder / f"part {number}.mp3").write_bytes(bytes([number % 256]) * 40)
    with Tracker() as tracker:
        torrent = make_torrent(folder, trackers=(tracker.url,), piece_size=65_536)
        file = tmp_path / "many.torrent"
        file.write_bytes(torrent.data)
        made = api.upload(file, "Many Parts", "Nobody")
        wait_for(lambda: len(api.row(made)["files"]) == 5_000, timeout=60)
        page = signed_in(**DESK)
        page.goto(f"/downloads/{made}")
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_text("5,000 files")).to_be_visible()
        assert drawer.get_by_role("listitem").count() < 80
        body = drawer.locator(".body")
        body.evaluate("one => one.scrollTo(0, one.querySelector('.list').offsetTop + 5000 * 52 - 300)")
        expect(drawer.get_by_text("part 5000.mp3")).to_be_visible()
        assert drawer.get_by_role("listitem").count() < 80
        api.delete(f"/api/downloads/queue/{made}")


def test_a_restart_loses_neither_the_view_nor_the_selection(
    three: list[int], author: str, api: Api, application: RunningServer, signed_in: SignIn
) -> None:
    """The page says that the server is gone, catches up by itself, and is where one left it."""
    page = _opened(signed_in(**DESK), author, "&sort=queue")
    page.get_by_role("checkbox", name="Select Second of Three").click()
    application.stop()
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    page.keyboard.press("p")  # what is asked of a server that is gone is not forgotten
    lost = page.get_by_role("dialog", name="0 of 1 download done")
    expect(lost.get_by_text("The server cannot be reached.")).to_be_visible()
    application.start()
    expect(page.get_by_text("What you see may be old")).to_have_count(0, timeout=30_000)
    lost.get_by_role("button", name="Try 1 download again").click()
    expect(page.get_by_text("1 download paused.")).to_be_visible()
    expect(_row(page, "Second of Three").get_by_text("Paused", exact=True)).to_be_visible()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert api.row(three[1])["status"] == "PAUSED"


def test_two_tabs_agree(three: list[int], author: str, signed_in: SignIn) -> None:
    """What is done in one shows in the other, which keeps a filter of its own."""
    page = _opened(signed_in(**DESK), author)
    other = _opened(page.context.new_page(), f"{author}+second")
    page.get_by_role("button", name="Pause: Second of Three").click()
    expect(_row(other, "Second of Three").get_by_text("Paused", exact=True)).to_be_visible()
    other.get_by_role("button", name="Resume: Second of Three").click()
    expect(_row(page, "Second of Three").get_by_text("Paused", exact=True)).to_have_count(0)


def test_a_real_download_is_paused_and_cancelled_on_a_phone(
    api: Api, signed_in: SignIn, browser_page: Pages, tmp_path: Path
) -> None:
    """Cards at 360 pixels: figures move, the buttons are there, and nothing sticks out."""
    content = random_file(tmp_path / "Slow Book" / "Slow Book.m4b", 8_000_000)
    with Tracker() as tracker, Seeder() as seeder:
        torrent = make_torrent(content.parent, trackers=(tracker.url,))
        seeder.seed(torrent, tmp_path, upload_limit=120_000)
        file = tmp_path / "slow.torrent"
        file.write_bytes(torrent.data)
        made = api.upload(file, "Slow Book", "Nobody")
        api.wait_for_status(made, "DOWNLOADING")
        page = signed_in(viewport={"width": 360, "height": 760}, has_touch=True, is_mobile=True)
        page.goto("/downloads?q=slow")
        card = _row(page, "Slow Book")
        expect(card.get_by_text(re.compile("kB/s"))).to_be_visible(timeout=30_000)
        expect(card.get_by_text(re.compile("MB of 8 MB|kB of 8 MB"))).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        card.get_by_role("button", name="Pause: Slow Book").tap()
        expect(card.get_by_text("Paused", exact=True)).to_be_visible()
        card.get_by_role("button", name="Cancel: Slow Book").tap()
        page.get_by_role("button", name="Cancel the download").tap()
        expect(card.get_by_text("Cancelled", exact=True)).to_be_visible()
        assert "PauseRequested" in api.events(made)
    assert browser_page.errors == []
