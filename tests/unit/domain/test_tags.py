"""Tags and marks: how an item is known as ours."""

from __future__ import annotations

import pytest

from auralarchive.domain.tags import mark_of, names_another, read_mark, tag_of

PRINT = "0123456789abcdef"


def test_a_mark_is_read_back_from_any_name() -> None:
    """Clients put job names into folders, add endings and counters."""
    tag = tag_of("main", 12)
    assert tag == "auralarchive-main-12"
    for name in ("{}", "Emma [{}]", "Emma ({}).nzb", "Emma {}.1", "_UNPACK_Emma [{}]"):
        assert read_mark(name.format(mark_of(tag, PRINT))) == (tag, PRINT)


@pytest.mark.parametrize(
    ("tags", "anothers"),
    [
        (set(), False),
        ({"mine", "auralarchive-adopted"}, False),
        ({"auralarchive-other-1"}, False),
        ({"auralarchive-main-1", "auralarchive-main-12"}, False),
        ({"auralarchive-main-1"}, True),
        ({"auralarchive-main-123"}, True),
    ],
)
def test_whose_an_item_is(tags: set[str], anothers: bool) -> None:
    """Only a tag of this instance speaks for another of its downloads."""
    assert names_another(tags, "main", 12) is anothers


@pytest.mark.parametrize("text", ["", "Emma", "auralarchive-main-12", f"auralarchive-main-{PRINT}", f"x-{PRINT}"])
def test_what_is_no_mark_is_none(text: str) -> None:
    """A person's own job may well be called auralarchive."""
    assert read_mark(text) is None


def test_a_longer_number_is_no_mark() -> None:
    """Half a mark could be another download's."""
    assert read_mark(mark_of("auralarchive-main-1", PRINT + "0")) is None
