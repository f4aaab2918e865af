"""The contract of everything that is not a download: adapters, releases, books, people, settings."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from auralarchive.domain.book import Book
from auralarchive.domain.release import ParsedTitle, Reason, Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import AdapterRow, ApiKey, BookFilter, NewerPosition, Position, Role, StaleRecord
from auralarchive.store import SecretBox, SqlStore, open_store
from auralarchive.store.database import open_database
from tests.contract.store.conftest import Opener
from tests.contract.store.support import NOON, HeldClock, chosen, enqueue, step

HOUR = timedelta(hours=1)
CANARY = "CANARY-5d1c"


def _release(**changes: object) -> Release:
    full = Release(
        id=uuid.uuid4().hex,
        title="Author - Title [M4B]",
        indexer="An Indexer",
        download_type=DownloadType.NZB,
        download_url=f"https://indexer.test/get?apikey={CANARY}",
        parsed=ParsedTitle("Title", "Author", year=2001, abridged=False),
        size=123,
        published_at=NOON,
        categories=(3030, 3000),
        quality_reasons=(Reason("format", 40.0, "M4B"),),
        match_reasons=(Reason("title", -1.5, "close"),),
        rejections=("too small",),
    )
    return replace(full, **changes)  # type: ignore[arg-type]  # each test names fields that exist


def _adapter(name: str = "Home", kind: str = "client", **settings: object) -> AdapterRow:
    plain = {"host": "localhost", "port": 8080, **settings}
    return AdapterRow(0, kind, "qbittorrent", name, True, 1, plain)  # type: ignore[arg-type]  # kinds are literals


class TestAdapters:
    def test_are_kept_with_their_secrets(self, store: SqlStore) -> None:
        """Secret settings come back in plain, and a change replaces them."""
        added = store.adapters.add(_adapter(password=CANARY), frozenset({"password"}))
        assert store.adapters.get("client", added.id) == added
        assert added.settings == {"host": "localhost", "port": 8080, "password": CANARY}
        changed = store.adapters.update(replace(added, settings={"password": "new"}), frozenset({"password"}))
        assert store.adapters.list("client") == (changed,)
        assert changed.settings == {"password": "new"}

    def test_names_are_unique_within_a_kind(self, store: SqlStore) -> None:
        """A second of the name is refused in words; the other kinds do not care."""
        added = store.adapters.add(_adapter("A"), frozenset())
        other = store.adapters.add(_adapter("B"), frozenset())
        store.adapters.add(_adapter("A", "indexer"), frozenset())
        with pytest.raises(ValueError, match="already a client"):
            store.adapters.add(_adapter("A"), frozenset())
        with pytest.raises(ValueError, match="already a client"):
            store.adapters.update(replace(other, name="A"), frozenset())
        assert store.adapters.list("client") == (added, other)

    def test_of_another_kind_is_not_there(self, store: SqlStore) -> None:
        """An id is only good together with its kind."""
        added = store.adapters.add(_adapter(), frozenset())
        assert store.adapters.get("indexer", added.id) is None
        assert not store.adapters.delete("indexer", added.id)
        assert store.adapters.delete("client", added.id)
        with pytest.raises(LookupError):
            store.adapters.update(added, frozenset())

    def test_need_their_key(self, store: SqlStore, database_url: str) -> None:
        """With another key file nothing is guessed, and nothing is locked: they say that their secrets are lost."""
        store.adapters.add(_adapter(password=CANARY), frozenset({"password"}))
        other = open_store(database_url, secret_box=SecretBox.generate(), clock=HeldClock(), sole_instance=False)
        (lost,) = other.adapters.list("client")
        assert (lost.secrets_lost, "password" in lost.settings) == (True, False)
        other.close()


def test_secrets_are_not_in_the_database(store: SqlStore, database_url: str, tmp_path: Path) -> None:
    """Passwords of adapters and keys in search results appear nowhere in what lies on the disk."""
    store.adapters.add(_adapter(password=CANARY), frozenset({"password"}))
    store.releases.save(SearchQuery("title"), [_release()], NOON)
    if database_url.startswith("sqlite"):
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert {path.stat().st_mode & 0o777 for path in files if "sqlite3" in path.name} == {0o600}
        assert not any(CANARY.encode() in path.read_bytes() for path in files)
    else:
        database = open_database(database_url)
        with database.read() as connection:
            for table in ("adapters", "releases"):
                assert CANARY not in str(connection.execute(text(f"SELECT * FROM {table}")).all())
        database.close()


class TestReleases:
    def test_come_back_whole(self, store: SqlStore) -> None:
        """A search result is the same a day later; a lone surrogate in its title does no harm."""
        full, odd = _release(), _release(title="a\ud800b", published_at=None)
        store.releases.save(SearchQuery(title="T", author="A"), [full, odd], NOON)
        assert store.releases.get(full.id) == full
        assert store.releases.get(odd.id) == replace(odd, title="a\ufffdb")
        assert store.releases.get("unknown\x00") is None

    def test_are_forgotten_by_age(self, store: SqlStore) -> None:
        """Finding a release once more makes it new again."""
        old, again = _release(), _release()
        store.releases.save(SearchQuery("x"), [old, again], NOON)
        store.releases.save(SearchQuery("x"), [replace(again, seeders=5)], NOON + HOUR)
        assert store.releases.forget_before(NOON + HOUR) == 1
        assert store.releases.get(old.id) is None
        assert store.releases.get(again.id) == replace(again, seeders=5)


class TestBooks:
    FILES = (
        LibraryFile("A/B/b.m4b", "audio", 2**40, "ab" * 32, "link"),
        LibraryFile("A/B/cover.jpg", "cover", 1, "cd" * 32, "copy"),
    )
    CHAPTERS = ({"title": "One", "start_seconds": 0.0},)

    def test_are_kept_with_their_manifest(self, store: SqlStore) -> None:
        """Every file in its order, found by the book and by the download."""
        download = enqueue(store)
        saved = store.books.save(download.id, download.book, self.FILES, 60.5, self.CHAPTERS, NOON)
        assert (saved.files, saved.chapters, saved.book) == (self.FILES, self.CHAPTERS, download.book)
        assert store.books.get(saved.id) == store.books.of_download(download.id) == saved
        assert store.books.get(saved.id + 1) is None

    def test_a_second_import_replaces(self, store: SqlStore) -> None:
        """The book keeps its id, the manifest is the new one alone."""
        download, other = enqueue(store), enqueue(store)
        first = store.books.save(download.id, download.book, self.FILES, 60.5, self.CHAPTERS, NOON)
        neighbour = store.books.save(other.id, other.book, (), 1.0, (), NOON)
        second = store.books.save(download.id, Book("X", "T", "A"), self.FILES[:1], 61.0, (), NOON + HOUR)
        assert (second.id, second.files, second.book.title) == (first.id, self.FILES[:1], "T")
        assert store.books.all() == (neighbour, second)

    def test_an_edit_counts_once(self, store: SqlStore) -> None:
        """Of two edits of the same version the second is refused, and nothing of it is kept."""
        download = enqueue(store)
        saved = store.books.save(download.id, download.book, self.FILES, 60.5, self.CHAPTERS, NOON)
        edited = store.books.edit(saved.id, saved.version, replace(saved.book, title="New"), self.FILES[:1])
        assert (edited.version, edited.book.title, edited.files) == (saved.version + 1, "New", self.FILES[:1])
        assert (edited.chapters, edited.added_at) == (saved.chapters, saved.added_at)
        with pytest.raises(StaleRecord):
            store.books.edit(saved.id, saved.version, replace(saved.book, title="Late"), ())
        assert store.books.get(saved.id) == edited

    def test_are_sorted_and_filtered_alike_everywhere(self, store: SqlStore) -> None:
        """By numbers where there are some, without regard to letter case, page by page and in both directions."""
        rows = (
            ("the tenth", "Ann", "Saga", "10"),
            ("The Second", "ann", "saga", "2"),
            ("Éclair", "Zoë", None, None),
            ("Between", "Ann", "Saga", "2.5"),
        )
        ids = {}
        for at, (title, author, series, part) in enumerate(rows):
            download = enqueue(store)
            book = Book(download.book.asin, title, author, narrator="N", series=series, series_part=part)
            files = (*self.FILES, LibraryFile("A/B/map.pdf", "companion", 1, "e" * 64, "copy"))[: 2 + at % 2]
            ids[title] = store.books.save(download.id, book, files, 100.0 - at, (), NOON).id
        order = {
            "title": ["Between", "The Second", "the tenth", "Éclair"],
            "-title": ["Éclair", "the tenth", "The Second", "Between"],
            "author": ["The Second", "Between", "the tenth", "Éclair"],
            "series": ["The Second", "Between", "the tenth", "Éclair"],
            "-series": ["the tenth", "Between", "The Second", "Éclair"],
            "duration": ["Between", "Éclair", "The Second", "the tenth"],
            "added": ["the tenth", "The Second", "Éclair", "Between"],
        }
        for sort, titles in order.items():
            assert _all_pages(store, sort) == titles, sort
        assert [book.id for book in store.books.page(BookFilter(author="Ann")).items] == [
            ids["Between"],
            ids["the tenth"],
        ]
        assert store.books.page(BookFilter(format="PDF", series="saga")).total == 1
        facets = store.books.facets()
        assert facets.authors == (("Ann", 2), ("ann", 1), ("Zoë", 1))
        assert facets.formats == (("M4B", 4), ("PDF", 2))

    def test_another_process_s_change_is_seen(self, opener: Opener) -> None:
        """Lists are kept in memory, and never older than the database."""
        here, there = opener(), opener()
        download = enqueue(here)
        saved = here.books.save(download.id, download.book, self.FILES, 1.0, (), NOON)
        assert there.books.page(BookFilter("changed title")).total == 0
        here.books.edit(saved.id, saved.version, replace(saved.book, title="A Changed Title"), self.FILES)
        assert there.books.page(BookFilter("changed title")).total == 1
        here.books.remove(download.id)
        assert there.books.page().total == 0

    @pytest.mark.parametrize("cursor", ["", "x", "eyJ9", "W10", "WyJ0aXRsZSIsZmFsc2UsWzFdXQ", "[" * 3000])
    def test_a_cursor_that_is_not_ours_is_refused(self, store: SqlStore, cursor: str) -> None:
        download = enqueue(store)
        store.books.save(download.id, download.book, self.FILES, 1.0, (), NOON)
        with pytest.raises(ValueError, match="cursor"):
            store.books.page(sort="title", cursor=cursor)


def _all_pages(store: SqlStore, sort: Any) -> list[str]:
    titles: list[str] = []
    cursor = None
    while True:
        page = store.books.page(sort=sort, limit=1, cursor=cursor)
        titles += [book.book.title for book in page.items]
        cursor = page.cursor
        if cursor is None:
            return titles


class TestPlayback:
    def test_a_later_device_is_never_written_over_unseen(self, store: SqlStore) -> None:
        """Who knows the last position may write the next; everybody else gets to see it first."""
        account, book = _listener(store)
        assert store.playback.get(account, book) is None
        first = Position(61.5, 1.25, "Phone", False, NOON)
        store.playback.save(account, book, first, None)
        assert store.playback.get(account, book) == first
        second = replace(first, seconds=90.0, updated_at=NOON + timedelta(microseconds=1))
        store.playback.save(account, book, second, first.updated_at)
        for known in (None, first.updated_at, NOON - HOUR):
            with pytest.raises(NewerPosition) as newer:
                store.playback.save(account, book, replace(first, device="Tablet"), known)
            assert newer.value.present == second
        assert store.playback.get(account, book) == second

    def test_what_was_begun_is_listed_the_latest_first(self, store: SqlStore) -> None:
        """Each person has a list of their own; what is finished, or was never begun, is not on it."""
        account, first = _listener(store)
        other, second = _listener(store)
        third, fourth = _listener(store)[1], _listener(store)[1]
        store.playback.save(account, first, Position(5.0, 1.0, "A", False, NOON), None)
        store.playback.save(account, second, Position(6.0, 1.0, "A", False, NOON + HOUR), None)
        store.playback.save(account, third, Position(7.0, 1.0, "A", True, NOON), None)
        store.playback.save(account, fourth, Position(0.0, 1.0, "A", False, NOON), None)
        assert [number for number, _ in store.playback.unfinished(account, 10)] == [second, first]
        assert store.playback.unfinished(account, 1)[0][1].seconds == 6.0
        assert store.playback.unfinished(other, 10) == ()


def _listener(store: SqlStore) -> tuple[int, int]:
    """An account and a book."""
    download = enqueue(store)
    book = store.books.save(download.id, download.book, (), 1.0, (), NOON)
    return store.accounts.create(f"listener {download.id}", "hash", NOON).id, book.id


def test_payloads_keep_every_byte(store: SqlStore) -> None:
    """What an indexer gave once is never asked for again: bytes come back as they were."""
    download = enqueue(store)
    assert store.payloads.get(download.id) is None
    store.payloads.save(download.id, Payload(DownloadType.NZB, "n", data=bytes(range(256)) * 100, size=5))
    magnet = Payload(DownloadType.TORRENT, "m", magnet="magnet:?xt=urn:btih:x", info_hash_v1="1" * 40)
    store.payloads.save(download.id, magnet)
    assert store.payloads.get(download.id) == magnet


def test_payloads_go_with_the_choice_of_another_release(store: SqlStore) -> None:
    """They are of the release before: whoever finds bytes kept may use them without asking whose they are."""
    download = enqueue(store)
    other = enqueue(store)
    for each in (download, other):
        store.payloads.save(each.id, Payload(DownloadType.NZB, "n", data=b"1"))
    step(store, download, chosen())
    assert store.payloads.get(download.id) is None
    assert store.payloads.get(other.id) is not None


def test_payloads_of_a_lost_claim_are_not_kept(store: SqlStore) -> None:
    download = enqueue(store)
    with pytest.raises(StaleRecord):
        store.payloads.save(download.id, Payload(DownloadType.NZB, "n", data=b"1"), token="somebody's")
    assert store.payloads.get(download.id) is None


def test_recipes_keep_their_order(store: SqlStore) -> None:
    """A recipe reads like it was written, and a new conversion replaces it."""
    download = enqueue(store)
    assert store.recipes.get(download.id) is None
    store.recipes.save(download.id, {"old": True})
    store.recipes.save(download.id, {"mode": "remux", "inputs": [{"path": "1.mp3"}], "loudness": float("nan")})
    recipe = store.recipes.get(download.id)
    assert recipe == {"mode": "remux", "inputs": [{"path": "1.mp3"}], "loudness": None}
    assert list(recipe) == ["mode", "inputs", "loudness"]


def test_settings_are_merged_by_key(store: SqlStore) -> None:
    """Saving one setting leaves the others of its section alone."""
    store.settings.save("library", {"path": "/books", "depth": 2})
    store.settings.save("library", {"depth": 3})
    store.settings.save("web", {"hosts": ["a", "b"], "none": None})
    assert store.settings.all() == {
        "library": {"path": "/books", "depth": 3},
        "web": {"hosts": ["a", "b"], "none": None},
    }


class TestAccounts:
    def test_names_are_unique(self, store: SqlStore) -> None:
        """The first account ends the set-up; nobody can take its name."""
        assert not store.accounts.any()
        ada = store.accounts.create("ada", "hash", NOON)
        assert store.accounts.any()
        with pytest.raises(ValueError, match="already an account"):
            store.accounts.create("ada", "other", NOON)
        store.accounts.set_password(ada.id, "new")
        assert store.accounts.by_name("ada") == store.accounts.get(ada.id) == replace(ada, password_hash="new")
        assert store.accounts.by_name("ADA") is None

    def test_sessions_end(self, store: SqlStore) -> None:
        """By their time, by signing out, and by signing out everywhere."""
        ada, bob = (store.accounts.create(name, "hash", NOON) for name in ("ada", "bob"))
        for account, token in ((ada, "a1"), (ada, "a2"), (ada, "a3"), (bob, "b1")):
            store.accounts.open_session(account.id, token, NOON, NOON + HOUR)
        session = store.accounts.session("a1", NOON)
        assert session is not None
        assert (session.account_id, session.expires_at) == (ada.id, NOON + HOUR)
        assert store.accounts.session("a1", NOON + HOUR) is None
        store.accounts.close_session("a1")
        assert store.accounts.session("a1", NOON) is None
        store.accounts.close_sessions_of(ada.id)
        assert [bool(store.accounts.session(token, NOON)) for token in ("a2", "a3", "b1")] == [False, False, True]

    def test_api_keys_belong_to_somebody(self, store: SqlStore) -> None:
        """A key leads to its person, says when it was used, and is known no more once it is deleted."""
        ada, bob = (store.accounts.create(name, "hash", NOON) for name in ("ada", "bob"))
        key = store.accounts.add_api_key(ada.id, "script", "key-hash", NOON)
        assert store.accounts.account_of_api_key("key-hash") == ada
        assert store.accounts.account_of_api_key("other") is None
        other = store.accounts.add_api_key(bob.id, "phone", "other-hash", NOON)
        assert store.accounts.api_keys(ada.id) == (ApiKey(key, ada.id, "script", "key-hash", NOON),)
        assert [one.id for one in store.accounts.api_keys()] == [key, other]
        store.accounts.note_api_key_used("key-hash", NOON + HOUR)
        assert [one.last_used_at for one in store.accounts.api_keys()] == [NOON + HOUR, None]
        assert store.accounts.delete_api_key(key)
        assert not store.accounts.delete_api_key(key)
        assert store.accounts.account_of_api_key("key-hash") is None

    def test_people_change_and_go(self, store: SqlStore) -> None:
        """Roles change; whoever is deleted takes sessions and keys along, and nobody else's."""
        bob, ada = (store.accounts.create(name, "hash", NOON) for name in ("bob", "ada"))
        for account in (ada, bob):
            store.accounts.open_session(account.id, f"token of {account.name}", NOON, NOON + HOUR)
            store.accounts.add_api_key(account.id, "script", f"key of {account.name}", NOON)
        store.accounts.set_role(bob.id, Role.MEMBER)
        assert store.accounts.all() == (ada, replace(bob, role=Role.MEMBER))
        assert store.accounts.delete(bob.id)
        assert not store.accounts.delete(bob.id)
        assert store.accounts.all() == (ada,)
        assert store.accounts.session("token of bob", NOON) is None
        assert store.accounts.session("token of ada", NOON) is not None
        assert [key.account_id for key in store.accounts.api_keys()] == [ada.id]


class TestIntegrity:
    def test_all_is_well(self, store: SqlStore) -> None:
        """A store that only its own code has written is sound."""
        enqueue(store)
        assert store.integrity() == ()

    def test_a_status_without_its_event_is_found(self, store: SqlStore, database_url: str) -> None:
        """Whoever writes a status past the one write path is found out."""
        download = enqueue(store)
        database = open_database(database_url, sole_instance=False)
        with database.write() as connection:
            connection.execute(text("UPDATE download_queue SET status = 'FOUND'"))
        assert store.integrity() == (f"download {download.id} is not where its event log says",)
        with database.write() as connection:
            connection.execute(text("UPDATE download_queue SET status = 'QUEUED'"))
            connection.execute(text("UPDATE download_events SET seq = 7 WHERE seq = 1"))
        enqueue(store)
        with database.write() as connection:
            connection.execute(text("UPDATE download_events SET seq = 1 WHERE seq = 7"))
        assert store.integrity() == ("the event log has gaps",)
        database.close()

    def test_a_damaged_file_is_found(self, tmp_path: Path) -> None:
        """SQLite's own check is asked: rows whose owner is gone are named."""
        file = tmp_path / "damaged.sqlite3"
        store = open_store(f"sqlite:///{file}", secret_box=SecretBox.generate(), clock=HeldClock())
        with sqlite3.connect(file) as raw:
            raw.execute("INSERT INTO recipes VALUES (77, '{}')")
        raw.close()
        assert store.integrity() == ("recipes: row 77 points to a missing row of download_queue",)
        store.close()
