"""What the finished book says of itself."""

from __future__ import annotations

from auralarchive.audio.sourcetags import SourceTags
from auralarchive.audio.tags import BookTags, book_tags, metadata
from auralarchive.domain.book import Book, pseudo_asin

SOURCES = [
    SourceTags(
        title="Chapter 1", album="Old Title", author="Somebody", narrator="Nora", asin="B000000001", year="1999"
    ),
    SourceTags(title="Chapter 2", album="Old Title", author="Somebody", genre="Fantasy"),
]


def test_without_a_book_the_sources_speak() -> None:
    tags = book_tags(None, SOURCES, "folder")
    assert (tags.title, tags.author, tags.genre, tags.year) == ("Old Title", "Somebody", "Fantasy", "1999")
    assert book_tags(None, [SourceTags(), SourceTags()], "folder").title == "folder"


def test_the_person_s_book_wins_where_it_knows() -> None:
    tags = book_tags(Book("B00TESTBK1", "New\nTitle", "Ann", year=2020), SOURCES, "folder")
    assert (tags.title, tags.author, tags.asin, tags.year) == ("New Title", "Ann", "B00TESTBK1", "2020")
    assert tags.narrator == "Nora"


def test_an_asin_of_our_own_making_is_not_written() -> None:
    tags = book_tags(Book(pseudo_asin("T", "A"), "T", "A"), [SourceTags()], "folder")
    assert tags.asin == ""


def test_a_part_of_the_old_series_does_not_slip_into_the_new() -> None:
    sources = [SourceTags(series="Old", series_part="7")]
    tags = book_tags(Book("B00TESTBK1", "T", "A", series="New"), sources, "folder")
    assert (tags.series, tags.series_part) == ("New", "")


def test_atoms_follow_what_is_known() -> None:
    full = metadata(BookTags("T", "A", series="S", series_part="3.5"), b"\x89PNG...", "maker")
    assert b"SERIES-PART" in full
    assert b"S #3.5" in full
    assert b"\xa9mvi" not in full  # Apple's number takes whole ones only
    assert b"\xa9mvi" in metadata(BookTags("T", "A", series="S", series_part="3"), None, "maker")
    assert b"covr" not in metadata(BookTags("T"), None, "maker")


def test_a_long_description_is_cut_between_characters() -> None:
    data = metadata(BookTags("T", description="ü" * 400), None, "maker")
    at = data.index(b"desc")
    size = int.from_bytes(data[at - 4 : at], "big")
    assert len(data[at + 20 : at - 4 + size].decode("utf-8").encode()) <= 255
