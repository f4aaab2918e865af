"""Every page, in light and dark, by axe: nothing serious that a machine can see."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SignIn
from tests.support.browser import Pages
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    *("/", "/search", "/downloads", "/library", "/system", "/library/nothing", "/welcome", "/settings"),
    *(
        f"/settings/{part}"
        for part in ("indexers", "library", "naming", "downloads", "conversion", "account", "appearance")
    ),
)
_RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.help}: ${one.nodes.map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`)
"""


@pytest.fixture(scope="module")
def filled(application: RunningServer) -> int:
    """A download in each state that can be had at once; returns the id of one."""
    api = application.api()
    paused = api.download(download_url=f"magnet:?xt=urn:btih:{91:040x}", title="Paused", author="Somebody")
    api.post(f"/api/downloads/queue/{paused}/pause")
    gone = api.download(download_url=f"magnet:?xt=urn:btih:{92:040x}", title="Cancelled", author="Somebody")
    api.delete(f"/api/downloads/queue/{gone}")
    api.post("/api/downloads/queue", {"title": "Nobody has it", "author": "Somebody"})
    return paused


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_has_a_serious_violation(
    filled: int, signed_in: SignIn, browser_page: Pages, colours: Literal["light", "dark"]
) -> None:
    """Names, roles, contrast, order; the dialogs and the sign-in form as well."""
    page = signed_in(color_scheme=colours, reduced_motion="reduce")
    found: dict[str, Any] = {}
    for path in (*PAGES, f"/downloads/{filled}"):
        page.goto(path)
        page.get_by_role("heading").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[path] = _violations(page)
    page.goto("/settings")
    page.get_by_role("button", name="Add a client").click()
    page.get_by_role("dialog").wait_for()
    found["dialog"] = _violations(page)
    page.context.clear_cookies()
    page.goto("/")
    page.get_by_role("button", name="Sign in").wait_for()
    found["sign in"] = _violations(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def _violations(page: Page) -> list[str]:
    # Evaluated, not added as a script: the page's own rules let in no script of somebody else.
    page.evaluate(AXE.read_text("utf-8"))
    wrong: list[str] = page.evaluate(_RUN)
    return wrong
