"""The bencode parser: what it takes, what it refuses, and that nothing makes it stumble."""

from __future__ import annotations

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.bencode import BencodeError, parse

VALUES = st.recursive(
    st.integers(-(10**18), 10**18) | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.binary(max_size=8), VALUES, max_size=5))
def test_reads_what_a_library_writes(value: dict[bytes, object]) -> None:
    """It agrees with another implementation, and each span is the value's own bytes."""
    data = bencode2.bencode(value)
    document = parse(data)
    assert document.value == value
    assert {key: data[span] for key, span in document.spans.items()} == {
        key: bencode2.bencode(inner) for key, inner in value.items()
    }


@given(st.binary(max_size=200) | st.text("dlei0123456789:-", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No input raises anything but its own error."""
    try:
        parse(data)
    except BencodeError:
        return


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"de1",
        b"i1e",
        b"d1:a",
        b"d1:ai-0ee",
        b"d1:ai007ee",
        b"d1:ai9e999ee",
        b"d1:ai99999999999999999999999ee",
        b"d01:ai1ee",
        b"d1:a9999999999:",
        b"d1:a99999999999999999999:",
        b"d1:ai1e1:ai2ee",
        b"di1ei2ee",
        b"d1:ae",
        b"l" * 100_000 + b"e" * 100_000,
        b"d1:a" + b"l" * 600_000,
        b"d1:al" + b"0:" * 600_000 + b"ee",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_not_strict_bencode_is_refused(data: bytes) -> None:
    """Ambiguous, cut, deep or huge: refused with a message, never with a crash or a big allocation."""
    with pytest.raises(BencodeError):
        parse(data)


def test_keys_out_of_order_are_tolerated() -> None:
    """Such torrents are in circulation; clients take them by the hash of their bytes as they are."""
    assert parse(b"d1:bi1e1:ai2ee").value == {b"b": 1, b"a": 2}
