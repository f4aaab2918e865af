"""What is in the library or on its way there, told apart from what is not."""

from __future__ import annotations

from auralarchive.domain.events import CancelRequested, ReleaseChosen
from auralarchive.domain.lifecycle import apply
from auralarchive.domain.status import DownloadType
from auralarchive.ports.store import NewDownload
from auralarchive.store import SqlStore
from tests.contract.store.support import a_book
from tests.support.records import NOON


def test_what_is_on_its_way_and_what_has_arrived(store: SqlStore) -> None:
    """A cancelled one is neither; a corrected title of the library counts, not the one of the download."""
    chosen = ReleaseChosen("https://x.example/1", DownloadType.TORRENT, release_title="One", indexer="Feed", size=5)
    waiting, gone, arrived = (store.downloads.create(NewDownload(a_book(), manual=True), chosen) for _ in range(3))
    cancelled = CancelRequested()
    store.downloads.commit(gone, apply(gone, cancelled, NOON), cancelled)
    book = store.books.save(arrived.id, a_book(), (), 60.0, (), NOON)
    found = {one.download_id: one for one in store.downloads.holdings()}
    assert set(found) == {waiting.id, arrived.id}
    assert (found[waiting.id].book_id, found[waiting.id].release) == (None, ("One", "Feed", 5))
    assert (found[arrived.id].book_id, found[arrived.id].book.title) == (book.id, book.book.title)
