"""Whether a release is the wanted book."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from auralarchive.domain.book import Book
from auralarchive.domain.matching import match_score
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.domain.titles import parse_title

GOOD = 70.0
BOOK = Book("AA-1", "The Salt Harbour", "Mira Okonjo", series="Tidewalkers", series_part="1", language="english")


def similarity(left: str, right: str) -> float:
    return fuzz.ratio(left, right) / 100


def release(title: str) -> Release:
    return Release("id", title, "Test", DownloadType.TORRENT, "http://h/", parse_title(title))


def score(wanted: SearchQuery | Book, title: str) -> float:
    return match_score(wanted, release(title), similarity)[0]


def query(title: str, author: str | None = None) -> SearchQuery:
    return SearchQuery(title=title, author=author)


@pytest.mark.parametrize(
    "title",
    [
        "The Salt Harbour by Mira Okonjo [ENG / M4B]",
        "Mira Okonjo - Tidewalkers 01 - The Salt Harbour (2011) [MP3 64kbps]",
        "Mira.Okonjo.The.Salt.Harbour.2019.Unabridged.Audiobook.MP3-GRP",
        "The Salt Harbour: A Tidewalkers Novel - Mira Okonjo",
        "Okonjo, Mira - Salt Harbour",
        "M. Okonjo - The Salt Harbor",
        "Tom Hale & Mira Okonjo - The Salt Harbour",
        "The Salt Harbour (Tidewalkers, #1)",
        "THE SALT HARBOUR - MIRA OKONJO",
    ],
)
def test_the_wanted_book_is_found(title: str) -> None:
    """In any habit of writing, with the author anywhere or nowhere."""
    assert score(BOOK, title) >= GOOD


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        (query("It", "Stephen King"), "Stephen King - You Like It Darker"),
        (query("It", "Stephen King"), "You Like It Darker by Stephen King [ENG / M4B]"),
        (query("It"), "You Like It Darker by Stephen King [ENG / M4B]"),
        (SearchQuery(text="It"), "Stephen King - You Like It Darker"),
        (query("It", "Stephen King"), "Stephen Kingston - It (retail)"),
        (query("Emma", "Jane Austen"), "Emma and Her Sisters [Unabridged]"),
        (query("Emma", "Jane Austen"), "Emma [Unabridged]"),
        (query("Emma", "Jane Austen"), "Tom Hale - Emma"),
        (query("Guns", "Mira Okonjo"), "Mira Okonjo - The Gunslinger"),
        (query("Far Coasts, Volume 1", "Mira Okonjo"), "Mira Okonjo - Far Coasts Vol 2"),
        (query("The Salt Harbour", "Mira Okonjo"), "Mira Okonjo - Low Water"),
        (BOOK, "Mira Okonjo - Tidewalkers 02 - The Salt Harbour Returns"),
        (BOOK, "Mira Okonjo - Tidewalkers 02 - The Salt Harbour"),
        (BOOK, "Tidewalkers Books 1-4 by Mira Okonjo"),
        (BOOK, "The Salt Harbour by Mira Okonjo [GER / M4B]"),
        (query("Far Coasts: The Ferry", "Mira Okonjo"), "Far Coasts: The Storm by Mira Okonjo [ENG / M4B]"),
    ],
)
def test_other_books_are_not(wanted: SearchQuery | Book, title: str) -> None:
    """Not by a word in common, not by another author, volume or language."""
    assert score(wanted, title) < GOOD


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        (query("It", "Stephen King"), "Stephen King - IT (Unabridged) [MP3]"),
        (query("The Time Tide", "H. G. Marsh"), "HG Marsh - The Time Tide"),
        (query("Ferry", "Mary Ann Hale"), "Mary Hale - Ferry; or, The Last Crossing (1818 Text)"),
        (query("Far Coasts, Volume 1", "Miguel Soto"), "Miguel Soto - Far Coasts Vol. 01 [Unabridged]"),
        (query("Les Misérables du Port", "Anne Lefèvre"), "Anne Lefevre - Les Miserables du Port"),
        (query("???", "Mira Okonjo"), "Mira Okonjo - ???"),
        (query("The Picture of the Harbour", "Mira Okonjo"), "The Picture of the Harbour [MP3]"),
        (query("Ferry"), "Ferry by Tom Hale"),
        (query("Far Coasts: The Last Ferry", "Mira Okonjo"), "Mira Okonjo - The Last Ferry"),
        (query("Ferry: A Novel", "Mira Okonjo"), "Mira Okonjo - Ferry: The True History"),
        (SearchQuery(text="salt harbour okonjo"), "The Salt Harbour by Mira Okonjo [ENG / M4B]"),
    ],
)
def test_spellings_do_not_matter(wanted: SearchQuery | Book, title: str) -> None:
    """Initials, accents, articles, subtitles, ways to count volumes."""
    assert score(wanted, title) >= GOOD


def test_reasons_make_up_the_score() -> None:
    """A person sees what the score consists of, in words."""
    points, reasons = match_score(BOOK, release("Mira Okonjo - The Salt Harbour (Abridged)"), similarity)
    assert points == sum(reason.points for reason in reasons) == 90.0
    assert [reason.label for reason in reasons] == ["title", "author", "narrator", "abridged"]
    assert all(reason.text.endswith(".") for reason in reasons)


def test_narrators_count() -> None:
    """The wanted voice is better than an unknown one, and that better than another."""
    wanted = replace(BOOK, narrator="Jonah Pell")
    base = "Mira Okonjo - The Salt Harbour"
    right, unknown, wrong = (score(wanted, base + end) for end in (" (read by Jonah Pell)", "", " (read by Ann Lee)"))
    assert right > unknown > wrong


@given(st.text(max_size=80), st.text(max_size=80))
def test_scores_stay_in_their_limits(wanted: str, offered: str) -> None:
    """Whatever the texts, 0 to 100."""
    for question in (query(wanted or "x", offered), SearchQuery(text=wanted)):
        assert 0 <= score(question, offered) <= 100
