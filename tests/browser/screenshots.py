"""Takes the pictures of the documentation: `script/screenshots`."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from auralarchive.demo import Demo
from tests.browser.conftest import NAME, PASSWORD
from tests.support.browser import Pages, chromium
from tests.support.server import Api, RunningServer
from tests.support.swarm import Seeder, Torrent, Tracker, make_torrent, random_file

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 360, "height": 760},
        "color_scheme": "light",
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 2,
    },
}
PLACES = {"home": "/", "downloads": "/downloads", "library": "/library", "settings": "/settings", "system": "/system"}


def main(target: Path) -> None:
    """All pages in all looks, while a book arrives."""
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="auralarchive-") as folder,
        Demo(Path(folder) / "seed", upload_limit=0) as demo,
        Tracker() as tracker,
        Seeder() as seeder,
        RunningServer(Path(folder) / "application") as server,
        chromium() as browser,
    ):
        api = server.api()
        api.add_indexer(demo.torznab_url, demo.api_key, name="Demo")
        _one_arrived(api, demo)
        _one_under_way(api, tracker, seeder, Path(folder))
        _one_waiting(api)
        pages = Pages(browser)
        for look, options in LOOKS.items():
            _take(pages(base_url=server.url, locale="en-GB", **options), target, look)
        pages.close()


def _one_arrived(api: Api, demo: Demo) -> None:
    release = next(one for one in api.search(demo.info.search) if "Unabridged" in one["title"])
    done = api.download(release_id=release["id"], narrator=demo.info.narrator)
    api.wait_for_status(done, "IMPORTED", "SEEDING", "SEEDING_COMPLETE", timeout=120)


def _one_under_way(api: Api, tracker: Tracker, seeder: Seeder, folder: Path) -> None:
    content = random_file(folder / "Peter Pan" / "Peter Pan.m4b", 30_000_000)
    torrent: Torrent = make_torrent(content.parent, trackers=(tracker.url,))
    seeder.seed(torrent, folder, upload_limit=150_000)
    file = folder / "peter-pan.torrent"
    file.write_bytes(torrent.data)
    api.wait_for_status(api.upload(file, "Peter Pan", "J. M. Barrie"), "DOWNLOADING")


def _one_waiting(api: Api) -> None:
    link = "magnet:?xt=urn:btih:" + "5a" * 20
    api.post(f"/api/downloads/queue/{api.download(download_url=link, title='Emma', author='Jane Austen')}/pause")


def _take(page: Page, target: Path, look: str) -> None:
    _enter(page)
    for name, path in PLACES.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)  # milliseconds: a batch of live numbers
        _save(page, target / f"{name}-{look}.png")
    page.goto("/search")
    page.get_by_role("searchbox").first.fill("three fables")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("article").first.locator("summary").click()
    _save(page, target / f"search-{look}.png")
    page.goto("/downloads")
    page.get_by_role("link", name="Three Fables").click()
    expect(page.get_by_role("dialog").get_by_text("Added to the queue")).to_be_visible()
    page.wait_for_timeout(400)  # milliseconds: the drawer slides in
    _save(page, target / f"details-{look}.png")


def _save(page: Page, path: Path) -> None:
    """With a palette: flat colours need no more, and the checkout stays small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(192, dither=Image.Dither.NONE).save(path, optimize=True)


def _enter(page: Page) -> None:
    page.goto("/")
    needed = page.request.get("/api/auth/status").json()["setup_needed"]
    page.request.post(f"/api/auth/{'setup' if needed else 'login'}", data={"name": NAME, "password": PASSWORD})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
