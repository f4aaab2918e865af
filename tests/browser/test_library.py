"""The library in a real browser: found, opened, listened to and changed, with books that came the whole way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mutagen.mp4 import MP4
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import SignIn
from tests.support.audio import Tags, make_m4b, picture, tag
from tests.support.browser import Pages
from tests.support.server import Api, RunningServer
from tests.support.world import DONE, World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LONG = "Die wundersame und über alle Maßen ausführliche Geschichte eines sehr langen Titels " * 4
ARABIC = "كتاب الرمال العجيب"
MARKUP = "<b>Bold</b> & Co"


@dataclass(frozen=True)
class Library:
    """Books by a short name, with the server that has them."""

    server: RunningServer
    api: Api
    ids: dict[str, int]

    def path(self, name: str) -> str:
        return f"/library/{self.ids[name]}"

    def file(self, name: str) -> Path:
        book = self.api.get(f"/api/library/books/{self.ids[name]}")
        return self.server.library / str(book["path"])


@pytest.fixture(scope="module")
def library(application: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Four books out of a swarm: an ordinary one with a cover, one of 400 chapters, and two with odd names."""
    api = application.api()
    with World(tmp_path_factory.mktemp("shared")) as world:
        ids = {
            name: _imported(api, world, name, title, author, chapters, seconds)
            for name, title, author, chapters, seconds in (
                ("emma", "Emma", "Jane Austen", 4, 30.0),
                ("long", LONG, "Ann Author", 400, 0.3),
                ("arabic", ARABIC, "خورخي لويس بورخيس", 1, 3.0),
                ("markup", MARKUP, "Ann Author", 1, 3.0),
            )
        }
        yield Library(application, api, ids)


def _imported(api: Api, world: World, name: str, title: str, author: str, chapters: int, seconds: float) -> int:
    """Shared as a torrent, uploaded, downloaded, kept as it is and imported."""
    source = make_m4b(world.root / f"{name}.m4b", chapters=chapters, seconds=seconds, rate=22050, bitrate=24)
    if name == "emma":
        tag(source, Tags(title, author, title, 1, 1), cover=True)
    torrent = world.share(source, title)
    file = world.root / f"{name}.torrent"
    file.write_bytes(torrent.data)
    download = api.upload(file, title, author)
    api.wait_for_status(download, *DONE)
    books = api.get("/api/library/books?limit=500")["items"]
    return int(next(book["id"] for book in books if book["download_id"] == download))


@pytest.fixture
def page(signed_in: SignIn) -> Page:
    return signed_in(viewport={"width": 1280, "height": 800})


def player_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Player")


def chapter(page: Page, number: int) -> Locator:
    """The button on the book's page that plays from there."""
    return page.get_by_role("region", name="Chapters").get_by_role("button", name=re.compile(rf"Chapter {number} \d"))


def sound(page: Page, what: str) -> Any:
    """A property of the one element that plays."""
    return page.evaluate(f"document.querySelector('audio').{what}")


def wait_until(page: Page, condition: str, seconds: float = 10) -> None:
    """Asked from outside: the page's own rules let nobody evaluate text inside."""
    asked = f"(() => {{ const audio = document.querySelector('audio'); return audio !== null && ({condition}); }})()"
    give_up = time.monotonic() + seconds
    while not page.evaluate(asked):
        assert time.monotonic() < give_up, f"in vain: {condition}; at {sound(page, 'currentTime')}"
        page.wait_for_timeout(100)


def books(page: Page) -> Locator:
    """Those in the list, not the ones to continue with."""
    return page.get_by_role("main").locator("[aria-posinset]")


def test_books_are_found_sorted_and_filtered_by_address(library: Library, page: Page, browser_page: Pages) -> None:
    """What is shown is in the address: back, forward and a link show the same again."""
    page.goto("/library")
    expect(books(page)).to_have_count(4)
    expect(page.get_by_alt_text("Cover of Emma")).to_be_visible()
    page.get_by_role("searchbox", name="Search title").fill("EMMA austen")
    expect(page).to_have_url(re.compile(r"\?q=EMMA\+austen$"))
    expect(books(page)).to_have_count(1)
    page.get_by_role("searchbox", name="Search title").fill("")
    expect(books(page)).to_have_count(4)
    page.get_by_role("button", name="Sort and filter").click()
    page.get_by_label("Author", exact=True).select_option("Ann Author")
    expect(books(page)).to_have_count(2)
    page.get_by_label("Sort", exact=True).select_option("title")
    expect(books(page).first.get_by_role("heading")).to_have_text(MARKUP)
    page.go_back()
    page.go_back()
    expect(books(page)).to_have_count(4)
    page.goto("/library?author=Nobody")
    expect(page.get_by_text("No book matches.")).to_be_visible()
    page.get_by_role("button", name="Show all books").click()
    page.get_by_role("button", name="Show as a list").click()
    expect(books(page)).to_have_count(4)
    page.get_by_role("button", name="Show as covers").click()
    page.get_by_role("link", name="Emma", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Emma")).to_be_focused()
    assert browser_page.errors == []


def test_a_book_s_page_tells_all_of_it(library: Library, page: Page) -> None:
    """Chapters, files to save, where it came from and how it was made, and the way to its download."""
    page.goto(library.path("emma"))
    chapters = page.get_by_role("region", name="Chapters")
    expect(chapters.get_by_role("listitem")).to_have_count(4)
    origin = page.get_by_role("region", name="Where it came from")
    expect(origin.get_by_text("Kept as it was")).to_be_visible()
    expect(origin.get_by_text("packets")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save Emma.m4b").click()
    assert saved.value.path().read_bytes() == library.file("emma").read_bytes()
    origin.get_by_role("link", name="Show the download").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_book_is_listened_to(library: Library, page: Page, browser_page: Pages) -> None:
    """Play, seek by range, chapters, speed, and on across pages; the system's own controls know of it."""
    page.goto(library.path("emma"))
    ranges: list[str] = []
    page.on("response", lambda answer: ranges.append(f"{answer.status}") if "/files/0" in answer.url else None)
    page.get_by_role("button", name="Play", exact=True).click()
    bar = player_of(page)
    expect(bar.get_by_text("Emma")).to_be_visible()
    wait_until(page, "audio.currentTime > 0.3 && !audio.paused")
    assert set(ranges) == {"206"}
    chapter(page, 3).click()
    wait_until(page, "audio.currentTime > 60 && audio.currentTime < 65")
    expect(bar.get_by_text("Chapter 3")).to_be_visible()
    assert page.evaluate("navigator.mediaSession.metadata.title") == "Chapter 3"
    bar.get_by_role("button", name="Forward 30 seconds").click()
    wait_until(page, "audio.currentTime > 90")
    bar.get_by_role("button", name="Back 15 seconds").click()
    wait_until(page, "audio.currentTime < 85")
    bar.get_by_role("button", name="Next chapter").click()
    wait_until(page, "audio.currentTime > 89")
    slider = bar.get_by_role("slider", name="Place in the book")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"1 minute 3\d seconds of 2 minutes, Chapter 4"))
    slider.focus()
    page.keyboard.press("Home")
    wait_until(page, "audio.currentTime < 3")
    page.get_by_role("navigation").get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    before = sound(page, "currentTime")
    wait_until(page, f"audio.currentTime > {before} + 0.3")
    page.keyboard.press("Escape")
    page.get_by_role("heading", level=1).focus()
    page.keyboard.press(" ")
    wait_until(page, "audio.paused")
    bar.get_by_role("button", name="Close the player").click()
    expect(bar).to_have_count(0)
    assert browser_page.errors == []


def test_speed_and_sleep(library: Library, page: Page) -> None:
    """The speed is remembered, the timer stops at its moment, and at the end of a chapter."""
    page.goto(library.path("emma"))
    chapter(page, 2).click()
    wait_until(page, "audio.currentTime > 30.2")
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="2×").click()
    wait_until(page, "audio.playbackRate === 2")
    dialog.get_by_role("button", name="End of the chapter").click()
    expect(dialog.get_by_text("Stops at the end of the chapter")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("slider", name="Place in the book").fill("58")
    wait_until(page, "audio.paused && audio.currentTime > 59 && audio.currentTime < 61")
    page.keyboard.press("p")
    dialog.get_by_role("button", name="5 minutes", exact=True).click()
    expect(dialog.get_by_role("timer")).to_have_text(re.compile(r"Stops in 4:5\d"))
    dialog.get_by_role("button", name="Off").click()
    expect(dialog.get_by_role("timer")).to_have_text("Off")
    page.keyboard.press("Escape")
    player_of(page).get_by_role("button", name="Play", exact=True).click()
    wait_until(page, "!audio.paused")
    page.reload()
    page.get_by_role("button", name="Continue at").click()
    wait_until(page, "audio.playbackRate === 2")


def test_a_place_goes_from_device_to_device(library: Library, signed_in: SignIn) -> None:
    """The second device goes on where the first one was, and a late word of the first loses nothing."""
    first, second = signed_in(), signed_in()
    first.goto(library.path("emma"))
    chapter(first, 2).click()
    wait_until(first, "audio.currentTime > 31")
    player_of(first).get_by_role("button", name="Pause").click()
    first.wait_for_load_state("networkidle")
    second.goto("/library")
    shelf = second.get_by_role("region", name="Continue listening")
    shelf.get_by_role("button", name=re.compile(r"Continue at 0:3\d: Emma")).click()
    expect(second.get_by_text(re.compile(r"Continuing at 0:3\d, from Chrome, Linux\."))).to_be_visible()
    wait_until(second, "audio.currentTime > 31")
    player_of(second).get_by_role("button", name="All right").click()
    player_of(second).get_by_role("slider", name="Place in the book").fill("100")
    wait_until(second, "audio.currentTime >= 100")
    player_of(second).get_by_role("button", name="Pause").click()
    second.wait_for_load_state("networkidle")
    player_of(first).get_by_role("button", name="Forward 30 seconds").click()
    expect(first.get_by_text(re.compile(r"On Chrome, Linux you were at 1:4\d meanwhile\."))).to_be_visible()
    first.get_by_role("button", name="Go there").click()
    wait_until(first, "audio.currentTime >= 100")
    first.close()  # leaving the page saves, too
    second.reload()
    expect(second.get_by_role("button", name="Continue at 1:4").first).to_be_visible()


def test_a_lost_connection_is_lived_through(library: Library, page: Page) -> None:
    """The player says so, keeps the place, and goes on by itself."""
    page.goto(library.path("emma"))
    chapter(page, 1).click()
    wait_until(page, "audio.currentTime > 0.3")
    page.route("**/files/0*", lambda route: route.abort())
    page.evaluate("document.querySelector('audio').src = document.querySelector('audio').src + '&again'")
    expect(page.get_by_text("The connection is gone. Your place is kept")).to_be_visible()
    page.unroute("**/files/0*")
    expect(page.get_by_text("The connection is gone. Your place is kept")).to_have_count(0, timeout=20_000)
    wait_until(page, "!audio.paused && audio.currentTime > 0.3")


def test_changes_are_in_the_file(library: Library, page: Page, tmp_path: Path) -> None:
    """Tags and cover, as any other program reads them; the torrent's own file is as it was."""
    (tmp_path / "cover.png").write_bytes(picture(500, "PNG", (20, 90, 160)))
    (tmp_path / "not.txt").write_text("no picture")
    page.goto(library.path("markup"))
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("This cannot be empty.")).to_be_visible()
    dialog.get_by_label("Title").fill("A Better Title")
    dialog.get_by_label("Narrator").fill("Nora Reader")
    dialog.get_by_label("Series", exact=False).first.fill("The Series")
    dialog.get_by_label("Cover").set_input_files(tmp_path / "not.txt")
    expect(dialog.get_by_text("That is not a JPEG, PNG or WebP picture.")).to_be_visible()
    dialog.get_by_label("Cover").set_input_files(tmp_path / "cover.png")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: A Better Title")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", level=1, name="A Better Title")).to_be_visible()
    expect(page.get_by_role("img", name="Cover of A Better Title")).to_be_visible()
    tags = MP4(library.file("markup"))
    assert (tags["\xa9nam"], tags["\xa9wrt"], tags["\xa9mvn"]) == (["A Better Title"], ["Nora Reader"], ["The Series"])
    assert len(tags["covr"]) == 1
    assert (library.file("markup").parent / "cover.jpg").is_file()
    library.server.fsck()
    library.server.start()


def test_two_people_change_the_same_book(library: Library, page: Page) -> None:
    """The second is told what the first has done, keeps what was typed, and saves on top of it."""
    page.goto(library.path("arabic"))
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Narrator").fill("My Narrator")
    version = library.api.get(f"/api/library/books/{library.ids['arabic']}")["version"]
    theirs = {"version": version, "publisher": "Their Publisher", "narrator": "Their Narrator"}
    library.api.patch(f"/api/library/books/{library.ids['arabic']}", theirs)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this book meanwhile.")
    expect(dialog.get_by_text("Publisher is now: Their Publisher")).to_be_visible()
    expect(dialog.get_by_label("Narrator")).to_have_value("My Narrator")
    expect(dialog.get_by_label("Publisher")).to_have_value("Their Publisher")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0, timeout=20_000)
    after = library.api.get(f"/api/library/books/{library.ids['arabic']}")
    assert (after["narrator"], after["publisher"]) == ("My Narrator", "Their Publisher")


def test_four_hundred_chapters_stay_quick(library: Library, page: Page) -> None:
    """All of them are there, and a click plays the last one."""
    page.goto(library.path("long"))
    last = chapter(page, 400)
    expect(last).to_have_count(1)
    started = page.evaluate("performance.now()")
    last.click()
    expect(player_of(page).get_by_text("Chapter 400")).to_be_visible()
    assert page.evaluate("performance.now()") - started < 5_000
    page.keyboard.press("p")
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(400)


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_odd_names_fit_every_width(library: Library, signed_in: SignIn, browser_page: Pages, width: int) -> None:
    """300 characters, right to left, markup; in the list, on their pages, in the player and in the form."""
    page = signed_in(viewport={"width": width, "height": 800}, color_scheme="dark" if width == 768 else "light")
    for path in ("/library", "/library?sort=title&author=Ann+Author", library.path("long"), library.path("arabic")):
        page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.goto(library.path("long"))
    page.get_by_role("button", name=re.compile("^(Play|Continue at .*)$")).first.click()
    expect(player_of(page)).to_be_visible(timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    assert dialog.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
    assert page.evaluate("document.querySelectorAll('main b').length") == 0
    assert browser_page.errors == []


def test_a_key_is_enough_for_everything(library: Library, page: Page) -> None:
    """From the navigation to the player and back, without a mouse."""
    page.goto("/library")
    books(page).first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("emma")
    expect(books(page)).to_have_count(1)
    play = page.get_by_role("button", name="Play: Emma")
    play.focus()
    expect(play).to_be_visible()
    page.keyboard.press("Enter")
    wait_until(page, "!audio.paused && audio.currentTime > 0")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Forward 30 seconds")).to_be_visible()
    page.keyboard.press("Escape")
    before = sound(page, "currentTime")
    page.keyboard.press("ArrowRight")
    wait_until(page, f"audio.currentTime > {before} + 20")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_player_and_form_have_no_serious_violation(library: Library, signed_in: SignIn, scheme: str) -> None:
    """By axe: the bar with its slider, the panel with chapters, the list in both layouts, the form."""
    page = signed_in(color_scheme=scheme, reduced_motion="reduce")
    page.goto(library.path("emma"))
    page.get_by_role("button", name=re.compile("^(Play|Continue at .*)$")).first.click()
    wait_until(page, "audio.currentTime > 0")
    found = {"book": violations(page)}
    player_of(page).get_by_role("button", name="Chapters, speed and sleep timer").click()
    page.get_by_role("dialog").wait_for()
    found["panel"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("dialog").wait_for()
    found["form"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("navigation").get_by_role("link", name="Library").click()
    page.get_by_role("button", name="Sort and filter").click()
    books(page).first.wait_for()
    found["covers"] = violations(page)
    page.get_by_role("button", name="Show as a list").click()
    found["list"] = violations(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
