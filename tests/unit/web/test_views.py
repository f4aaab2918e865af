"""Prepared dictionaries keep what the documented models promise, and hide what nobody may see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.release import Reason
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, SeedingStatus
from auralarchive.live.messages import progress_rows
from auralarchive.observability.redaction import Redactor
from auralarchive.pipeline.holding import Held
from auralarchive.pipeline.live import Live
from auralarchive.pipeline.searching import IndexerOutcome
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import BookFacets, LibraryBook, LoggedEvent, Position
from auralarchive.web import views
from tests.support.records import NOON, a_book, a_download
from tests.support.web import a_release


@pytest.mark.parametrize("status", [s for s in DownloadStatus if "SEEDING" not in s])
def test_a_download_is_what_its_model_says(status: DownloadStatus) -> None:
    """In every status, with and without live figures."""
    download = replace(a_download(status), retry_at=NOON, seed_goal=SeedGoal(1.5, 60))
    for live in (None, Live(12.345, 100, 5, 60, 1000, 9000, 0.5, 30, "downloading")):
        views.DownloadView.model_validate(views.download_view(download, live, str))
    of_client = {"files": [views.file_view(ClientFile("a/b.mp3", 5))], "client_state": "stalledDL"}
    hashes = {"info_hash_v1": "ab" * 20, "info_hash_v2": None}
    views.DownloadDetail.model_validate({**views.download_view(download, None, str), **of_client, **hashes})


@pytest.mark.parametrize(
    ("status", "live", "shown"),
    [
        (DownloadStatus.DOWNLOADING, None, 40.0),
        (DownloadStatus.DOWNLOADING, Live(55.0), 55.0),
        (DownloadStatus.CONVERTING, Live(12.5), 12.5),
        (DownloadStatus.IMPORTING, Live(3.0), 3.0),
        (DownloadStatus.CONVERTING, None, 0.0),
        (DownloadStatus.CONVERSION_FAILED, None, 40.0),
    ],
)
def test_progress_is_what_the_live_messages_tell(status: DownloadStatus, live: Live | None, shown: float) -> None:
    """A list that is loaded anew must not jump back to 100 in the middle of a conversion."""
    view = views.download_view(replace(a_download(status), progress=40.0), live, str)
    assert view["download_progress"] == shown
    if live is not None:
        assert [row["progress"] for row in progress_rows({1: live}, {})] == [shown]


def test_seeding_shows_after_the_import() -> None:
    """The public status is a function of both machines."""
    seeding = replace(a_download(DownloadStatus.IMPORTED), seeding=SeedingStatus.SEEDING)
    assert views.download_view(seeding, None, str)["status"] == "SEEDING"


def test_reasons_are_redacted() -> None:
    """They quote other programs, which quote our keys."""
    download = replace(a_download(), reason="GET ?apikey=CANARY failed")
    assert "CANARY" not in json.dumps(views.download_view(download, None, lambda text: text.replace("CANARY", "***")))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (None, None),
        ("https://tracker.example/CANARY/get?key=CANARY", "https://tracker.example/…"),
        ("https://user:CANARY@tracker.example:8443/x", "https://tracker.example:8443/…"),
        (
            "magnet:?xt=urn:btih:abc&tr=https://t.example/CANARY/announce",
            "magnet:?xt=urn:btih:abc",
        ),
        ("https://[broken", None),
    ],
)
def test_links_lose_their_keys(link: str | None, shown: str | None) -> None:
    """Only where it comes from is anybody's business."""
    assert views.public_link(link) == shown


def test_an_event_hides_the_fence_and_the_link() -> None:
    """A claim's token fences a worker's writes: whoever knew it could write, too."""
    data = {"token": "CANARY", "lease_until": NOON, "download_url": "https://x.example/CANARY", "size": 5}
    event = LoggedEvent(1, 2, 3, "GrabStarted", DownloadStatus.FOUND, DownloadStatus.FOUND, None, NOON, data)
    view = views.event_view(event, str)
    views.EventView.model_validate(view)
    assert "CANARY" not in json.dumps(view)
    assert view["data"]["size"] == 5


def test_a_release_is_what_its_model_says_and_keeps_its_link() -> None:
    """Its link holds the indexer's key; a script in place of a page's address is none."""
    release = a_release(published_at=NOON, quality_reasons=(Reason("format", 40.0, "M4B"),), rejections=("abridged",))
    view = views.release_view(release, Held("queue", 7, "same_book"), str)
    views.ReleaseView.model_validate(view)
    assert "indexerkey123" not in json.dumps(view)
    assert views.release_view(replace(release, info_url="javascript:alert(1)"), None, str)["info_url"] is None
    keyed = replace(release, info_url="https://tracker.example/details?id=7&passkey=CANARY")
    assert views.release_view(keyed, None, Redactor().redact_answer)["info_url"] is None
    plain = replace(release, info_url="https://tracker.example/details?id=7")
    assert views.release_view(plain, None, Redactor().redact_answer)["info_url"] == plain.info_url


def _hide(text: str) -> str:
    return Redactor().redact_answer(text)


def test_outcomes_and_books_are_what_their_models_say() -> None:
    """The remaining views against their models."""
    outcome = views.outcome_view(IndexerOutcome("Feed", "timeout", 30_000, 0, "late at http://x/?apikey=CANARY"), _hide)
    views.IndexerOutcomeView.model_validate(outcome)
    assert "CANARY" not in outcome["error"]
    file = LibraryFile("Author/Book/Book.m4b", "audio", 5, "0" * 64, "link")
    book = views.book_view(LibraryBook(1, 2, a_book(), (file,), 60.0, ({"title": "1", "start": 0.0},), NOON))
    views.BookView.model_validate(book)
    assert book["files"][0]["name"] == "Book.m4b"
    entry = LibraryBook(1, 2, a_book(), (file,), 60.0, ({"title": "1", "start": 0.0},), NOON)
    brief = views.book_view(entry, brief=True)
    assert (brief["chapters"], brief["files"], brief["chapter_count"]) == ([], [], 1)
    made = {"mode": "remux", "warnings": ["odd: http://x/?apikey=CANARY"], "recipe": {"inputs": [1, 2]}}
    for download, recipe in ((None, None), (a_download(), None), (a_download(), made)):
        detail = views.book_detail(entry, download, recipe, _hide)
        views.BookDetail.model_validate(detail)
        assert detail["path"] == "Author/Book/Book.m4b"
    assert (detail["origin"]["sources"], "CANARY" in str(detail)) == (2, False)
    views.PositionView.model_validate(views.position_view(None))
    views.PositionView.model_validate(views.position_view(Position(1.0, 1.0, "Phone", False, NOON)))
    facets = BookFacets((("Ann", 1),), (), (), (("M4B", 1),))
    views.FacetsView.model_validate(views.facets_view(facets))
    views.AcceptedView.model_validate(views.accepted_view(a_download()))


def test_times_are_utc() -> None:
    """Whatever zone they were made in."""
    assert views.moment(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-01-01T12:00:00Z"
    assert views.moment(None) is None


def test_half_characters_do_not_break_an_answer() -> None:
    """Foreign data may hold them; the answer is valid UTF-8 all the same."""
    assert bytes(views.Json({"a": "x\ud800"}).body).decode() == '{"a":"x?"}'


def test_no_view_knows_the_disk() -> None:
    """A path inside the library is told by its last part only."""
    assert "Author" not in json.dumps(
        views.book_view(
            LibraryBook(1, 2, a_book("T", "W"), (LibraryFile("Author/x.m4b", "audio", 1, "0", "copy"),), 1.0, (), NOON)
        )["files"]
    )
