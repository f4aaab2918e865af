"""JSON whose types are not to be relied on."""

from __future__ import annotations

import pytest

from auralarchive.indexers.loose import NotJson, flag, line, lines, number, read_json, record, records, seconds


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"books": [', b"[" * 100_000, b"\xff\xfe{}", b"1" * 5_000],
    ids=lambda body: str(body[:9]),
)
def test_what_is_no_json_says_so(body: bytes) -> None:
    """Pages, answers that break off, nesting without an end, numbers without an end."""
    with pytest.raises(NotJson):
        read_json(body)


def test_json_is_read_with_its_liberties() -> None:
    """A mark at its beginning, bytes that are no UTF-8, numbers that are none."""
    assert read_json(b'\xef\xbb\xbf{"a": NaN, "b": "\xe9"}') == {"a": None, "b": "\ufffd"}


def test_lists_may_come_as_objects() -> None:
    """A list whose keys have gaps becomes an object on its way; what is no object in it is passed over."""
    assert records([{"a": 1}, "x", None, {"b": 2}]) == ({"a": 1}, {"b": 2})
    assert records({"4": {"a": 1}, "9": {"b": 2}}) == ({"a": 1}, {"b": 2})
    assert records("none") == records(None) == ()
    assert record({"a": 1}) == {"a": 1}
    assert record([]) == record("x") == {}


def test_text_is_one_line_without_tags() -> None:
    assert line("<p>Emma <b>Woodhouse</b>,<br/>\n handsome&amp;clever\u200b</p>") == "Emma Woodhouse , handsome&clever"
    assert line(["", None, "first", "second"]) == "first"
    assert line(1815) == "1815"
    assert line(None) == line({}) == line(True) == ""
    assert lines(["a", 2, None, {"b": 1}]) == ("a", "2")
    assert lines("a") == ("a",)


def test_numbers_come_in_quotes() -> None:
    assert [number(value) for value in (7, "7", " 7 ", 7.9)] == [7, 7, 7, 7]
    wrong: tuple[object, ...] = (-1, "-1", "7a", "", None, True, [], float("inf"), 2**64, "9" * 40, "٣")
    assert [number(value) for value in wrong] == [None] * len(wrong)


def test_lengths_come_in_seconds_or_as_on_a_clock() -> None:
    assert seconds("512.55") == 512.55
    assert (seconds("1:02:03"), seconds("08:32"), seconds(60)) == (3723, 512, 60)
    wrong: tuple[object, ...] = ("0", 0, "", "0:00:00", "-5", "abc", None, True, "nan", "inf", "1e300", 10**400, [])
    assert [seconds(value) for value in wrong] == [None] * len(wrong)


OFF: tuple[object, ...] = (False, 0, "0", "false", None, "", [], {})


def test_switches_are_written_in_many_ways() -> None:
    assert all(flag(value) for value in (True, 1, "1", "true", "TRUE ", ["true"]))
    assert not any(flag(value) for value in OFF)
