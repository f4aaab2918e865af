"""Searching in a real browser on the real application, with real indexers: quick, slow, broken and hostile ones."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from auralarchive.demo.demo import Demo
from tests.browser.axe import violations
from tests.browser.conftest import SignIn
from tests.support.browser import Pages
from tests.support.processes import free_port, wait_for
from tests.support.qbittorrent import QBittorrent
from tests.support.server import Api, RunningServer
from tests.support.torrent_bytes import info_of, torrent_of
from tests.support.torznab import Fault, TorznabServer
from tests.support.world import session_of, use_qbittorrent

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 4
HOSTILE = '<img src=x onerror="window.hurt=1">'
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True}

Feed = Callable[..., TorznabServer]


@pytest.fixture(scope="module")
def api(application: RunningServer) -> Api:
    return application.api()


@pytest.fixture
def feed(api: Api) -> Iterator[Feed]:
    """Makes real Torznab servers and tells the application of them; at the end it knows none again."""
    with ExitStack() as servers:

        def make(name: str, *titles: str, **attributes: Any) -> TorznabServer:
            server = servers.enter_context(TorznabServer())
            server.match_all = True
            for title in titles:
                server.add(title, magnet(title), size=100_000_000 + len(server.offers), **attributes)
            api.add_indexer(server.url, server.api_key, name)
            return server

        try:
            yield make
        finally:
            for row in api.get("/api/indexers")["items"]:
                api.delete(f"/api/indexers/{row['id']}")


def magnet(name: str) -> str:
    return f"magnet:?xt=urn:btih:{abs(hash(name)) % 16**32:040x}"


def search_for(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Title, author, anything").fill(text)
    page.get_by_role("button", name="Search", exact=True).click()


def indexer(page: Page, name: str) -> Locator:
    return page.get_by_label("Indexers asked").get_by_role("listitem").filter(has_text=re.compile(rf"^\s*{name}"))


def cards(page: Page) -> Locator:
    return page.get_by_role("article")


def test_results_show_before_a_slow_indexer_has_answered(api: Api, feed: Feed, signed_in: SignIn) -> None:
    """Each one's state is seen; those that fail say why, and what comes late does not move the list under the hand."""
    feed("Quick", "Jane Austen - Emma [M4B]")
    slow = feed("Slow", "Jane Austen - Persuasion [M4B]", "Jane Austen - Sanditon [M4B]")
    slow.gate = threading.Event()
    feed("Garbage").page = "<html>Sign in to go on</html>"
    api.add_indexer(f"http://127.0.0.1:{free_port()}", "key", "Down")
    page = signed_in()
    page.goto("/search")
    search_for(page, "jane austen")
    expect(cards(page).filter(has_text="Emma")).to_be_visible()
    expect(indexer(page, "Slow")).to_contain_text("asked…")
    expect(indexer(page, "Quick")).to_contain_text(re.compile(r"1 result in [\d,]+ ms"))
    expect(indexer(page, "Garbage")).to_contain_text(re.compile(r"[a-z]{4}.*\."))
    expect(indexer(page, "Down")).to_contain_text(re.compile(r"[a-z]{4}.*\."))
    expect(page.get_by_text("3 of 4 indexers have answered: 1 release so far.")).to_be_visible()
    emma = cards(page).filter(has_text="Emma")
    emma.hover()
    before = emma.bounding_box()
    slow.gate.set()
    fresh = page.get_by_role("button", name="Show 2 new releases")
    expect(fresh).to_be_visible()
    expect(indexer(page, "Slow")).to_contain_text("2 results in")
    assert emma.bounding_box() == before
    assert cards(page).count() == 1
    fresh.click()
    expect(cards(page)).to_have_count(3)
    expect(page.get_by_text("3 releases", exact=True)).to_be_visible()


def test_a_search_can_be_stopped(feed: Feed, signed_in: SignIn) -> None:
    """What has come stays, the server no longer works for it, and nothing looks like an error."""
    feed("Quick", "Jane Austen - Emma [M4B]")
    feed("Slow", "Jane Austen - Persuasion [M4B]").gate = threading.Event()
    page = signed_in()
    page.goto("/search")
    search_for(page, "emma")
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("You stopped this search. What had come until then stays.")).to_be_visible()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_search_is_in_the_address(feed: Feed, signed_in: SignIn) -> None:
    """Reload, back and links from elsewhere lead to it; the last ones are remembered until they are forgotten."""
    server = feed("Feed", "Jane Austen - Emma [M4B]", "Jane Austen - Persuasion [M4B]")
    server.match_all = False
    page = signed_in()
    page.goto("/search?q=emma")
    expect(cards(page).filter(has_text="Emma")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Title, author, anything")).to_have_value("emma")
    search_for(page, "persuasion")
    expect(cards(page).filter(has_text="Persuasion")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/search\?q=persuasion$"))
    page.reload()
    expect(cards(page).filter(has_text="Persuasion")).to_be_visible()
    page.go_back()
    expect(cards(page).filter(has_text="Emma")).to_be_visible()
    page.get_by_role("link", name="Library").click()
    page.get_by_role("link", name="Search", exact=True).click()
    expect(cards(page).filter(has_text="Emma")).to_be_visible()  # without asking anybody again
    expect(page).to_have_url(re.compile(r"/search\?q=emma$"))
    page.goto("/search")
    page.get_by_role("group", name="Last searches").get_by_role("button", name="persuasion").click()
    expect(cards(page).filter(has_text="Persuasion")).to_be_visible()
    page.goto("/search")
    page.get_by_role("button", name="Forget these searches").click()
    page.reload()
    expect(page.get_by_text("Every indexer you have set up is asked at once")).to_be_visible()
    expect(page.get_by_role("group", name="Last searches")).to_have_count(0)


def test_releases_of_one_book_are_folded_and_filtered(feed: Feed, signed_in: SignIn) -> None:
    """One card a recording, its releases below it; each filter hides what it says, and nothing is a dead end."""
    feed("Feed", "Jane Austen - Emma [M4B]", "Jane Austen - Emma [MP3]", "Jane Austen - Emma [MP3] [Abridged]")
    other = feed("Other", "Jane Austen - Persuasion [M4B] [German]")
    other.offers[0] = type(other.offers[0])(**{**_fields(other.offers[0]), "seeders": 0})
    page = signed_in()
    page.goto("/search?q=austen")
    group = page.get_by_role("region", name="Emma")
    expect(group.get_by_role("article")).to_have_count(1)
    group.get_by_role("button", name="2 other releases").click()
    expect(group.get_by_role("article")).to_have_count(3)
    page.get_by_label("Group by book").uncheck()
    expect(cards(page)).to_have_count(4)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Hide abridged").check()
    expect(cards(page)).to_have_count(3)
    page.get_by_label("Format").select_option("m4b")
    expect(cards(page)).to_have_count(2)
    page.get_by_label("Least seeders").fill("1")
    expect(cards(page)).to_have_count(1)
    page.get_by_label("Indexer", exact=True).select_option("Other")
    expect(page.get_by_text("Your filters hide all 4 releases.")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    expect(cards(page)).to_have_count(4)
    page.get_by_label("Language").select_option("de")
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("German")


def _fields(offer: object) -> dict[str, Any]:
    return {name: getattr(offer, name) for name in type(offer).__dataclass_fields__}  # type: ignore[attr-defined]  # a dataclass


def test_facts_at_a_glance_and_scores_with_reasons(feed: Feed, signed_in: SignIn) -> None:
    feed("Feed", "Jane Austen - Emma [M4B 64kbps] [English] (Unabridged)", downloadvolumefactor="0")
    page = signed_in()
    page.goto("/search?title=Emma&author=Jane+Austen")
    card = cards(page)
    for words in ("M4B", "64 kbit/s", "100 MB", "English", "Unabridged", "5 seeders", "Freeleech", "Feed"):
        expect(card).to_contain_text(words)
    card.locator("summary").click()
    expect(card.get_by_text("The title is the wanted one.")).to_be_visible()
    expect(card.get_by_text("The author is Jane Austen.")).to_be_visible()
    expect(page.get_by_label("Title", exact=False).first).to_be_visible()  # the form shows what was asked for


def test_one_click_downloads_and_what_is_there_is_marked(api: Api, feed: Feed, signed_in: SignIn) -> None:
    """The release at once, live; after a new search its other editions, too. What is refused says where it is."""
    feed("Feed", "Mary Shelley - Mathilda [M4B]", "Mary Shelley - Mathilda [MP3]", "Mathilda without an author [M4B]")
    page = signed_in()
    page.goto("/search?q=mathilda")
    page.get_by_label("Group by book").uncheck()
    first, second = (cards(page).filter(has_text=f"Mary Shelley - Mathilda [{kind}]") for kind in ("M4B", "MP3"))
    first.get_by_role("button", name="Download: Mary").click()
    expect(page.get_by_text("“Mathilda” is in your downloads.")).to_be_visible()
    expect(first.get_by_role("link", name="In your downloads")).to_be_visible()
    second.get_by_role("button", name="Download: Mary").click()
    expect(second.get_by_role("alert")).to_contain_text("Already active")
    second.get_by_role("link", name="Show it").click()
    expect(page.get_by_role("dialog", name="Mathilda")).to_be_visible()
    page.goto("/search?q=shelley")
    page.get_by_label("Group by book").uncheck()
    expect(second.get_by_role("link", name="This book is in your downloads")).to_be_visible()
    unknown = cards(page).filter(has_text="Mathilda without an author")
    unknown.get_by_role("button", name="Download: Mathilda").click()
    dialog = page.get_by_role("dialog")  # nobody can know its author but a person
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(dialog.get_by_text("The book needs an author.")).to_be_visible()


def test_a_book_of_the_library_is_marked(shared_book: Demo, api: Api, feed: Feed, signed_in: SignIn) -> None:
    """A real download all the way; then a search knows it, by its torrent and as a book."""
    api.add_indexer(shared_book.torznab_url, shared_book.api_key, "Demo")
    release = next(one for one in api.search("three fables") if "MP3 24kbps" in one["title"])
    api.wait_for_status(api.download(release_id=release["id"]), "IMPORTED", "SEEDING", timeout=120)
    page = signed_in()
    page.goto("/search?q=three+fables")
    page.get_by_label("Group by book").uncheck()
    expect(cards(page)).to_have_count(3)
    same = cards(page).filter(has_text=release["title"])
    same.get_by_role("link", name="In your library").click()
    expect(page).to_have_url(re.compile(r"/library/\d+$"))
    page.go_back()
    expect(page.get_by_role("link", name="This book is in your library")).to_have_count(2)


def test_client_and_limits_reach_a_real_qbittorrent(
    api: Api, feed: Feed, signed_in: SignIn, qbittorrent: QBittorrent
) -> None:
    """The client that was chosen, not the preferred one, has it with its limits and in its order."""
    made = use_qbittorrent(api, qbittorrent)
    api.put(f"/api/clients/{made['id']}", {**_adapter(api, made["id"]), "priority": 99})
    feed("Feed", "Bram Stoker - Dracula [M4B]")
    page = signed_in()
    page.goto("/search?q=dracula")
    page.get_by_role("button", name="Download with options: Bram").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Download client").select_option("qBittorrent")
    dialog.get_by_label("Priority").fill("7")
    dialog.get_by_label("Download, kB/s").fill("50")
    dialog.get_by_label("Upload, kB/s").fill("20")
    dialog.get_by_label("Download from the beginning").check()
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_text("“Dracula” is in your downloads.")).to_be_visible()
    with session_of(qbittorrent) as client:
        item = wait_for(lambda: next(iter(client.torrents_info()), None), timeout=30, every=0.2)
    assert (item.dl_limit, item.up_limit, item.seq_dl) == (50_000, 20_000, True)
    row = next(one for one in api.get("/api/downloads/queue?q=dracula")["downloads"])
    assert (row["priority"], row["chosen_client"]) == (7, "qBittorrent")
    api.delete(f"/api/downloads/queue/{row['id']}")
    wait_for(lambda: "CleanedUp" in api.events(row["id"]), timeout=30, every=0.2)
    api.delete(f"/api/clients/{made['id']}")


def _adapter(api: Api, adapter_id: int) -> dict[str, Any]:
    row = api.get(f"/api/clients/{adapter_id}")
    return {key: row[key] for key in ("type", "name", "enabled", "priority", "settings")}


def test_a_client_that_is_gone_is_told_and_nothing_typed_is_lost(api: Api, signed_in: SignIn) -> None:
    """It was switched off while the dialog was open."""
    made = api.post("/api/clients", {"type": "qbittorrent", "name": "Elsewhere", "settings": {"host": "127.0.0.1"}})
    page = signed_in()
    page.goto("/search")
    page.get_by_role("button", name="Add a link or file").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Magnet link").fill(magnet("Gone") + "&dn=Ada+Author+-+Gone")
    expect(dialog.get_by_label("Author")).to_have_value("Ada Author")
    dialog.get_by_text("Client, priority and speed").click()
    dialog.get_by_label("Download client").select_option("Elsewhere")
    api.delete(f"/api/clients/{made['id']}")
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is no download client called Elsewhere that is enabled.")
    expect(dialog.get_by_label("Book's title")).to_have_value("Gone")


_DRAG = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, base64] of files) {
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
  }
  document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""
_PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const target = document.activeElement ?? document.body;
  target.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
}"""


@pytest.mark.parametrize("path", ["/", "/library", "/settings"])
def test_files_are_dropped_on_any_page(api: Api, signed_in: SignIn, path: str) -> None:
    """A calm sign while they are above the page; several are asked about one by one, and wrong ones are told."""
    number = len(path)
    page = signed_in()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    names = [f"Ada Author - First {number}.torrent", "notes.pdf", f"Ada Author - Second {number}.torrent"]
    files = [[name, _base64(torrent_of(info_of(name=name.encode())))] for name in names]
    page.evaluate(_DRAG, ["dragenter", files])
    expect(page.get_by_text("Drop to add")).to_be_visible()
    page.evaluate(_DRAG, ["drop", files])
    expect(page.get_by_text("Drop to add")).to_have_count(0)
    expect(page.get_by_text("Left out: notes.pdf.")).to_be_visible()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 of 2")).to_be_visible()
    expect(dialog.get_by_label("Book's title")).to_have_value(f"First {number}")
    dialog.get_by_role("button", name="Skip this one").click()
    expect(dialog.get_by_text("2 of 2")).to_be_visible()
    dialog.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_text(f"“Second {number}” is in your downloads.")).to_be_visible()
    expect(dialog).to_have_count(0)
    titles = {row["book_title"] for row in api.get("/api/downloads/queue?limit=500")["downloads"]}
    assert f"Second {number}" in titles
    assert f"First {number}" not in titles


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_link_is_pasted_outside_of_a_field(signed_in: SignIn) -> None:
    """In a field it is just text; anywhere else it is meant to be added. Other text does nothing."""
    page = signed_in()
    page.goto("/library")
    page.wait_for_load_state("networkidle")
    page.evaluate(_PASTE, "just words")
    page.evaluate(_PASTE, f"{magnet('Pasted')}&dn=Ada+Author+-+Pasted")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Book's title")).to_have_value("Pasted")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.goto("/search")
    expect(page.get_by_role("heading", name="Search")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Title, author, anything")).to_be_focused()
    page.evaluate(_PASTE, magnet("Field"))
    expect(dialog).to_have_count(0)
    search_for(page, magnet("Typed") + "&dn=Typed")  # a link that is searched for is one to be added
    expect(dialog.get_by_label("Book's title")).to_have_value("Typed")


def test_nothing_found_no_indexer_and_all_of_them_down(api: Api, feed: Feed, signed_in: SignIn) -> None:
    """Each says what it is and what to do next."""
    page = signed_in()
    page.goto("/search?q=anything")
    expect(page.get_by_text("No indexer is set up, so nothing can be found.")).to_be_visible()
    expect(page.get_by_role("link", name="Set up an indexer")).to_be_visible()
    server = feed("Feed")
    search_for(page, "nothing like it")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.get_by_role("link", name="Put it on the wanted list").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("nothing like it")
    server.fault = Fault(status=503)
    page.goto("/search?q=down")
    expect(page.get_by_text("No indexer could be asked.")).to_be_visible()
    expect(indexer(page, "Feed")).to_contain_text(re.compile(r"\w+ .*\."))
    server.fault = None
    server.add("Down by the Sea [M4B]", magnet("sea"))
    expect(page.get_by_role("button", name="Search again")).to_be_visible()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_foreign_words_stay_words(feed: Feed, signed_in: SignIn, browser_page: Pages, options: dict[str, Any]) -> None:
    """Markup, endless and right-to-left titles, in names and reasons: always text, and never wider than the page."""
    server = feed(
        f"Feed {HOSTILE}",
        f"{HOSTILE} - {HOSTILE} read by {HOSTILE} [M4B]",
        f"Somebody - {LONG[:300]} [M4B]",
        "خورخي لويس بورخيس - كتاب الرمال [M4B]",
        author=HOSTILE,
    )
    broken = feed("Broken")
    broken.page = f'<error code="900" description="{HOSTILE.replace("<", "&lt;").replace(chr(34), "&quot;")}"/>'
    page = signed_in(**options)
    page.goto("/search?q=words")
    page.get_by_label("Group by book").uncheck()
    expect(cards(page)).to_have_count(len(server.offers))
    expect(indexer(page, "Broken")).to_contain_text("onerror")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.get_by_role("button", name=re.compile("Download with options")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("window.hurt") is None
    assert page.locator("main img, dialog img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert browser_page.errors == []


def test_five_hundred_results_stay_quick(feed: Feed, signed_in: SignIn) -> None:
    """Few of them are in the document; filtering and sorting answer at once."""
    feed("Feed", *(f"Author {number} - Volume {number:03d} [M4B]" for number in range(500)))
    page = signed_in()
    page.goto("/search?q=volume")
    expect(page.get_by_text("500 releases", exact=True)).to_be_visible(timeout=30_000)
    assert cards(page).count() <= 60
    page.get_by_label("Sort by").select_option("title")
    page.get_by_role("searchbox", name="Filter results").fill("volume 333")
    expect(page.get_by_text("1 of 500 releases")).to_be_visible()
    expect(cards(page)).to_contain_text("Volume 333")
    page.get_by_role("searchbox", name="Filter results").fill("")
    page.get_by_role("button", name=re.compile("Show 440 more")).click()
    expect(cards(page)).to_have_count(120)


def test_a_wanted_book_is_searched_for_and_can_be_chosen_by_hand(api: Api, feed: Feed, signed_in: SignIn) -> None:
    """The list shows why it waits and until when; a choice by hand goes to the very download that waits."""
    server = feed("Feed")
    page = signed_in()
    page.goto("/search")
    page.get_by_role("link", name="Wanted books").click()
    page.get_by_role("button", name="Search for it").click()
    expect(page.get_by_text("The book needs a title.")).to_be_visible()
    page.get_by_label("Title", exact=True).fill("Ivanhoe")
    page.get_by_label("Author", exact=True).fill("Walter Scott")
    page.get_by_text("More about the book").click()
    page.get_by_label("Language").select_option("en")
    page.get_by_role("button", name="Search for it").click()
    expect(page.get_by_text("“Ivanhoe” is on your list.")).to_be_visible()
    book = page.get_by_label("Books that are searched for").get_by_role("listitem").filter(has_text="Ivanhoe")
    expect(book).to_contain_text("Nothing that fits was found among 0 results.")
    expect(book).to_contain_text("It is not searched for by itself any more.", timeout=30_000)
    wanted = next(row for row in api.get("/api/downloads/queue?q=ivanhoe")["downloads"])
    asked = len(server.requests)
    book.get_by_role("button", name="Search now: Ivanhoe").click()
    wait_for(lambda: len(server.requests) > asked, timeout=20, every=0.1)
    server.add("Scott - Ivanhoe and more, by somebody [MP3]", magnet("ivanhoe"), seeders=2)
    book.get_by_role("link", name="Choose by hand: Ivanhoe").click()
    expect(page.get_by_text("You are choosing a release for “Ivanhoe”.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Download: ")).click()
    expect(page.get_by_text("The release for “Ivanhoe” is chosen.")).to_be_visible()
    rows = api.get("/api/downloads/queue?q=ivanhoe")["downloads"]
    assert [row["id"] for row in rows] == [wanted["id"]]
    assert rows[0]["status"] in ("FOUND", "DOWNLOADING")


def test_a_wanted_book_can_be_taken_off_the_list(feed: Feed, signed_in: SignIn) -> None:
    """It asks once; and the same book twice is refused with what was typed kept."""
    feed("Feed")
    page = signed_in()
    page.goto("/wanted?title=Waverley&author=Walter+Scott")
    page.get_by_role("button", name="Search for it").click()
    book = page.get_by_label("Books that are searched for").get_by_role("listitem").filter(has_text="Waverley")
    book.get_by_role("button", name="No longer wanted: Waverley").click()
    page.get_by_role("button", name="Keep it").click()
    expect(book).to_be_visible()
    book.get_by_role("button", name="No longer wanted: Waverley").click()
    page.get_by_role("button", name="Take it off").click()
    expect(page.get_by_text("“Waverley” is off the list.")).to_be_visible()
    expect(book).to_have_count(0)


def test_a_book_that_is_under_way_is_not_wanted_twice(api: Api, signed_in: SignIn) -> None:
    api.download(download_url=magnet("Rob Roy"), title="Rob Roy", author="Walter Scott")
    page = signed_in()
    page.goto("/wanted?title=Rob+Roy&author=Walter+Scott")
    page.get_by_role("button", name="Search for it").click()
    expect(page.get_by_text("This book is already in your downloads.")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Rob Roy")
    page.get_by_role("link", name="Show it").click()
    expect(page.get_by_role("dialog", name="Rob Roy")).to_be_visible()


def test_the_upload_of_a_torrent_by_the_dialog(api: Api, signed_in: SignIn, tmp_path: Path) -> None:
    """The file chooser takes several: the first is this form's, the others come after it."""
    paths = [tmp_path / f"Ada Author - Chosen {number}.torrent" for number in (1, 2)]
    for path in paths:
        path.write_bytes(torrent_of(info_of(name=path.name.encode())))
    page = signed_in()
    page.goto("/search")
    page.get_by_role("button", name="Add a link or file").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(".torrent or .nzb file").set_input_files([str(path) for path in paths])
    for number in (1, 2):
        expect(dialog.get_by_text(f"{number} of 2")).to_be_visible()
        expect(dialog.get_by_label("Book's title")).to_have_value(f"Chosen {number}")
        dialog.get_by_role("button", name="Download", exact=True).click()
        expect(page.get_by_text(f"“Chosen {number}” is in your downloads.")).to_be_visible()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_results_options_and_the_wanted_list_are_for_everyone(
    api: Api, feed: Feed, signed_in: SignIn, colours: Literal["light", "dark"]
) -> None:
    """By axe, with all that can be opened: a group, reasons, filters, the dialog; and a wanted book."""
    feed("Feed", "Jane Austen - Emma [M4B]", "Jane Austen - Emma [MP3]", "Jane Austen - Lady Susan [MP3]")
    feed("Broken").fault = Fault(status=503)
    wanted = api.post("/api/downloads/queue", {"title": f"Rarity {colours}", "author": "Nobody"})["download_id"]
    page = signed_in(color_scheme=colours, reduced_motion="reduce")
    page.goto("/search?q=austen")
    expect(page.get_by_text("3 releases", exact=True)).to_be_visible()
    page.get_by_role("button", name="1 other release").click()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="Search by field").click()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = {"results": violations(page)}
    page.get_by_role("button", name=re.compile("Download with options")).first.click()
    page.get_by_role("dialog").wait_for()
    found["dialog"] = violations(page)
    page.goto("/wanted")
    expect(page.get_by_role("link", name=f"Rarity {colours}", exact=True)).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found["wanted"] = violations(page)
    api.delete(f"/api/downloads/queue/{wanted}")
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_a_keyboard_finds_opens_and_downloads(feed: Feed, signed_in: SignIn) -> None:
    """From the box to the download, and what gathers meanwhile, without a mouse."""
    feed("Feed", "Ann Radcliffe - Udolpho [M4B]")
    slow = feed("Slow", "Ann Radcliffe - Udolpho, another [M4B]")
    slow.gate = threading.Event()
    page = signed_in()
    page.goto("/search")
    expect(page.get_by_role("heading", name="Search")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("udolpho")
    page.keyboard.press("Enter")
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Feed")).to_be_focused()
    slow.gate.set()
    expect(page.get_by_role("button", name="Show 1 new release")).to_be_visible()
    page.keyboard.press("n")
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name="Download: Ann Radcliffe - Udolpho [M4B]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Udolpho” is in your downloads.")).to_be_visible()
