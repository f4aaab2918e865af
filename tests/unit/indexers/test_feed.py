"""Feeds are read as they come, and never more of them than is good."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auralarchive.indexers.feed import MAX_ITEMS, FeedRefused, decode, mend, read_feed
from tests.support.indexing import feed_of


def title(data: bytes) -> str:
    return read_feed(data).items[0].text("title")


def test_prefixes_and_case_do_not_matter() -> None:
    """Attributes come under torznab, newznab, both, or a prefix that nobody declared."""
    item = (
        '<item><Title>A</Title><torznab:attr name="Seeders" value="3"/><newznab:attr name="size" value="9"/>'
        '<x:attr name="category" value="1"/><attr name="category" value="2"/></item>'
    )
    found = read_feed(feed_of([item])).items[0]
    assert (found.attr("seeders"), found.attr("size"), found.attrs["category"]) == ("3", "9", ["1", "2"])


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + feed_of(["<item><title>K\u00f6nig</title></item>"]),
        b"\n \n" + feed_of(["<item><title>K\u00f6nig</title></item>"]),
        feed_of(["<item><title>K\u00f6nig</title></item>"]).replace(b'"1.0"', b'"1.0" encoding="ISO-8859-1"'),
        feed_of(["<item><title>K\u00f6nig</title></item>"]).replace(b'<?xml version="1.0"?>', b""),
        '<?xml version="1.0" encoding="iso-8859-1"?><rss><item><title>König</title></item></rss>'.encode("latin-1"),
        '<?xml version="1.0" encoding="utf-8"?><rss><item><title>König</title></item></rss>'.encode("cp1252"),
        '<?xml version="1.0" encoding="utf-16"?><rss><item><title>König</title></item></rss>'.encode("utf-16"),
        b"<rss><item><title>K&ouml;nig</title></item></rss>",
        b"<rss><item><title>K&#xF6;\x0bnig&#8;&#x1f;</title></item></rss>",
    ],
    ids=["bom", "blanks", "wrong label", "no declaration", "latin", "wrong label too", "utf-16", "entity", "control"],
)
def test_encodings_and_entities_are_mended(data: bytes) -> None:
    """Marks, labels, control characters and HTML's entities break strict parsers; here the title arrives."""
    assert title(data) == "König"


def test_unknown_entities_and_bare_signs_are_text() -> None:
    """A link with plain ampersands is common; what is no entity is text."""
    data = feed_of(["<item><title>A & B &foo; &LT;b></title><link>http://h/?a=1&b=2&copy=3</link></item>"])
    item = read_feed(data).items[0]
    assert item.text("title") == "A & B &foo; <b>"
    assert item.text("link") == "http://h/?a=1&b=2&copy=3"


def test_sections_keep_their_signs() -> None:
    """What stands in CDATA is already plain text."""
    assert title(feed_of(["<item><title><![CDATA[<i>A</i> &amp; B & C]]></title></item>"])) == "<i>A</i> &amp; B & C"
    assert mend("<![CDATA[" * 3) == "<![CDATA[" * 3


def test_errors_and_capabilities_are_told() -> None:
    """The other two things that an indexer answers."""
    feed = read_feed(b'<error code="100" description="No"/>')
    assert (feed.error_code, feed.error_text, feed.items) == (100, "No", [])
    assert read_feed(b'<error code="huge" description="No"/>').error_code == 900
    caps = read_feed(
        b'<caps><server title="S"/><limits max="60" default="25"/><searching><book-search available="yes"/></searching>'
        b'<categories><subcat id="7" name="Top"/><category id="1" name="A"><subcat id="2" name="B"/></category>'
        b'<category id="words" name="C"/></categories></caps>'
    )
    assert caps.server_title == "S"
    assert caps.limits == {"max": "60", "default": "25"}
    assert caps.searching["book-search"] == {"available": "yes"}
    assert [(c.id, c.name, c.parent) for c in caps.categories] == [(7, "Top", ""), (1, "A", ""), (2, "B", "A")]


def test_a_broken_end_keeps_the_complete_items() -> None:
    """A connection that broke off costs the last item, not the search."""
    data = feed_of(["<item><title>A</title></item>", "<item><title>B</title></item>"])
    assert [item.text("title") for item in read_feed(data[:-40]).items] == ["A"]


def test_caps_hold() -> None:
    """Items, values, categories and texts end at their limits, and the feed says so."""
    feed = read_feed(feed_of(["<item><title>x</title></item>"] * (MAX_ITEMS + 5)))
    assert (len(feed.items), feed.capped) == (MAX_ITEMS, True)
    item = read_feed(feed_of(["<item>" + '<attr name="category" value="1"/>' * 10_000 + "</item>"])).items[0]
    assert len(item.attrs["category"]) == 200
    assert len(title(feed_of([f"<item><title>{'a' * 1_000_000}</title></item>"]))) == 64 * 1024
    caps = read_feed(b"<caps>" + b'<category id="1" name="x"/>' * 10_000 + b"</caps>")
    assert len(caps.categories) == 2_000


@pytest.mark.parametrize("label", ["UTF-7", "utf-32", "cp037", "idna"])
def test_exotic_encodings_are_refused(label: str) -> None:
    """An encoding that could hide a document from its reader is no feed."""
    with pytest.raises(FeedRefused, match="not supported"):
        decode(f'<?xml version="1.0" encoding="{label}"?><rss/>'.encode())


@given(st.binary(max_size=300))
@example(b"<rss><item><title>&#55296;</title></item></rss>")
@example(b"\xff\xfe<")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make the reader fall over."""
    try:
        read_feed(data)
    except FeedRefused:
        return


@given(st.lists(st.sampled_from(["<item>", "</item>", "<title>", "</title>", "x", "&amp", "<![CDATA[", "]]>", "<!--"])))
def test_any_pile_of_tags_is_read_or_refused(parts: list[str]) -> None:
    """Nor do tags in any order."""
    try:
        read_feed(feed_of(parts))
    except FeedRefused:
        return
