"""Names made of other people's words are harmless, readable and stable."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.book import Book
from auralarchive.domain.naming import (
    MAX_DEPTH,
    MAX_PATH_BYTES,
    TOKENS,
    BadTemplate,
    distinct,
    parse_template,
    safe_component,
)

BOOK = Book("B00ABCDEF1", "Emma", "Jane Austen", series="Highbury", series_part="3", year=1815)
ANY_TEXT = st.text(st.characters())  # surrogates and unassigned code points too


def where(template: str, book: Book = BOOK) -> str:
    layout = parse_template(template).layout(book)
    return "/".join((*layout.folders, layout.file_name))


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = safe_component(text)
    assert safe_component(once) == once


@given(ANY_TEXT | ANY_TEXT.map(lambda text: text * 40 + ".mp3"))
def test_a_component_is_never_a_path_an_option_hidden_or_too_long(text: str) -> None:
    name = safe_component(text)
    assert name
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|\0\n\r\t')
    assert name[0] not in ".- "
    assert name[-1] not in ". "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dune: Part One", "Dune - Part One"),
        ("Who goes there?", "Who goes there"),
        ('The "Best" of', "The 'Best' of"),
        ("AC/DC", "AC_DC"),
        ("…and then", "…and then"),
        ("Ge\u0301nial", "G\u00e9nial"),
        ("two   blanks\u00a0here", "two blanks here"),
        ("Mr. ", "Mr"),
        ("aux.txt", "_aux.txt"),
        ("Auxiliary", "Auxiliary"),
    ],
)
def test_titles_stay_readable(text: str, expected: str) -> None:
    assert safe_component(text) == expected


def test_shortening_keeps_the_extension_and_whole_characters() -> None:
    name = safe_component("ß" * 300 + ".epub")
    assert name.endswith("ß.epub")
    assert 253 <= len(name.encode()) <= 255


def test_taken_names_are_numbered_without_regard_to_case() -> None:
    assert distinct("map.pdf", {"MAP.pdf"}) == "map (2).pdf"
    assert distinct("map.pdf", {"map.pdf", "Map (2).pdf"}) == "map (3).pdf"
    assert len(distinct("a" * 251 + ".pdf", {"a" * 251 + ".pdf"}).encode()) <= 255


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{author}/{title}/{title}.m4b", "Jane Austen/Emma/Emma.m4b"),
        ("{author}/{series}/{title}", "Jane Austen/Highbury/Emma/Emma.m4b"),
        ("{author}/{series_part:02} - {title}", "Jane Austen/03 - Emma/Emma.m4b"),
        ("{title} ", "Emma/Emma.m4b"),
        ("{title} ({year}) [{narrator}]", "Emma (1815)/Emma.m4b"),
        ("{author}/Read by {narrator}/{title}", "Jane Austen/Emma/Emma.m4b"),
        ("{title}/{narrator} - {title}.m4b", "Emma/Emma.m4b"),
    ],
)
def test_layouts_of_a_book(template: str, expected: str) -> None:
    """What is not known drops out with its brackets and dashes."""
    assert where(template) == expected


def test_a_number_with_a_fraction_is_padded_before_its_point() -> None:
    assert where("{series_part:02} {title}", replace(BOOK, series_part="1.5")).startswith("01.5 Emma/")


def test_a_book_without_names_is_called_unknown() -> None:
    assert where("{author}/{title}", Book("", "", " ")) == "Unknown/Unknown/Unknown.m4b"


def test_a_slash_in_a_value_opens_no_folder() -> None:
    assert where("{author}/{title}", replace(BOOK, author="../../etc", title="a/b")) == "_.._etc/a_b/a_b.m4b"


@pytest.mark.parametrize(
    "template",
    [
        "",
        "  ",
        "{title.__class__}",
        "{title!r}",
        "{0}",
        "{{7*7}}",
        "{titel}",
        "../{title}",
        "{title}/..",
        "/{title}",
        ".{title}",
        "{author}//{title}",
        "{author}",
        "{author}/{title}.m4b",
        "{title}/book.m4b",
        "{title:02}",
        "{title",
        "title}",
        "a\\{title}",
        "{title}/x\nx{title}",
        "a:{title}",
        "/".join(["{title}"] * 200),
        "x" * 300,
        "{series_part:2}",
        "{series_part:002}",
    ],
)
def test_bad_templates_are_refused_with_a_remedy(template: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        parse_template(template)
    assert refused.value.reason
    assert refused.value.remedy


@given(st.text(), st.text(), st.one_of(st.none(), st.text()))
def test_every_value_gives_a_layout_within_the_limits(title: str, author: str, series: str | None) -> None:
    book = Book("AA-X", title * 30, author * 30, series=series, narrator=series, publisher=series, language=author)
    text = where("{author}/{series}/{narrator}/{publisher}/{language}/{title}/{title}.m4b", book)
    assert len(text.encode()) <= MAX_PATH_BYTES
    assert text.count("/") < MAX_DEPTH
    assert text.endswith(".m4b")
    assert all(safe_component(part) == part for part in text.split("/"))


@given(ANY_TEXT)
def test_any_text_is_a_template_or_refused(text: str) -> None:
    with suppress(BadTemplate):
        parse_template(text).layout(BOOK)


def test_every_token_can_be_used() -> None:
    for token in TOKENS:
        parse_template(f"{{{token}}}/{{title}}")
