"""Feeds from hostile or broken indexers: read in time and within bounds, or refused; neighbours unharmed."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import pytest

from auralarchive.domain.release import SearchQuery
from auralarchive.indexers.feed import FeedRefused, read_feed
from auralarchive.ports.errors import AuralError, AuthRefused, InvalidInput, RateLimited, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.indexing import Tripwire, an_indexer, feed_of
from tests.support.torznab import Fault, TorznabServer

BOOK = SearchQuery(text="salt")
GOOD = "<item><title>Salt</title><link>http://t.example/1.torrent</link></item>"
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><rss><channel><title>&j;</title></channel></rss>"
)


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><item><title>&x;</title></item></rss>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:{port}/r.dtd"><rss/>',
        '<!DOCTYPE r PUBLIC "-//X" "http://127.0.0.1:{port}/r.dtd"><rss/>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p">%p;]><rss/>',
        "<!DOCTYPE rss><rss/>",
        "<a>" * 200_000,
        "<rss>" + "<item><a>" * 50_000,
        '<?xml version="1.0" encoding="UTF-7"?><rss/>',
        "<![CDATA[" * 300_000,
        "<!--" * 300_000,
        "&" * 500_000,
        "<" * 500_000,
        "<rss " + 'a="b" ' * 100_000,
        "<html><body>checking your browser</body></html>",
        "\0" * 10_000,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_documents_that_are_no_feeds(document: str) -> None:
    """Refused within a second and within memory, without asking anybody."""
    with Tripwire() as wire:
        data = document.replace("{port}", str(wire.port)).encode()
        begun = time.process_time()
        with pytest.raises(FeedRefused) as refusal:
            read_feed(data)
        assert time.process_time() - begun < 1.0
        assert wire.connections == 0
        assert "/" not in str(refusal.value)


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        (Fault(endless=b"<item><title>x</title></item>" * 3_000), InvalidInput, "larger than"),
        (
            Fault(body=gzip.compress(b" " * 60 * 2**20), headers={"Content-Encoding": "gzip"}),
            InvalidInput,
            "larger than",
        ),
        (Fault(body=b"<rss>" * 50, drop_seconds=0.1), Unreachable, "did not finish"),
        (Fault(body=b"<html>Attention required</html>", headers={"Content-Type": "text/html"}), Unreachable, "not XML"),
        (Fault(body=b'<error code="100" description="Invalid API Key"/>'), AuthRefused, "Invalid API Key"),
        (
            Fault(body=b'<error code="429" description="disabled till later due to recent failures."/>'),
            RateLimited,
            "disabled",
        ),
        (Fault(status=302, headers={"Location": "http://169.254.169.254/"}), AuralError, "another address"),
        (Fault(body=b"<rss/>", headers={f"X-{n}": "y" * 40 for n in range(10_000)}), Unreachable, ""),
    ],
    ids=["endless", "bomb", "slow", "page", "key", "disabled", "redirect", "headers"],
)
def test_answers_that_are_no_feeds(fault: Fault, error: type[AuralError], text: str) -> None:
    """Cut at the cap or the deadline, in bounded memory; the indexer beside it answers as ever."""
    with TorznabServer() as bad, TorznabServer() as good:
        good.add("Salt", b"d4:infode")
        indexer = an_indexer(bad, timeout_seconds=1.5)
        bad.fault = fault
        begun = time.monotonic()
        with pytest.raises(error) as raised:
            indexer.search(BOOK, CancelToken())
        assert time.monotonic() - begun < 8
        assert text in str(raised.value)
        assert bad.api_key not in str(raised.value)
        assert len(an_indexer(good).search(BOOK, CancelToken())) == 1


def test_memory_stays_flat() -> None:
    """A bomb of a gigabyte costs no more than the cap."""
    with TorznabServer() as server:
        packed = gzip.compress(b"\0" * 2**20, 9) * 1  # one member; the rest never gets unpacked
        server.fault = Fault(body=packed, endless=packed, headers={"Content-Encoding": "gzip"})
        indexer = an_indexer(server, timeout_seconds=5)
        tracemalloc.start()
        try:
            with pytest.raises(AuralError):
                indexer.search(BOOK, CancelToken())
            assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
        finally:
            tracemalloc.stop()


LINKS = (
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://name:secret@h/",
    "http://h\\@i/",
    "javascript:alert(1)",
)


def offered(*items: str) -> list[str]:
    """Titles that a search offers of a feed with these items."""
    with TorznabServer() as server:
        server.page = feed_of(items).decode()
        return [release.title for release in an_indexer(server).search(BOOK, CancelToken())]


@pytest.mark.parametrize("link", LINKS)
def test_links_that_are_none(link: str) -> None:
    """An item with such a link is not offered; the one beside it is."""
    bad = f'<item><title>Bad</title><enclosure url="{link}" type="application/x-bittorrent"/></item>'
    assert offered(bad, GOOD) == ["Salt"]


def test_markup_in_titles_is_text() -> None:
    """A title is shown as it stands, and stands as it was written."""
    item = GOOD.replace("Salt", "<![CDATA[<script>alert(1)</script>]]>")
    assert offered(item) == ["<script>alert(1)</script>"]


def test_floods_are_capped() -> None:
    """Items, categories and titles without measure cost little time and end at their limits."""
    begun = time.process_time()
    many = [GOOD.replace("/1.", f"/{number}.") for number in range(50_000)]
    assert len(offered(*many)) == 1_000
    long = GOOD.replace("Salt", "(" * 30_000 + "a" * 1_000_000)
    assert len(offered(long)[0]) == 1_000
    wide = GOOD.replace("</item>", '<attr name="category" value="3030"/>' * 10_000 + "</item>")
    assert offered(wide) == ["Salt"]
    assert time.process_time() - begun < 5
