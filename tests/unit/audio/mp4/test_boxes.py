"""The grammar of boxes, also where it is broken."""

from __future__ import annotations

import pytest

from auralarchive.audio.mp4.boxes import Malformed, Span, box, children, find, full_box, need, unpack


def _whole(data: bytes) -> Span:
    return Span(0, len(data))


def test_what_is_written_is_found_again() -> None:
    data = box(b"moov", box(b"udta", full_box(b"meta", 0, 0, box(b"ilst", b"tags"))))
    span = need(data, _whole(data), b"moov", b"udta", b"meta", b"ilst")
    assert data[span.start : span.end] == b"tags"
    assert find(data, _whole(data), b"moov", b"trak") is None


@pytest.mark.parametrize("length", [b"\0\0\0\x07", b"\0\0\xff\xff", b"\xff\xff\xff\xff"])
def test_a_box_never_reaches_out_of_its_parent(length: bytes) -> None:
    data = length + b"moov" + bytes(8)
    with pytest.raises(Malformed):
        list(children(data, _whole(data)))


def test_padding_at_the_end_is_no_damage() -> None:
    """iTunes closes some lists with zeros."""
    data = box(b"free", b"x") + bytes(12)
    assert [name for name, _ in children(data, _whole(data))] == [b"free"]


def test_long_and_open_lengths_are_understood() -> None:
    data = b"\0\0\0\x01mdat" + (20).to_bytes(8, "big") + b"abcd" + b"\0\0\0\0freexyz"
    assert [(name, span.size) for name, span in children(data, _whole(data))] == [(b"mdat", 4), (b"free", 3)]


def test_fields_beyond_a_box_are_refused() -> None:
    with pytest.raises(Malformed):
        unpack("I", b"abc", Span(0, 3))
