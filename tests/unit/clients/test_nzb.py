"""What the reader makes of NZB files."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.nzb import MAX_BYTES, MAX_SEGMENTS, read_nzb
from auralarchive.domain.status import DownloadType
from auralarchive.ports.errors import InvalidInput

FILE = '<file subject="a"><groups><group>alt.x</group></groups><segments>%s</segments></file>'
SEGMENT = '<segment bytes="700" number="1">a@b</segment>'


def nzb(body: str, head: str = "", before: str = "") -> bytes:
    return f'{before}<nzb xmlns="http://www.newzbin.com/DTD/2003/nzb"><head>{head}</head>{body}</nzb>'.encode()


def test_sizes_are_summed_and_the_bytes_kept() -> None:
    """The page shows a size; the client receives what the indexer gave."""
    data = nzb(FILE % (SEGMENT * 3) + FILE % SEGMENT)
    payload = read_nzb(data, "A Book")
    assert (payload.download_type, payload.size, payload.name) == (DownloadType.NZB, 2800, "A Book")
    assert payload.data == data


def test_the_usual_doctype_is_tolerated() -> None:
    """NZB 1.1 files declare one; nothing is fetched for it."""
    doctype = '<!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN" "http://127.0.0.1:1/nzb.dtd">'
    assert read_nzb(nzb(FILE % SEGMENT, before=doctype), "x").size == 700


def test_utf16_is_read() -> None:
    """Encodings that declare themselves work."""
    text = '<?xml version="1.0" encoding="utf-16"?>' + nzb(FILE % SEGMENT).decode()
    assert read_nzb(text.encode("utf-16"), "x").size == 700


def test_a_crowd_of_elements_takes_no_memory() -> None:
    """In one file, whatever they are called: 32 MiB of them would be more than half a gigabyte."""
    crowd = b"<nzb><file>" + b"<a/>" * 100_000 + b'<segments><segment bytes="9">x</segment></segments></file></nzb>'
    tracemalloc.start()
    try:
        assert read_nzb(crowd, "Emma").size == 9
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_password_in_the_name_is_not_passed_on() -> None:
    """Usenet clients would take it from there."""
    assert read_nzb(nzb(FILE % SEGMENT), "Book {{secret}} x{{").name == "Book x"


def test_an_indexers_error_is_told_in_its_words() -> None:
    """Limits and missing accounts come as XML of another kind."""
    with pytest.raises(InvalidInput, match=r"Request limit reached \(code 500\)"):
        read_nzb(b'<error code="500" description="Request limit reached"/>', "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<html></html>",
        nzb(""),
        nzb(FILE % ""),
        nzb(FILE % SEGMENT)[:-20],
        nzb(FILE % SEGMENT, before='<!DOCTYPE nzb [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
        nzb(FILE % SEGMENT, before='<?xml version="1.0" encoding="no-such"?>'),
        nzb(FILE % SEGMENT, head='<meta type="password">a&#9;b</meta>'),
        nzb(FILE % SEGMENT, head=f'<meta type="password">{"p" * 10_000}</meta>'),
        nzb("<x>" * 5_000 + "</x>" * 5_000),
        nzb(FILE % ("<segment/>" * (MAX_SEGMENTS + 1))),
        b" " * (MAX_BYTES + 1),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_usable_nzb_is_refused_with_a_remedy(data: bytes) -> None:
    """Bombs, cuts and pages: refused, each with what to do."""
    with pytest.raises(InvalidInput) as caught:
        read_nzb(data, "x")
    assert caught.value.remedy


@given(st.binary(max_size=200), st.integers(0, 100))
def test_damage_never_escapes(noise: bytes, at: int) -> None:
    """Any bytes give a payload or a refusal."""
    good = nzb(FILE % SEGMENT)
    try:
        read_nzb(good[:at] + noise + good[at:], "x")
    except InvalidInput:
        return
