"""Every place, in light, dark and on a phone, by axe: nothing serious that a machine can see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations as _violations
from tests.browser.conftest import SignIn
from tests.browser.house import QUERY, House
from tests.browser.places import visit
from tests.support.browser import Pages
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True},
}
#: Buttons that open a form, on whatever page.
_ADDING = re.compile(r"^Add\b")


@pytest.mark.parametrize("look", LOOKS)
def test_no_place_has_a_serious_violation(at_home: SignIn, every_place: list[str], look: str) -> None:
    """Names, roles, contrast, order: on every page, part, book and download, with all that can be unfolded."""
    page = at_home(**LOOKS[look], reduced_motion="reduce")
    found = {}
    for path in every_place:
        visit(page, path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[path] = _violations(page)
        found[f"{path} menu"] = _violations_in_menu(page)
    assert _wrong(found) == {}


@pytest.mark.parametrize("look", LOOKS)
def test_no_dialog_has_one(at_home: SignIn, house: House, every_place: list[str], look: str) -> None:
    """Every form to add something, the list of keys, and a confirmation above a drawer."""
    page = at_home(**LOOKS[look], reduced_motion="reduce")
    found = {}
    for path in every_place:
        visit(page, path)
        for button in page.locator("#content").get_by_role("button", name=_ADDING).all():
            button.click()
            if page.get_by_role("dialog").count():
                found[f"{path} {button}"] = _violations(page)
                page.keyboard.press("Escape")
    assert len(found) >= 3
    visit(page, "/library")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    found["keys"] = _violations(page)
    visit(page, f"/downloads/{house.downloads.paused}")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(2)
    found["confirmation"] = _violations(page)
    assert _wrong(found) == {}


@pytest.mark.parametrize("look", LOOKS)
def test_neither_results_nor_the_player_have_one(at_home: SignIn, house: House, look: str) -> None:
    """A search with its scores opened, a book that plays with its chapters beside it, and an address of nothing."""
    page = at_home(**LOOKS[look], reduced_motion="reduce")
    visit(page, "/search")
    page.get_by_role("main").get_by_role("searchbox").first.fill(QUERY)
    page.keyboard.press("Enter")
    page.get_by_role("article").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = {"results": _violations(page)}
    visit(page, f"/library/{house.api.get('/api/library/books')['items'][0]['id']}")
    page.get_by_role("button", name=re.compile("^(Play|Continue at .*)$")).first.click()
    player = page.get_by_role("region", name="Player")
    player.wait_for()
    found["player"] = _violations(page)
    player.get_by_role("button", name="Chapters, speed and sleep timer").click()
    page.get_by_role("dialog").wait_for()
    found["player's panel"] = _violations(page)
    visit(page, "/nothing/is/here")
    found["nothing"] = _violations(page)
    assert _wrong(found) == {}


@pytest.mark.parametrize("look", LOOKS)
def test_the_door_has_none(house: House, built_pages: None, browser_page: Pages, tmp_path: Path, look: str) -> None:
    """Signing in, with a refusal; and the first account."""
    page = browser_page(base_url=house.server.url, locale="en-GB", **LOOKS[look])
    with RunningServer(tmp_path / "fresh") as fresh:
        page.goto(fresh.url)
        page.get_by_role("button", name="Create account").click()
        found = {"setup": _violations(page)}
        name, password = {"name": "ada"}, {"password": "a long sentence is easy"}
        page.request.post(f"{house.server.url}/api/auth/setup", data=name | password)
    page.goto("/")
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    found["sign in"] = _violations(page)
    assert _wrong(found) == {}


def _violations_in_menu(page: Page) -> list[str]:
    """Of the first menu of the page, when it has one."""
    button = page.locator("#content [aria-haspopup=menu]:visible").first
    if not button.count():
        return []
    button.click()
    page.get_by_role("menu").wait_for()
    wrong = _violations(page)
    page.keyboard.press("Escape")
    return wrong


def _wrong(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {place: violations for place, violations in found.items() if violations}
