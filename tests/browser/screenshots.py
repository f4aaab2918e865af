"""Takes the pictures of the documentation: `script/screenshots`.

Every place in light, dark and on a phone, in a house where a person lives; then what nobody likes to see (nothing there
yet, a server that is gone, titles of three hundred letters, writing from right to left), in light and on a phone.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from auralarchive.demo.demo import Demo
from tests.browser.conftest import NAME, PASSWORD
from tests.browser.house import House
from tests.browser.places import places, visit
from tests.support.bookshelf import LONG, SHELF, Book, share, shelve
from tests.support.browser import chromium
from tests.support.server import RunningServer
from tests.support.world import DONE, World

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 360, "height": 760},
        "color_scheme": "light",
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 1.5,
    },
}
#: The dark look is a matter of colour, and the pages show that.
STATE_LOOKS = ("light", "phone")
_NAMES = {"/": "home", "/downloads/0": "details", "/library/0": "book"}
_COLOURS = 128


@dataclass(frozen=True, slots=True)
class Camera:
    """Writes what a page shows to `<folder>/<name>-<look>.png`."""

    folder: Path
    look: str
    page: Page

    def take(self, name: str) -> None:
        """With a palette: flat colours need no more, and the checkout stays small."""
        self.page.wait_for_timeout(400)  # milliseconds: a drawer slides in, a picture is decoded
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        path = self.folder / f"{name}-{self.look}.png"
        picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path) -> None:
    """All pictures; those of places that are no more go."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="auralarchive-") as place, chromium() as browser:
        root = Path(place)
        with Home(root / "home") as home:
            every: list[str] = []
            for look in LOOKS:
                with _camera(browser, home.server, folder, look) as camera:
                    every = every or places(camera.page)
                    _places(camera, home, every)
                    _dialogs(camera, home)
        for look in STATE_LOOKS:
            with RunningServer(root / f"empty {look}") as server, _camera(browser, server, folder, look) as camera:
                _first_days(camera)
                _gone(camera, server)
        with House(root / "house") as house:
            for look in STATE_LOOKS:
                with _camera(browser, house.server, folder, look) as camera:
                    _awkward(camera, house)
    size = sum(path.stat().st_size for path in folder.glob("*.png"))
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures, {size / 1_000_000:.1f} MB\n")


@contextmanager
def _camera(browser: Browser, server: RunningServer, folder: Path, look: str) -> Iterator[Camera]:
    context = browser.new_context(base_url=server.url, locale="en-GB", **LOOKS[look])
    context.set_default_timeout(10_000)  # milliseconds
    page = context.new_page()
    camera = Camera(folder, look, page)
    page.goto("/")
    page.get_by_role("heading").first.wait_for()
    if page.request.get("/api/auth/status").json()["setup_needed"]:
        camera.take("setup")
        page.request.post("/api/auth/setup", data={"name": NAME, "password": PASSWORD})
    else:
        camera.take("sign-in")
        page.request.post("/api/auth/login", data={"name": NAME, "password": PASSWORD})
    yield camera
    context.close()


# --- where a person lives --------------------------------------------------------------------------------------------


class Home:
    """A library with covers, a book that arrives, one that waits, one that nobody has, and an indexer."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            demo = stack.enter_context(Demo(self._root / "seed", upload_limit=0))
            world = stack.enter_context(World(self._root / "world"))
            self.server = stack.enter_context(RunningServer(self._root / "application"))
            self.api = self.server.api()
            self.api.add_indexer(demo.torznab_url, demo.api_key, name="Demo")
            shelve(self.api, world, SHELF)
            self.arrived = self._demo_book(demo)
            self._queue(world)
            self.book = next(
                one["id"] for one in self.api.get("/api/library/books")["items"] if one["title"] == SHELF[0].title
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _demo_book(self, demo: Demo) -> int:
        release = next(one for one in self.api.search(demo.info.search) if "Unabridged" in one["title"])
        done = self.api.download(release_id=release["id"], narrator=demo.info.narrator)
        self.api.wait_for_status(done, *DONE, timeout=120)
        return done

    def _queue(self, world: World) -> None:
        book = Book("Peter Pan", "J. M. Barrie", "Nana Darling", ("All Children, Except One", "The Shadow"))
        slow = share(world, book, 90, seconds=240, upload_limit=15_000)
        running = self.api.download(download_url=slow.magnet, title=book.title, author=book.author)
        link = "magnet:?xt=urn:btih:" + "5a" * 20
        waiting = self.api.download(download_url=link, title="Emma", author="Jane Austen")
        self.api.post(f"/api/downloads/queue/{waiting}/pause")
        lost = self.api.post("/api/downloads/queue", {"title": "The Lost Chapter", "author": "Nobody in Particular"})
        self.api.wait_for_status(int(lost["download_id"]), "SEARCH_FAILED")
        self.api.wait_for_status(running, "DOWNLOADING")


def _places(camera: Camera, home: Home, every: list[str]) -> None:
    chosen = {"/library/0": f"/library/{home.book}", "/downloads/0": f"/downloads/{home.arrived}"}
    for place in every:
        kind = re.sub(r"\d+", "0", place)
        visit(camera.page, chosen.get(kind, place))
        camera.page.wait_for_timeout(800)  # milliseconds: a batch of live numbers
        camera.take(_NAMES.get(kind) or kind.strip("/").replace("/", "-"))


def _dialogs(camera: Camera, home: Home) -> None:
    page = camera.page
    visit(page, "/search")
    page.get_by_role("main").get_by_role("searchbox").first.fill("three fables")
    page.keyboard.press("Enter")
    article = page.get_by_role("article").first
    article.locator("summary").first.click()
    camera.take("search")
    page.get_by_role("button", name=re.compile("other releases?$")).first.click()
    page.get_by_role("button", name=re.compile("^Download with options")).first.click()
    page.get_by_role("dialog").wait_for()
    camera.take("search-download")
    visit(page, "/downloads")
    page.get_by_role("button", name="Cancel: Peter Pan").click()
    camera.take("downloads-cancel")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    camera.take("keys")
    visit(page, "/nothing/here")
    camera.take("not-found")
    visit(page, f"/library/{home.book}")
    page.get_by_role("button", name=re.compile("^(Play|Continue at .*)$")).first.click()
    player = page.get_by_role("region", name="Player")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    camera.take("player")
    player.get_by_role("button", name="Chapters, speed and sleep timer").click()
    page.get_by_role("dialog").wait_for()
    camera.take("player-panel")
    page.keyboard.press("Escape")
    player.get_by_role("button", name="Close the player").click()


# --- what nobody likes to see ----------------------------------------------------------------------------------------


def _first_days(camera: Camera) -> None:
    for name, path in {"home": "/", "search": "/search", "downloads": "/downloads", "library": "/library"}.items():
        visit(camera.page, path)
        camera.take(f"empty-{name}")


def _gone(camera: Camera, server: RunningServer) -> None:
    page = camera.page
    page.route("**/api/library/books*", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway"))
    visit(page, "/library")
    camera.take("error-library")
    visit(page, "/downloads")
    server.stop()
    expect(page.get_by_text("The server cannot be reached.").first).to_be_visible()
    camera.take("error-server-gone")
    server.start()


def _awkward(camera: Camera, house: House) -> None:
    page = camera.page
    for name, path in {
        "home": "/",
        "downloads": "/downloads",
        "details": f"/downloads/{house.downloads.paused}",
        "library": "/library",
    }.items():
        visit(page, path)
        camera.take(f"awkward-{name}")
    visit(page, "/search")
    page.get_by_role("main").get_by_role("searchbox").first.fill(LONG.title)
    page.keyboard.press("Enter")
    page.get_by_role("article").first.wait_for()
    camera.take("awkward-search")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
