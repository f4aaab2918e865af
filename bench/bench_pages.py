"""The pages: what the first load weighs, how soon they can be used, and what Lighthouse says of them.

    .venv/bin/python -m bench.bench_pages [--no-lighthouse]

Everything is real: the program in its own process with books and downloads in it, Debian's Chromium with an empty
cache, over loopback. Lighthouse comes once from npm's registry into the folder of the benches; it measures offline.
Its scores for `phone` are of a slow phone in a slow network that it reckons with; those for `desk` of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from bench.audio.books import bench_folder
from bench.report import Bound, against_bounds, rows
from hatch_build import find_node, npm_of
from tests.browser.conftest import NAME, PASSWORD
from tests.browser.house import House
from tests.browser.places import places
from tests.support.browser import FLAGS, chromium, chromium_path

LIGHTHOUSE = "12.8.2"
TURNS = 7
KILOBYTE = 1000
#: When a person can begin: the form takes a name; the dashboard shows a download and leads to it.
FORM = "document.querySelector('form button') && document.querySelector('input[autocomplete=username]')"
DASHBOARD = "document.querySelector('#content a[data-route^=\"/downloads/\"]')"
#: The time since the navigation began, once the frame after that is painted and nothing holds up a click.
_UNTIL = """() => new Promise((done) => {
  const painted = () => setTimeout(() => done(performance.now()));
  const look = () => requestAnimationFrame((%s) ? painted : look);
  look();
})"""


@dataclass(frozen=True, slots=True)
class Load:
    """One script or style: its address, its bytes on the way, and the bytes that they unpack to."""

    url: str
    packed: int
    plain: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the pages.")
    parser.add_argument("--no-lighthouse", action="store_true", help="leave out what npm's registry is needed for")
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house, chromium() as browser:
        cookie = _account(browser, house)
        _weigh(browser, house, cookie)
        _wait(browser, house, cookie)
        if not parser.parse_args().no_lighthouse:
            _score(house, cookie)


def _account(browser: Browser, house: House) -> dict[str, Any]:
    """Somebody lives here; their cookie."""
    context = browser.new_context(base_url=house.server.url)
    page = context.new_page()
    page.goto("/")
    assert page.request.post("/api/auth/setup", data={"name": NAME, "password": PASSWORD}).ok
    (cookie,) = context.cookies()
    context.close()
    return dict(cookie)


def _fresh(browser: Browser, house: House, cookie: dict[str, Any] | None) -> BrowserContext:
    """A browser that has never been here."""
    context = browser.new_context(base_url=house.server.url, locale="en-GB", viewport={"width": 1440, "height": 900})
    if cookie:
        context.add_cookies([cookie])  # type: ignore[list-item]  # as it was given
    return context


# --- weight ----------------------------------------------------------------------------------------------------------


def _weigh(browser: Browser, house: House, cookie: dict[str, Any]) -> None:
    door = _loads(browser, house, None, lambda page: _open(page, "/"))
    first = _loads(browser, house, cookie, lambda page: _open(page, "/"))
    every = _loads(browser, house, cookie, places)
    against_bounds(
        "Pages: JavaScript and CSS, compressed",
        [
            Bound("signing in", _sum(door), 120),
            Bound("first page (dashboard, live connection)", _sum(first), 120),
            Bound("all pages together", _sum(every), 250),
        ],
        "kB",
    )
    unpacked = {"unpacked (kB)": sum(one.plain for one in every) / KILOBYTE}
    rows("Pages: the largest files", [{"all files": len(every), **unpacked}, *_largest(every)])


def _loads(browser: Browser, house: House, cookie: dict[str, Any] | None, walk: Callable[[Page], object]) -> list[Load]:
    """The scripts and styles that a walk with an empty cache asks for."""
    context = _fresh(browser, house, cookie)
    page = context.new_page()
    answers: dict[str, Load] = {}

    def heard(response: Any) -> None:
        if response.request.resource_type in ("script", "stylesheet"):
            sizes = response.request.sizes()
            # The second time it comes out of the browser's own cache.
            if sizes["responseBodySize"] > 0 and response.url not in answers:
                answers[response.url] = Load(response.url, sizes["responseBodySize"], len(response.body()))

    page.on("requestfinished", lambda request: heard(request.response()))
    walk(page)
    page.wait_for_load_state("networkidle")
    context.close()
    return list(answers.values())


def _open(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_load_state("networkidle")


def _sum(loads: list[Load]) -> float:
    assert loads
    return sum(one.packed for one in loads) / KILOBYTE


def _largest(loads: list[Load]) -> list[dict[str, object]]:
    ordered = sorted(loads, key=lambda one: one.packed, reverse=True)[:8]
    return [{"all files": one.url.rpartition("/")[2], "packed (kB)": one.packed / KILOBYTE} for one in ordered]


# --- waiting ---------------------------------------------------------------------------------------------------------


def _wait(browser: Browser, house: House, cookie: dict[str, Any]) -> None:
    """Median of several first visits, each with an empty cache, from the start of the navigation."""
    form = [_until(browser, house, None, FORM) for _ in range(TURNS)]
    dashboard = [_until(browser, house, cookie, DASHBOARD) for _ in range(TURNS)]
    against_bounds(
        "Pages: from the address to something to do",
        [
            Bound("the form to sign in", statistics.median(form), 1),
            Bound("the dashboard with its data", statistics.median(dashboard), 1),
            Bound("the dashboard, slowest", max(dashboard), 1),
        ],
        "s",
    )


def _until(browser: Browser, house: House, cookie: dict[str, Any] | None, there: str) -> float:
    context = _fresh(browser, house, cookie)
    page = context.new_page()
    page.goto("/", wait_until="commit")
    taken: float = page.evaluate(_UNTIL % there)
    context.close()
    return taken / 1000


# --- Lighthouse ------------------------------------------------------------------------------------------------------


def _score(house: House, cookie: dict[str, Any]) -> None:
    try:
        program = _lighthouse()
    except subprocess.CalledProcessError as error:
        rows("Pages: Lighthouse", [{"page": "not measured: it could not be installed", "why": error.stderr[-200:]}])
        return
    book = house.api.get("/api/library/books")["items"][0]["id"]
    visits = [("/", False), *((path, True) for path in ("/", "/search", "/downloads", "/library", f"/library/{book}"))]
    found = []
    for path, inside in visits:
        for device in ("desk", "phone"):
            scores = _run(program, house.server.url + path, device, cookie if inside else None)
            found.append({"page": path if inside else f"{path} (signing in)", "on": device, **scores})
    rows("Pages: Lighthouse, of 100 (bound: 95)", found)


def _lighthouse() -> Path:
    """The program, installed once; CalledProcessError where that is not possible."""
    place = bench_folder() / "programs" / f"lighthouse-{LIGHTHOUSE}"
    program = place / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.is_file():
        place.mkdir(parents=True, exist_ok=True)
        node = find_node()
        install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", f"lighthouse@{LIGHTHOUSE}"]
        subprocess.run(
            [node, npm_of(node), *install], cwd=place, env=_with_node(node), check=True, capture_output=True, text=True
        )
    return program


def _run(program: Path, url: str, device: str, cookie: dict[str, Any] | None) -> dict[str, object]:
    """Scores of the three categories, and the figures behind the first."""
    node = find_node()
    command: list[str | Path] = [node, program, url, "--quiet", "--output=json", "--no-enable-error-reporting"]
    command += ["--only-categories=performance,accessibility,best-practices"]
    command += [f"--chrome-flags=--headless=new {' '.join(FLAGS)}"]
    if device == "desk":
        command.append("--preset=desktop")
    if cookie:
        command.append("--extra-headers=" + json.dumps({"Cookie": f"{cookie['name']}={cookie['value']}"}))
    answer = subprocess.run(command, env=_with_node(node), check=True, capture_output=True, text=True, timeout=180)
    report = json.loads(answer.stdout)
    scores = {name: round(100 * found["score"]) for name, found in report["categories"].items()}
    audits = report["audits"]
    return {
        **scores,
        "LCP (s)": audits["largest-contentful-paint"]["numericValue"] / 1000,
        "TBT (ms)": round(audits["total-blocking-time"]["numericValue"]),
        "CLS": round(audits["cumulative-layout-shift"]["numericValue"], 3),
    }


def _with_node(node: Path) -> dict[str, str]:
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "CHROME_PATH": chromium_path()}


if __name__ == "__main__":
    main()
