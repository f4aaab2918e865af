"""Text from indexers, torrents and files is only ever text, and the browser itself is told to run nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.house import HOSTILE, QUERY, House
from tests.browser.places import visit
from tests.support.browser import Pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: Whatever in the document came from markup that is not ours, or leads where no link of ours may lead.
_FOREIGN = """() => [
  ...(window.hurt === undefined ? [] : ['a foreign script ran']),
  ...[...document.querySelectorAll('#app *')].flatMap((one) => [
    ...one.getAttributeNames().filter((name) => name.startsWith('on')).map((name) => `${one.tagName} has ${name}`),
    ...(one.matches('script, style, iframe, object, embed, base, form[action]') ? [one.outerHTML.slice(0, 120)] : []),
    ...(one.matches('img') && !new URL(one.src).pathname.startsWith('/api/library/') ? [one.outerHTML] : []),
    ...(one.matches('a[href]') && !/^https?:$/.test(one.protocol) ? [one.outerHTML.slice(0, 120)] : []),
  ]),
]"""


@pytest.fixture
def hosts() -> set[str]:
    """Every host that a page has asked for anything."""
    return set()


def test_every_place_shows_hostile_text_as_text(
    at_home: SignIn, house: House, every_place: list[str], browser_page: Pages, hosts: set[str]
) -> None:
    """On all pages with a hostile book, queue and indexer nothing runs, nothing loads, and no other host is asked."""
    page = at_home()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    found = {}
    books = [book["id"] for book in house.api.get("/api/library/books")["items"]]
    downloads = [row["id"] for row in house.api.get("/api/downloads/queue")["downloads"]]
    for path in (
        *every_place,
        *(f"/library/{book}" for book in books),
        *(f"/downloads/{download}" for download in downloads),
    ):
        visit(page, path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[path] = page.evaluate(_FOREIGN)
    assert {path: foreign for path, foreign in found.items() if foreign} == {}
    assert hosts == {house.server.url.removeprefix("http://")}
    assert browser_page.errors == []


def test_a_hostile_indexer_finds_only_text(at_home: SignIn, house: House, browser_page: Pages, hosts: set[str]) -> None:
    """Its releases, its own name, and what a form is filled with from them."""
    page = at_home()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    visit(page, "/search")
    page.get_by_role("main").get_by_role("searchbox").first.fill(QUERY)
    page.keyboard.press("Enter")
    results = page.get_by_role("article")
    results.first.wait_for()
    assert results.count() >= 3
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(_FOREIGN) == []
    expect(page.get_by_role("main").get_by_text("onerror").first).to_be_visible()  # as it is written
    results.filter(has_text="onerror").first.get_by_role("button", name="Download:").click()
    page.get_by_role("dialog").wait_for()
    assert page.evaluate(_FOREIGN) == []
    assert hosts == {house.server.url.removeprefix("http://")}
    assert browser_page.errors == []


def test_a_hostile_title_in_a_question(at_home: SignIn, house: House) -> None:
    """Dialogs and messages that name it say it as it is."""
    page = at_home()
    visit(page, f"/downloads/{house.downloads.running}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name=HOSTILE.title)).to_be_visible()
    drawer.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog").last.get_by_text(HOSTILE.title)).to_be_visible()
    assert page.evaluate(_FOREIGN) == []


def test_the_browser_runs_nothing_that_came_with_text(at_home: SignIn) -> None:
    """Should markup get into the document all the same: scripts in it, handlers, eval and such links do nothing."""
    page = at_home()
    visit(page, "/downloads")
    page.evaluate(
        """() => {
          window.refused = [];
          document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.hurt = 1';
          document.body.append(script);
          document.body.insertAdjacentHTML('beforeend', '<i id="trap" onclick="window.hurt = 2">x</i>');
          document.getElementById('trap').click();
          const link = Object.assign(document.createElement('a'), { href: 'javascript:window.hurt = 3' });
          document.body.append(link);
          link.click();
          const picture = new Image();
          picture.src = 'https://example.org/pixel.png';
        }"""
    )
    _without_tools(page, "() => { try { window.hurt = new Function('return 4')(); } catch { refused.push('eval'); } }")
    page.wait_for_timeout(500)  # milliseconds: whatever would run has run
    assert page.evaluate("window.hurt") is None
    assert {"eval", "script-src-elem", "script-src-attr", "img-src"} <= set(page.evaluate("refused"))


def _without_tools(page: Page, function: str) -> None:
    """Run it as a task of the page: what developer tools evaluate themselves may do more."""
    page.evaluate(f"() => new Promise((done) => setTimeout(() => {{ ({function})(); done(); }}, 0))")
