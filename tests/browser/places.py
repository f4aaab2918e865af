"""Every place that the pages have, found by itself: the router's pages, and what their links lead to.

Parts of the settings and of the system, a book, a download: a page that links to a new part is enough for the tests
and pictures of every page to go there.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as NotInTime

_ROUTER = Path(__file__).parents[2] / "frontend" / "src" / "lib" / "router.svelte.ts"
_PATIENCE_MS = 4_000
_LINKS = "[...document.querySelectorAll('a[data-route]')].map(link => link.dataset.route)"


def pages() -> list[str]:
    """The addresses of the router's pages, as its source names them."""
    names = re.search(r"PAGES = \[(.*?)\]", _ROUTER.read_text("utf-8"), re.DOTALL)
    assert names
    found: list[str] = re.findall(r'"([a-z]+)"', names[1])
    return ["/" if name == "dashboard" else f"/{name}" for name in found]


def places(page: Page) -> list[str]:
    """All pages, and one of each kind that links on them lead to; `page` is signed in and goes to all of them."""
    ahead, seen = pages(), dict[str, str]()
    while ahead:
        path = ahead.pop(0)
        if _kind(path) in seen:
            continue
        seen[_kind(path)] = path
        visit(page, path)
        links: list[str] = page.evaluate(_LINKS)
        ahead += [link.partition("?")[0] for link in links]
    return sorted(seen.values())


def visit(page: Page, path: str) -> None:
    """Go there and wait until it has what it shows; a page that never stops asking has it after a few seconds."""
    page.goto(path)
    page.locator("#content h1").wait_for()
    with contextlib.suppress(NotInTime):
        page.wait_for_load_state("networkidle", timeout=_PATIENCE_MS)


def _kind(path: str) -> str:
    return re.sub(r"\d+", "0", path)
