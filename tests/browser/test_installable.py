"""The application can be installed, by the browser's own judgement, at the root and below a path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browser import Pages
from tests.support.prefix_proxy import PrefixProxy
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

BASE = "/shelf/books"


@pytest.fixture(scope="module")
def below(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("below"), {"AURALARCHIVE_SERVER__BASE_PATH": BASE}) as server:
        yield server


def test_the_application_can_be_installed(application: RunningServer, browser_page: Pages) -> None:
    """Chromium finds the manifest, the icons and the start page, and has nothing against any of them."""
    page = browser_page(base_url=application.url)
    assert _installable(page, "/") == (f"{application.url}/manifest.webmanifest", [])
    assert browser_page.errors == []


def test_below_a_path_it_starts_below_the_path(below: RunningServer, browser_page: Pages) -> None:
    """Another application on the same host is another one: start page, scope and icons stay below."""
    with PrefixProxy(below.port, BASE, strip=True) as proxy:
        page = browser_page(base_url=proxy.url)
        assert _installable(page, f"{BASE}/") == (f"{proxy.url}{BASE}/manifest.webmanifest", [])
        manifest = page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then(one => one.json())")
        for address in (manifest["start_url"], manifest["scope"], *(icon["src"] for icon in manifest["icons"])):
            full = page.evaluate("([one, base]) => new URL(one, base).href", [address, f"{proxy.url}{BASE}/x"])
            assert full.startswith(f"{proxy.url}{BASE}/")
            assert page.request.get(full).ok
        apple = page.locator("link[rel=apple-touch-icon]").get_attribute("href")
        assert apple == f"{BASE}/apple-touch-icon.png"
        assert page.request.get(apple).headers["content-type"] == "image/png"


def _installable(page: Page, path: str) -> tuple[str, list[Any]]:
    """The manifest that Chromium found, and what it has against it, but that a test's session is never kept."""
    page.goto(path)
    page.get_by_role("heading").first.wait_for()
    browser = page.context.new_cdp_session(page)
    found = browser.send("Page.getAppManifest")
    against = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
    wrong = [*found["errors"], *(one for one in against if one["errorId"] != "in-incognito")]
    return found["url"], wrong
