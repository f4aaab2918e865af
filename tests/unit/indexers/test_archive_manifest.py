"""Sections of LibriVox and files of the Archive become one manifest."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.domain.manifest import Manifest, parse
from auralarchive.indexers.archive_manifest import (
    BookFacts,
    Section,
    is_person,
    manifest_of,
    reader_in,
    readers_of,
)
from auralarchive.indexers.archive_metadata import Item, Prefer, read_item

BASE = "https://archive.org"
FACTS = BookFacts("Emma (version 2)", "Emma", ("Jane Austen",), ("Ezwa",), "en", "LibriVox", "emma_1002.jpg")


def file(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "source": "original", "size": "1000", **more}


def item(*files: dict[str, Any], name: str = "emma") -> Item:
    return read_item({"metadata": {"title": "Emma"}, "files": list(files)}, name, "archive.org")


EMMA = item(*(file(f"emma_{number:02}_128kb.mp3") for number in (1, 2, 3)), file("emma_1002.jpg"))


def section(number: int, file: str | None = None, **more: Any) -> Section:
    link = f"emma_{number:02}_64kb.mp3" if file is None else file
    return Section(f"Chapter {number}", number, "emma", link or None, readers=("Ezwa",), seconds=60.0, **more)


def joined(*sections: Section, items: tuple[Item, ...] = (EMMA,), prefer: Prefer = "mp3") -> tuple[Manifest, list[str]]:
    manifest, notes = manifest_of(FACTS, items, BASE, prefer, sections)
    assert parse(manifest.to_bytes()) == manifest  # the direct client reads it as it was meant
    return manifest, list(notes)


def order(manifest: Manifest) -> list[tuple[str, str | None]]:
    return [(one.path, one.title) for one in manifest.files]


def test_sections_and_files_are_joined_by_their_names() -> None:
    """In the order of the sections, with title, readers and length; the cover comes last."""
    manifest, notes = joined(section(3), section(1), section(2))
    assert order(manifest) == [
        ("emma_01_128kb.mp3", "Chapter 1"),
        ("emma_02_128kb.mp3", "Chapter 2"),
        ("emma_03_128kb.mp3", "Chapter 3"),
        ("emma_1002.jpg", None),
    ]
    first = manifest.files[0]
    assert (first.narrators, first.seconds, first.size) == (("Ezwa",), 60.0, 1_000)
    assert first.urls == ("https://archive.org/download/emma/emma_01_128kb.mp3",)
    assert (manifest.name, manifest.title, manifest.authors) == ("Emma (version 2)", "Emma", ("Jane Austen",))
    assert (manifest.narrators, manifest.language, manifest.source) == (("Ezwa",), "en", "LibriVox")
    assert notes == []


def test_a_second_name_joins_too() -> None:
    """A link that leads nowhere: the name that LibriVox keeps beside it does."""
    manifest, notes = joined(section(1), section(2, "elsewhere.mp3", alias="emma_02_128kb.mp3"), section(3))
    assert [title for _, title in order(manifest)][:3] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert notes == []


def test_as_many_that_are_left_are_joined_in_order() -> None:
    """Files that were renamed since keep their places."""
    manifest, notes = joined(section(2, "new_b.mp3"), section(1), section(3, "new_c.mp3"))
    assert order(manifest)[:3] == [
        ("emma_01_128kb.mp3", "Chapter 1"),
        ("emma_02_128kb.mp3", "Chapter 2"),
        ("emma_03_128kb.mp3", "Chapter 3"),
    ]
    assert notes == []


def test_what_finds_no_partner_is_told_and_not_lost() -> None:
    """A file without a section comes last; a section without a file is fetched by its own link."""
    manifest, notes = joined(section(1), section(7), section(8), section(3))
    assert order(manifest)[:5] == [
        ("emma_01_128kb.mp3", "Chapter 1"),
        ("emma_03_128kb.mp3", "Chapter 3"),
        ("emma_07_64kb.mp3", "Chapter 7"),
        ("emma_08_64kb.mp3", "Chapter 8"),
        ("emma_02_128kb.mp3", None),
    ]
    lost = manifest.files[2]
    assert lost.urls == ("https://archive.org/download/emma/emma_07_64kb.mp3",)
    assert (lost.size, lost.md5, lost.sha1) == (None, None, None)
    assert [note for note in notes if "Chapter 7" in note]
    assert [note for note in notes if "emma_02_128kb.mp3" in note]
    assert len(notes) == 3


def test_a_section_without_any_link_is_told() -> None:
    """What was never linked cannot be fetched."""
    manifest, notes = joined(section(1), section(2), section(3), section(4, ""))
    assert len(manifest.files) == 4
    assert notes == ['The Archive lists no file for the section "Chapter 4".']


def test_two_sections_in_one_file_are_one_chapter() -> None:
    """With both titles and all readers."""
    manifest, notes = joined(
        section(1),
        Section("Chapter 1, continued", 2, "emma", "emma_01_64kb.mp3", readers=("Klett",)),
        section(3, "emma_02_64kb.mp3"),
        section(4, "emma_03_64kb.mp3"),
    )
    assert order(manifest)[0] == ("emma_01_128kb.mp3", "Chapter 1 / Chapter 1, continued")
    assert manifest.files[0].narrators == ("Ezwa", "Klett")
    assert len(manifest.files) == 4
    assert notes == []


def test_a_book_may_be_spread_over_items() -> None:
    """Volumes of their own: files of the same name stay apart."""
    volumes = (item(file("01.mp3"), file("02.mp3"), name="one"), item(file("01.mp3"), name="two"))
    sections = [
        Section("Volume 2", 3, "two", "01.mp3"),
        Section("Volume 1, A", 1, "one", "01.mp3"),
        Section("Volume 1, B", 2, "one", "02.mp3"),
    ]
    manifest, notes = joined(*sections, items=volumes)
    assert [title for _, title in order(manifest)] == ["Volume 1, A", "Volume 1, B", "Volume 2"]
    assert [one.urls[0].removeprefix(f"{BASE}/download/") for one in manifest.files] == [
        "one/01.mp3",
        "one/02.mp3",
        "two/01.mp3",
    ]
    assert len({one.path for one in manifest.files}) == 3
    assert notes == []


def test_a_whole_book_in_one_file_has_its_own_chapters() -> None:
    manifest, notes = joined(section(1), section(2), items=(item(file("Emma.m4b"), file("a.mp3")),), prefer="m4b")
    assert order(manifest) == [("Emma.m4b", None)]
    assert notes == []


def test_titles_of_files_lose_the_number_that_all_have() -> None:
    """Without sections the titles of the files are the chapters'; a number that only some have stays."""
    files = [file(f"{at}.mp3", title=f"{at:02} - Chapter {at}", length="61.5") for at in (1, 2)]
    manifest, _ = joined(items=(item(*files),))
    assert order(manifest) == [("1.mp3", "Chapter 1"), ("2.mp3", "Chapter 2")]
    assert manifest.files[0].seconds == 61.5
    files.append(file("3.mp3", title="1984"))
    manifest, _ = joined(items=(item(*files),))
    assert [title for _, title in order(manifest)] == ["01 - Chapter 1", "02 - Chapter 2", "1984"]


def test_readers_of_a_book_are_those_of_its_sections() -> None:
    """In their order, each once."""
    sections = [Section(f"{number}", number, readers=(f"Reader {number % 9}",)) for number in range(20)]
    assert readers_of(sections) == tuple(f"Reader {number}" for number in range(9))
    assert readers_of([section(1), section(2)]) == ("Ezwa",)
    assert readers_of([]) == ()


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("LibriVox recording of Emma. Read in English by Sherry Crowther. Emma Woodhouse …", "Sherry Crowther"),
        ("Read by J. M. Smallheer", "J. M. Smallheer"),
        ("Narrated by: Élise O'Hara-Smith, in 2009", "Élise O'Hara-Smith"),
        ("Read in English by LibriVox Volunteers.", None),
        ("Read by a full cast", None),
        ("Read by Various Readers", None),
        ("read by the author", None),
        ("Emma, by Jane Austen", None),
        ("", None),
        ("Read by " + "A" * 50_000, None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_description_may_name_the_reader(text: str, reader: str | None) -> None:
    assert reader_in(text) == reader


def test_many_are_nobody() -> None:
    assert [name for name in ("Ezwa", "LibriVox Volunteers", "Various readers", "Multiple", "") if is_person(name)] == [
        "Ezwa"
    ]
