"""What the page costs the browser: 1,000 rows that change every second, among 10,000, for hours on end.

    .venv/bin/python -m bench.bench_page_live [--rows 10000] [--moving 1000]

The web application, its store, the live gateway and the built pages are real, in a server over loopback; so is
Chromium. Only the figures of the downloads are made up: no swarm on one machine moves a thousand torrents. They go
onto the board that the monitor writes to, and from there the way of all figures. Told are the renderer's share of a
core, how soon a change of a state is on the screen after its commit, and what 10,000 events leave in memory.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from auralarchive.domain import events as e
from auralarchive.pipeline.live import Live
from bench.report import Bound, against_bounds
from tests.contract.store.support import enqueue, step, to_downloading
from tests.support.browser import chromium
from tests.support.web import PASSWORD, World, make_world, serving

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "src" / "auralarchive" / "web" / "static"

WATCHED_SECONDS = 20
CHANGES = 200
EVENTS = 10_000
#: Events before the memory is first looked at: what is loaded once is no growth.
WARM_UP = 1_000
SIZE = 400_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a page that is kept open costs the browser.")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--moving", type=int, default=1_000)
    asked = parser.parse_args()
    subprocess.run([sys.executable, "hatch_build.py", "build"], cwd=ROOT, check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        world = make_world(Path(folder))
        world.services = dataclasses.replace(world.services, static_dir=STATIC)
        moving = _fill(world, asked.rows, asked.moving)
        with serving(world), _figures(world, moving):
            _costs(browser, world, asked.rows, asked.moving)
            _latency(browser, world, moving[0])
            _memory(browser, world, moving)


def _fill(world: World, rows: int, moving: int) -> list[int]:
    """Copies of one row, the newest of them downloading; the ids of these, newest first."""
    model = step(world.store, enqueue(world.store), *to_downloading())
    with sqlite3.connect(world.root / "test.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(download_queue)") if row[1] != "id"]
        ours = {
            "book_asin": "'AA-' || n.value",
            "book_title": "'Volume ' || n.value",
            "sort_title": "'volume ' || n.value",
            "status": f"CASE WHEN n.value > {rows - moving - 1} THEN 'DOWNLOADING' ELSE 'IMPORTED' END",
            "download_client_id": "'item-' || n.value",
        }
        copied = ", ".join(ours.get(column, f"q.{column}") for column in columns)
        connection.execute(
            f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {rows - 1}) "
            f"INSERT INTO download_queue ({', '.join(columns)}) SELECT {copied} FROM n, download_queue q "
            f"WHERE q.id = {model.id}"
        )
    connection.close()
    return list(range(rows, rows - moving, -1))


@contextmanager
def _figures(world: World, moving: Sequence[int]) -> Iterator[None]:
    """Every one of these moves on every second."""
    over = threading.Event()

    def move() -> None:
        chance, done = random.Random(1), dict.fromkeys(moving, 0.0)
        while not over.wait(1):
            for number in moving:
                done[number] = (done[number] + chance.uniform(0.01, 0.4)) % 100
            world.monitor.board.put({number: _live(done[number], chance) for number in moving})

    thread = threading.Thread(target=move, name="figures")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _live(percent: float, chance: random.Random) -> Live:
    speed = chance.randint(200_000, 4_000_000)
    have = int(SIZE * percent / 100)
    return Live(round(percent, 2), speed, 10_000, (SIZE - have) // speed, have, SIZE, 0.1, None, "downloading")


def _opened(browser: Browser, world: World, path: str) -> tuple[Page, CDPSession]:
    page = browser.new_context(base_url=world.url, locale="en-GB", viewport={"width": 1440, "height": 900}).new_page()
    page.goto("/")
    needed = page.request.get("/api/auth/status").json()["setup_needed"]
    page.request.post(f"/api/auth/{'setup' if needed else 'login'}", data={"name": "ann", "password": PASSWORD})
    page.goto(path)
    page.get_by_role("progressbar").first.wait_for(timeout=60_000)
    page.wait_for_timeout(6_000)  # milliseconds: the whole list is there
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return page, session


def _costs(browser: Browser, world: World, rows: int, moving: int) -> None:
    """With drawing and sending: on a machine without a graphics card the browser draws on the processor."""
    views = {
        "newest first": "/downloads",
        "by speed, put in order every second": "/downloads?sort=speed",
        "cards": "/downloads?view=cards",
        "first page": "/",
    }
    bounds = []
    for name, path in views.items():
        page, _ = _opened(browser, world, path)
        every, renderer = _share(browser)
        bounds += [Bound(f"{name}: whole browser", every * 100, 30), Bound(f"{name}: renderer", renderer * 100, 30)]
        page.context.close()
    against_bounds(f"Page: {moving} of {rows} rows change every second", bounds, "% of a core")


def _share(browser: Browser) -> tuple[float, float]:
    """Shares of a core over the time watched: of all processes of the browser, and of its renderers.

    Work, as /proc counts it, not time: a busy machine makes a page wait, but that is no cost of the page.
    """
    session = browser.new_browser_cdp_session()
    before, started = _work(session), time.monotonic()
    time.sleep(WATCHED_SECONDS)
    after, seconds = _work(session), time.monotonic() - started
    session.detach()
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds


def _work(session: CDPSession) -> tuple[float, float]:
    """Seconds of work so far: of all processes, and of the renderers. Those that only wait add nothing."""
    processes: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = sum(float(one["cpuTime"]) for one in processes if one["type"] == "renderer")
    return sum(float(one["cpuTime"]) for one in processes), renderers


def _metric(session: CDPSession, name: str) -> float:
    metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == name)


_WATCH = """
window.shown = [];
new MutationObserver((changes) => {
  if (!changes.some(({ target }) => target.parentElement?.closest(".badge"))) return;
  requestAnimationFrame(() => window.shown.push(performance.timeOrigin + performance.now()));
}).observe(document.querySelector("[role=grid]"), { characterData: true, childList: true, subtree: true });
"""

_SHOWN = """new Promise((done) => {
  const look = () => (window.shown.length > 0 ? done(window.shown[0]) : requestAnimationFrame(look));
  look();
})"""


def _latency(browser: Browser, world: World, changing: int) -> None:
    """From the commit, as the log has it, to the frame in which the new state is drawn; all else goes on."""
    page, _ = _opened(browser, world, "/downloads")
    page.evaluate(_WATCH)
    taken = []
    for number in range(CHANGES):
        event = e.ResumeRequested() if number % 2 else e.PauseRequested()
        page.evaluate("window.shown.length = 0")
        world.recorder.record(changing, event)
        shown = float(page.evaluate(_SHOWN)) / 1000
        taken.append(shown - world.store.downloads.events(changing)[-1].at.timestamp())
        time.sleep(0.15)
    page.context.close()
    taken.sort()
    bounds = [
        Bound("p50", statistics.median(taken) * 1000, 300),
        Bound("p99", taken[int(len(taken) * 0.99)] * 1000, 300),
    ]
    against_bounds("Page: change of a state, from its commit to the screen", bounds, "ms")


def _memory(browser: Browser, world: World, moving: Sequence[int]) -> None:
    """Rows pause and go on, one after the other; the same rows at the end as at the beginning."""
    page, session = _opened(browser, world, "/downloads")
    rows = moving[:100]
    _events(world, rows, WARM_UP)
    before = _heap(page, session)
    _events(world, rows, EVENTS)
    after = _heap(page, session)
    against_bounds(f"Page: memory after {EVENTS} events", [Bound("growth", (after - before) / 1e6, 10)], "MB")
    page.context.close()


def _events(world: World, rows: Sequence[int], count: int) -> None:
    for number in range(count):
        paused = (number // len(rows)) % 2
        world.recorder.record(rows[number % len(rows)], e.ResumeRequested() if paused else e.PauseRequested())


def _heap(page: Page, session: CDPSession) -> float:
    """Bytes in use once everything that nobody needs is gone."""
    page.wait_for_timeout(8_000)  # milliseconds: all events have come, and messages have left
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return _metric(session, "JSHeapUsedSize")


if __name__ == "__main__":
    main()
