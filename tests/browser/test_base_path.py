"""Behind a reverse proxy under a path: pages, API, live events and signing in, whether it strips the path or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NAME, PASSWORD
from tests.support.browser import Pages
from tests.support.prefix_proxy import PrefixProxy
from tests.support.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BASE = "/shelf/books"


@pytest.fixture(scope="module")
def below(built_pages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    environment = {"AURALARCHIVE_SERVER__BASE_PATH": BASE}
    with RunningServer(tmp_path_factory.mktemp("below"), environment) as server:
        yield server


@pytest.mark.parametrize("strip", [True, False], ids=["stripped", "kept"])
def test_everything_works_under_a_path(below: RunningServer, browser_page: Pages, strip: bool) -> None:
    """Nothing is asked for outside of the path: the proxy has nothing else, and the page would complain."""
    with PrefixProxy(below.port, BASE, strip=strip) as proxy:
        page = browser_page(base_url=proxy.url, locale="en-GB")
        page.goto(BASE)
        expect(page.get_by_role("heading", name=re.compile("Welcome|Sign in"))).to_be_visible()
        needed = page.request.get(f"{BASE}/api/auth/status").json()["setup_needed"]
        answer = page.request.post(
            f"{BASE}/api/auth/{'setup' if needed else 'login'}", data={"name": NAME, "password": PASSWORD}
        )
        assert answer.ok, answer.text()
        assert [cookie.get("path") for cookie in page.context.cookies()] == [BASE]
        page.goto(BASE)
        page.get_by_role("heading", level=1, name="Home").wait_for()
        page.goto(f"{BASE}/downloads")
        page.get_by_role("heading", level=1, name="Downloads").wait_for()
        asked = page.evaluate("performance.getEntriesByType('resource').map(one => new URL(one.name).pathname)")
        assert all(path.startswith(f"{BASE}/") for path in asked)
        title = f"Live through the proxy, path {'stripped' if strip else 'kept'}"
        made = below.api().download(download_url=f"magnet:?xt=urn:btih:{8 + int(strip):040x}", title=title, author="A")
        page.get_by_role("link", name=title).click()
        expect(page).to_have_url(f"{proxy.url}{BASE}/downloads/{made}")
        page.reload()
        expect(page.get_by_role("dialog").get_by_text("Added to the queue")).to_be_visible()
        page.goto(f"{BASE}/search")
        page.get_by_role("link", name="Home").first.click()
        expect(page).to_have_url(f"{proxy.url}{BASE}/")
    assert browser_page.errors == []
