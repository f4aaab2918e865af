"""Ten thousand downloads in one list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SignIn
from tests.support.browser import Pages
from tests.support.server import Api, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

COUNT, LIMIT, STEPS = 10_000, 500, 60


@pytest.fixture
def template(application: RunningServer) -> dict[str, Any]:
    """A real row, as the application gives it."""
    api: Api = application.api()
    made = api.download(download_url="magnet:?xt=urn:btih:" + "cd" * 20, title="One of Many", author="Nobody")
    return api.row(made)


def test_ten_thousand_rows_stay_smooth(template: dict[str, Any], signed_in: SignIn, browser_page: Pages) -> None:
    """Only what is on the screen is in the document; scrolling, filtering and sorting answer at once."""
    page = signed_in(viewport={"width": 1440, "height": 900})
    page.route("**/api/downloads/queue?*", lambda route: _answer(route, template))
    page.goto("/downloads")
    expect(page.get_by_text("10,000 downloads")).to_be_visible(timeout=30_000)
    assert page.get_by_role("row").count() < 60

    with _work(page) as work:
        frames = sorted(page.evaluate(_SCROLL))
    # Milliseconds. What the page itself does in a step of 1,500 pixels is its own; how long a frame lasts is also
    # the machine's, which has no GPU and other things to do.
    assert work() / STEPS < 60, work()
    assert frames[int(STEPS * 0.9)] < 250, frames
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("link", name="Volume 00001", exact=True)).to_be_in_viewport()
    assert page.get_by_role("row").count() < 60

    page.get_by_role("searchbox", name="Filter by text").fill("volume 07777")
    expect(page.get_by_text("1 of 10,000 downloads")).to_be_visible(timeout=2_000)
    expect(page.get_by_role("link", name="Volume 07777")).to_be_in_viewport()
    assert browser_page.errors == []


@contextmanager
def _work(page: Page) -> Iterator[Callable[[], float]]:
    """Milliseconds of processor time that the page's thread spends inside."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration") * 1000

    before, after = spent(), 0.0
    yield lambda: after - before
    after = spent()
    session.detach()


_SCROLL = """async () => {
  const frames = [];
  let last = performance.now();
  for (let step = 0; step < 60; step += 1) {
    scrollBy(0, 1500);
    const now = await new Promise(requestAnimationFrame);
    frames.push(Math.round(now - last));
    last = now;
  }
  return frames;
}"""


def _answer(route: Route, template: dict[str, Any]) -> None:
    start = int(parse_qs(urlsplit(route.request.url).query).get("cursor", [str(COUNT)])[0])
    ids = range(start, max(0, start - LIMIT), -1)
    rows = [{**template, "id": number, "book_title": f"Volume {number:05d}"} for number in ids]
    cursor = str(start - LIMIT) if start > LIMIT else None
    body = {"downloads": rows, "total": COUNT, "next_cursor": cursor}
    route.fulfill(body=json.dumps(body), content_type="application/json")
