"""A reader of German meets no English of ours, and no layout breaks under longer words or the other direction."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import ROOT, SignIn
from tests.browser.house import QUERY
from tests.browser.places import visit
from tests.support.browser import Pages
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CATALOGUES = ROOT / "frontend" / "src" / "i18n"
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
#: All that a person or a screen reader is told.
_TOLD = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = [document.title];
  while (walker.nextNode()) told.push(walker.currentNode.textContent.trim());
  for (const one of document.querySelectorAll('[aria-label], [title], [placeholder], [alt], [aria-valuetext]'))
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext'])
      told.push(one.getAttribute(name) ?? '');
  return told.filter(Boolean);
}"""
#: A language that exists only here: each word of ours grows by two fifths, as German and Finnish do.
_LONGER = """
const changed = '\\u200c';
const grow = (text) => text.replaceAll('e', 'é').replaceAll('o', 'ø') + ' ' + 'õ'.repeat(text.trim().length * 0.4);
const change = (root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let at = root.nodeType === Node.TEXT_NODE ? root : walker.nextNode(); at; at = walker.nextNode())
    if (/\\p{L}{2}/u.test(at.data) && !at.data.startsWith(changed)) at.data = changed + grow(at.data);
};
addEventListener('DOMContentLoaded', () =>
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) [target, ...addedNodes].forEach(change);
  }).observe(document.body, { childList: true, subtree: true, characterData: true }));
"""
_MIRRORED = """
new MutationObserver(() => {
  if (document.documentElement && document.documentElement.dir !== 'rtl') document.documentElement.dir = 'rtl';
}).observe(document, { childList: true, subtree: true, attributes: true });
"""
#: Our own words that stick out of their button, tab or badge; foreign ones may be cut with dots.
_STICKING_OUT = """() => [...document.querySelectorAll('button, a.button, nav a, .badge, summary, h1, h2, label')]
  .filter(one => one.checkVisibility() && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1)
  .filter(one => !one.closest('.clip, .sr-only') && getComputedStyle(one).textOverflow !== 'ellipsis')
  .filter(one => getComputedStyle(one).webkitLineClamp === 'none')
  .map(one => one.outerHTML.slice(0, 200))"""
#: Controls that no scrolling brings onto the screen.
_OUT_OF_REACH = """() => {
  const scrolls = (one) => one && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  const outside = ({ left, right, width }) => width > 0 && (right <= 0 || left >= innerWidth);
  return [...document.querySelectorAll('#content :is(button, a, input, select, textarea)')]
    .filter(one => one.checkVisibility() && !one.closest('.sr-only') && outside(one.getBoundingClientRect()))
    .filter(one => !scrolls(one))
    .map(one => one.outerHTML.slice(0, 200));
}"""


def test_a_reader_of_german_meets_no_english(at_home: SignIn, every_place: list[str]) -> None:
    """The browser's language is spoken on every page; of the English catalogue nothing is left there."""
    page = at_home(locale="de-DE")
    said_by_server: list[str] = []
    page.on("response", lambda answer: _remember(answer, said_by_server))
    english = _sentences(CATALOGUES / "en") - _sentences(CATALOGUES / "de")
    assert len(english) > 100
    found = {}
    for path in every_place:
        visit(page, path)
        assert page.evaluate("document.documentElement.lang") == "de"
        found[path] = _english(page, english)
    visit(page, "/search")
    page.get_by_role("searchbox").first.fill(QUERY)
    page.keyboard.press("Enter")
    page.get_by_role("article").first.wait_for()
    found["results"] = _english(page, english)
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    found["sign in"] = _english(page, english)
    # What the server says (reasons, findings, the forms of clients) is its own; "Library" may be among it.
    server = " ".join(said_by_server)
    assert {path: left for path, words in found.items() if (left := [one for one in words if one not in server])} == {}


def test_another_language_speaks_english(application: RunningServer, browser_page: Pages) -> None:
    """Whoever reads neither gets the first language, said to be so."""
    page = browser_page(base_url=application.url, locale="fi-FI")
    page.goto("/")
    expect(page.get_by_role("button", name=re.compile("Create account|Sign in"))).to_be_visible()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["en", "ltr"]


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("change", ["longer", "mirrored"])
def test_layouts_hold(at_home: SignIn, every_place: list[str], change: str, width: int) -> None:
    """Under longer words and from right to left nothing is cut, covered or out of reach.

    320 pixels are also a window of 1280 at 400 %, and less than one of 640 at 200 %.
    """
    page = at_home(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    page.add_init_script(_LONGER if change == "longer" else _MIRRORED)
    found: dict[str, Any] = {}
    for path in every_place:
        visit(page, path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        out = page.evaluate(_STICKING_OUT) + page.evaluate(_OUT_OF_REACH)
        if wider > 0 or out:
            found[path] = (wider, out)
    assert found == {}


def _remember(answer: Response, said: list[str]) -> None:
    if "/api/" in answer.url and "json" in answer.headers.get("content-type", ""):
        said.append(answer.text())


def _english(page: Page, sentences: set[str]) -> list[str]:
    told: list[str] = page.evaluate(_TOLD)
    return sorted({one for one in told if one in sentences})


def _sentences(folder: Path) -> set[str]:
    """What the catalogue says, with what stands around the blanks of a sentence as sentences of their own."""
    found = set()
    for file in folder.glob("*.ts"):
        for quoted, template in _QUOTED.findall(file.read_text("utf-8")):
            found |= {part.strip() for part in (quoted, *re.split(r"\$\{[^}]*\}", template))}
    return {one for one in found if re.search(r"[A-Za-z]{3}", one)}
