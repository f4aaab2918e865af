"""Books that arrive as a person's do: shared by a real swarm, fetched, converted where needed, and published.

with World(folder) as world:
    shelve(server.api(), world, SHELF)
"""

from __future__ import annotations

from dataclasses import dataclass

from mutagen.mp4 import MP4, MP4Cover

from tests.support.audio import make_m4b
from tests.support.covers import paint
from tests.support.server import Api
from tests.support.swarm import Torrent, make_torrent
from tests.support.world import DONE, World


@dataclass(frozen=True, slots=True)
class Book:
    """What is on the cover; `painted` is False for a book without one."""

    title: str
    author: str
    narrator: str
    chapters: tuple[str, ...]
    painted: bool = True


SHELF = (
    Book(
        "The Time Machine",
        "H. G. Wells",
        "Mark Halloran",
        ("The Inventor", "The Machine", "The Time Traveller Returns", "Time Travelling", "In the Golden Age"),
    ),
    Book(
        "Twenty Thousand Leagues under the Sea",
        "Jules Verne",
        "Inés Carrasco",
        ("A Shifting Reef", "Pro and Con", "I Form My Resolution", "Ned Land"),
    ),
    Book("The Secret Garden", "Frances Hodgson Burnett", "Rosalind Ash", ("There Is No One Left", "Across the Moor")),
    Book("Dracula", "Bram Stoker", "Tomáš Vrana", ("Jonathan Harker’s Journal", "The Castle", "The Count")),
    Book("Little Dorrit", "Charles Dickens", "Oluwaseun Bright", ("Sun and Shadow", "Fellow Travellers", "Home")),
)

#: Its whole title, as it was printed in 1719: three hundred letters and no cover.
LONG = Book(
    "The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner: Who lived Eight and Twenty "
    "Years, all alone in an un-inhabited Island on the Coast of America, near the Mouth of the Great River of "
    "Oroonoque; Having been cast on Shore by Shipwreck, wherein all the Men perished but himself",
    "Daniel Defoe",
    "Ann Author",
    ("Start in Life", "Slavery and Escape", "Wrecked on a Desert Island"),
    painted=False,
)
RIGHT_TO_LEFT = Book(
    "ألف ليلة وليلة", "مجهول", "شهرزاد", ("حكاية الملك شهريار", "حكاية التاجر مع العفريت"), painted=False
)


def shelve(api: Api, world: World, books: tuple[Book, ...], *, first: int = 0) -> list[int]:
    """Fetch all of them at once and wait until each is in the library; returns the downloads."""
    made = []
    for number, book in enumerate(books, first):
        shared = share(world, book, number)
        made.append(
            api.download(download_url=shared.magnet, title=book.title, author=book.author, narrator=book.narrator)
        )
    for download in made:
        api.wait_for_status(download, *DONE, timeout=120)
    return made


def share(world: World, book: Book, number: int, *, seconds: float = 3, upload_limit: int = 0) -> Torrent:
    """Seed one file with chapters; `number` is another one for each in a world."""
    folder = world.root / f"shared {number}"
    folder.mkdir()
    path = make_m4b(folder / "book.m4b", len(book.chapters), seconds + number / 10, titles=book.chapters)
    if book.painted:
        file = MP4(path)
        file["covr"] = [MP4Cover(paint(number, book.title, book.author), MP4Cover.FORMAT_JPEG)]
        file.save()
    torrent = make_torrent(path, trackers=(world.tracker.url,))
    world.seeder.seed(torrent, folder, upload_limit=upload_limit)
    return torrent
