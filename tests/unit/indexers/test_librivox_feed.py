"""The answers of LibriVox's feed, and the questions that it understands."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.domain.release import SearchQuery
from auralarchive.indexers.archive_manifest import Section
from auralarchive.indexers.librivox_feed import (
    beginning,
    filed_title,
    item_of,
    last_name,
    recordings,
    steps,
    without_edition,
)
from tests.support.libraries import CAROL, EMMA, Libraries


def book(**changes: Any) -> dict[str, Any]:
    return {
        "id": "52",
        "title": "Letters of Two Brides",
        "language": "English",
        "url_librivox": "https://librivox.org/letters-of-two-brides-by-honore-de-balzac/",
        "url_iarchive": "http://www.archive.org/details/letters_brides_0709_librivox",
        "totaltimesecs": 36000,
        "authors": [{"first_name": "Honoré ", "last_name": "de Balzac"}],
        "sections": [section(1)],
        **changes,
    }


def section(number: Any, **changes: Any) -> dict[str, Any]:
    return {
        "section_number": number,
        "title": f"Letter {number}",
        "listen_url": f"https://www.archive.org/download/letters_brides_0709_librivox/letters_{number}_64kb.mp3",
        "playtime": "60",
        "file_name": f"letters_{number}_128kb.mp3",
        "readers": [{"reader_id": "5", "display_name": "Kara"}],
        **changes,
    }


def only(**changes: Any) -> Any:
    (found,) = recordings({"books": [book(**changes)]})
    return found


def test_a_recording_is_read() -> None:
    found = only(coverart_jpg="https://archive.org/download/letters_brides_0709_librivox/cover.jpg", translators=[])
    assert (found.id, found.title, found.authors) == ("52", "Letters of Two Brides", ("Honoré de Balzac",))
    assert (found.language_code, found.seconds, found.items) == ("en", 36_000.0, ("letters_brides_0709_librivox",))
    assert found.page == "https://librivox.org/letters-of-two-brides-by-honore-de-balzac/"
    assert found.cover == "cover.jpg"
    assert found.sections == (
        Section(
            "Letter 1",
            1,
            "letters_brides_0709_librivox",
            "letters_1_64kb.mp3",
            "letters_1_128kb.mp3",
            60.0,
            ("Kara",),
        ),
    )


def test_sections_are_put_in_order() -> None:
    """By their numbers, which are text; without a number they come last."""
    found = only(sections=[section("10"), section(None, title="Errata"), section("2"), section(1)])
    assert [one.title for one in found.sections] == ["Letter 1", "Letter 2", "Letter 10", "Errata"]


def test_books_may_come_as_an_object() -> None:
    """So do lists whose keys have gaps, in some versions of the program behind the feed."""
    found = recordings({"books": {"3": book(), "17": book(id=53)}})
    assert [one.id for one in found] == ["52", "53"]


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, "books", {"books": None}, {"books": "none"}, {"error": "Audiobooks could not be found"}],
    ids=str,
)
def test_nothing_is_nothing(answer: object) -> None:
    assert recordings(answer) == ()


@pytest.mark.parametrize(
    "missing",
    [
        {"title": ""},
        {"title": None},
        {"id": None},
        {"id": "x"},
        {"url_iarchive": "", "url_zip_file": None, "sections": []},
        {"url_iarchive": "https://example.com/details/emma", "sections": None},
    ],
    ids=str,
)
def test_what_is_still_being_recorded_is_no_book_yet(missing: dict[str, Any]) -> None:
    """The feed lists projects from their first day: without a name, a number or a place they are passed over."""
    good = book(id=99)
    assert [one.id for one in recordings({"books": [book(**missing), None, 7, good]})] == ["99"]


def test_missing_fields_are_unknown() -> None:
    """Empty objects instead of lists, no readers, readers without a name, "0" for a length."""
    found = only(
        authors={},
        language="Multilingual",
        totaltimesecs=0,
        totaltime="10:00:00",
        url_librivox="",
        coverart_jpg=None,
        sections=[
            section(
                1,
                playtime="0",
                readers=[{"display_name": None}, {"display_name": "LibriVox Volunteers"}, {}],
                file_name=None,
            ),
            section(2, title="", listen_url=None, readers={}),
            section(None, title=None, listen_url="ftp://x", readers=None),
        ],
    )
    assert (found.authors, found.language_code, found.seconds, found.page, found.cover) == (
        (),
        None,
        36_000,
        None,
        None,
    )
    first, second, third = found.sections
    assert (first.seconds, first.readers, first.alias) == (None, (), None)
    assert (second.title, second.item, second.file) == ("Section 2", None, None)
    assert (third.title, third.item) == ("Untitled section", None)


def test_markup_becomes_text() -> None:
    found = only(title="Emma <script>alert(1)</script>&amp; more", sections=[section(1, title="<b>Letter</b> 1")])
    assert found.title == "Emma alert(1) & more"
    assert found.sections[0].title == "Letter 1"


def test_the_zip_tells_the_item_where_nothing_else_does() -> None:
    """Without its sections a book names its place by the link of its zip, some with a slash too many."""
    found = only(
        url_iarchive=None, sections=None, url_zip_file="http://www.archive.org/download//letters/x_64kb_mp3.zip"
    )
    assert found.items == ("letters",)


def test_articles_are_put_back() -> None:
    """Titles are filed without them; the address of the page has them. An article inside stays where it is."""
    assert only(title="Jungle", url_librivox="https://librivox.org/the-jungle-by-upton-sinclair/").title == "The Jungle"
    assert only(title="Emma", url_librivox="https://librivox.org/emma-by-jane-austen/").title == "Emma"
    assert only(title="Ann's Ark", url_librivox="https://librivox.org/an-anns-ark/").title == "An Ann's Ark"
    assert only(title="Там", url_librivox="https://librivox.org/the-там/").title == "Там"


def test_links_lead_to_items() -> None:
    assert item_of("https://www.archive.org/download/emma/a%20b.mp3") == ("emma", "a b.mp3")
    assert item_of("http://ia800.us.archive.org/download/emma/d/a.mp3") == ("emma", "d/a.mp3")
    assert item_of("https://archive.org/details/emma") == ("emma", "")
    for elsewhere in ("", "emma", "https://archive.org/", "https://archive.org/details/", "https://archive.org/x/emma",
                      "https://archive.org.evil.example/details/emma", "https://archive.org/details/a%2Fb",
                      "https://[", "https://archive.org/details/../x"):  # fmt: skip
        assert item_of(elsewhere) is None


def test_titles_are_asked_for_as_they_are_filed() -> None:
    assert filed_title("The Adventures of Sherlock Holmes") == "Adventures of Sherlock Holmes"
    assert filed_title("Frankenstein; or, the Modern Prometheus") == "Frankenstein"
    assert filed_title("Moby Dick, or, the Whale") == "Moby Dick"
    assert filed_title("Alice’s  Adventures") == "Alice's Adventures"
    assert filed_title("A") == "A"
    assert filed_title("(Untitled)") == "(Untitled)"
    assert without_edition("Emma (version 2)") == without_edition("Emma (Dramatic Reading)") == "Emma"
    assert without_edition("Emma, Volume 2") == "Emma, Volume 2"
    assert without_edition("(version 2)") == "(version 2)"


def test_an_author_is_asked_for_by_the_last_name() -> None:
    names = ("Jane Austen", "Austen, Jane", "Jane Austen, Mark Twain", "Jane Austen & Anne Brontë", "Austen")
    assert {last_name(name) for name in names} == {"Austen"}
    assert last_name("Honoré de Balzac") == "Balzac"
    assert last_name("") == last_name(" . ") == ""


def test_books_of_one_title_begin_alike() -> None:
    assert beginning(["Emma", "Emma (version 2)", "Emma: a play"]) == "emma"
    assert beginning(["The Jungle Book", "Jungle"]) == "jungle"
    assert beginning(["Emma", "Persuasion"]) == beginning([]) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (SearchQuery(title="Emma"), ["^Emma"]),
        (SearchQuery(title="The Jungle", author="Upton Sinclair"), ["^Jungle", "^The Jungle", "by ^Sinclair"]),
        (SearchQuery(text="emma by jane austen"), ["^emma", "by ^austen"]),
        (SearchQuery(text="emma jane austen"), ["^emma jane austen", "by ^austen", "by ^emma", "by ^jane"]),
        (SearchQuery(text="austen"), ["^austen", "by ^austen"]),
        (SearchQuery(text=" "), []),
        (SearchQuery(), []),
        (SearchQuery(text="word " * 40), ["^" + ("word " * 40).strip()]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_questions_go_from_exact_to_loose(query: SearchQuery, expected: list[str]) -> None:
    """No question is asked twice."""
    asked = [one["title"] if "title" in one else f"by {one['author']}" for one in steps(query)]
    assert asked == expected


def test_the_tests_library_speaks_as_librivox_does() -> None:
    """What it answers is read to the last field."""
    with Libraries() as libraries:
        libraries.add(EMMA, CAROL)
        _, answer, _ = libraries.answer("/api/feed/audiobooks/", {"extended": "1"})
    emma, carol = recordings(answer)
    assert carol.title == "A Christmas Carol"
    assert emma.items == ("emma_0907_librivox",)
    assert [one.readers for one in emma.sections] == [part.readers for part in EMMA.parts]
