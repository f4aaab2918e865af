"""Of all the links, sizes and dates of an item, the true one is taken."""

from __future__ import annotations

from itertools import count

import pytest

from auralarchive.domain.release import Release
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.feed import read_feed
from auralarchive.indexers.releases import FeedContext, releases_of
from auralarchive.net.addresses import parse_link
from tests.support.indexing import feed_of

HEX = "0123456789abcdef0123456789abcdef01234567"
BASE32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"
MIB = 2**20


def read(*items: str, kind: DownloadType = DownloadType.TORRENT, minimum_seeders: int = 0) -> tuple[Release, ...]:
    numbers = count(1)
    base = parse_link("http://indexer.example:9117/api")
    ids = {"audiobook": 3030}
    context = FeedContext("Test", kind, base, lambda: f"id-{next(numbers)}", ids, minimum_seeders)
    return releases_of(read_feed(feed_of(items)).items, context)


def item(*parts: str, title: str = "The Salt Harbour by Mira Okonjo [ENG / M4B]") -> str:
    return f"<item><title>{title}</title>{''.join(parts)}</item>"


def attr(name: str, value: str) -> str:
    return f'<torznab:attr name="{name}" value="{value}"/>'


def enclosure(url: str, kind: str = "application/x-bittorrent", length: str = "0") -> str:
    return f'<enclosure url="{url}" type="{kind}" length="{length}"/>'


LINK = "<link>https://t.example/get/5.torrent</link>"


def test_a_full_item() -> None:
    """Everything that a good feed says arrives, with the title read."""
    (release,) = read(
        item(
            LINK,
            "<guid>https://t.example/5</guid><comments>https://t.example/5#comments</comments>",
            "<pubDate>Mon, 02 Nov 2026 10:00:00 +0000</pubDate>",
            *(attr("category", number) for number in ("3030", "100045")),
            attr("size", "188743680") + attr("seeders", "4") + attr("peers", "6") + attr("grabs", "9"),
            attr("downloadvolumefactor", "0") + attr("minimumratio", "1.1") + attr("minimumseedtime", "259200"),
            attr("infohash", HEX.upper()),
        )
    )
    assert (release.id, release.indexer, release.download_type) == ("id-1", "Test", DownloadType.TORRENT)
    assert (release.download_url, release.guid) == ("https://t.example/get/5.torrent", "https://t.example/5")
    assert release.info_url == "https://t.example/5"
    assert (release.size, release.seeders, release.peers, release.grabs) == (180 * MIB, 4, 6, 9)
    assert (release.download_volume_factor, release.minimum_ratio, release.minimum_seed_seconds) == (0, 1.1, 259_200)
    assert (release.info_hash, release.categories) == (HEX, (3030, 100_045))
    assert (release.parsed.author, release.parsed.title) == ("Mira Okonjo", "The Salt Harbour")
    assert release.published_at is not None


def test_unknown_stays_unknown() -> None:
    """What a poor feed does not say is None, never zero."""
    (release,) = read(item(LINK, attr("infohash", "(removed)")))
    assert (release.size, release.seeders, release.peers, release.published_at, release.info_hash) == (None,) * 5
    assert (release.download_volume_factor, release.categories) == (None, ())


@pytest.mark.parametrize(
    ("parts", "url", "magnet"),
    [
        ([LINK, enclosure("https://t.example/e.torrent")], "https://t.example/e.torrent", None),
        (["<link>/get/5</link>"], "http://indexer.example:9117/get/5", None),
        ([enclosure("http://t.example/büch.torrent")], "http://t.example/b%C3%BCch.torrent", None),
        (
            [enclosure("http://t.example/a.nzb", "application/x-nzb"), enclosure("http://t.example/a.torrent")],
            "http://t.example/a.torrent",
            None,
        ),
        ([enclosure("http://t.example/a", "text/plain")], "http://t.example/a", None),
        (
            [f"<link>magnet:?xt=urn:btih:{BASE32}</link>"],
            f"magnet:?xt=urn:btih:{BASE32}",
            f"magnet:?xt=urn:btih:{BASE32}",
        ),
        (
            [LINK, attr("magneturl", f"magnet:?xt=urn:btih:{HEX}")],
            "https://t.example/get/5.torrent",
            f"magnet:?xt=urn:btih:{HEX}",
        ),
        (
            ["<link>https://t.example/page</link>", enclosure(f"magnet:?xt=urn:btih:{HEX}")],
            f"magnet:?xt=urn:btih:{HEX}",
            f"magnet:?xt=urn:btih:{HEX}",
        ),
    ],
    ids=["enclosure", "relative", "script", "two kinds", "untyped", "magnet link", "magneturl", "magnet enclosure"],
)
def test_links(parts: list[str], url: str, magnet: str | None) -> None:
    """The enclosure of the right kind before the link; a magnet wherever it stands."""
    (release,) = read(item(*parts))
    assert (release.download_url, release.magnet) == (url, magnet)
    if magnet:
        assert release.info_hash == HEX


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "gopher://127.0.0.1:6379/_X", "ftp://h/x", "javascript:x", "data:,x", ""]
)
def test_items_without_a_link_are_dropped(scheme: str) -> None:
    """What cannot be fetched is not offered, and takes no neighbour with it."""
    good = item(LINK)
    assert len(read(item(enclosure(scheme) if scheme else ""), good, item(f"<link>{scheme}</link>"))) == 1
    assert read(item(LINK, title="  ")) == ()


def test_newznab_takes_only_nzbs() -> None:
    """The same feed read as Newznab offers only what has an NZB."""
    both = item(enclosure("http://t.example/a.torrent"), enclosure("http://t.example/a.nzb", "application/x-nzb"))
    torrent = item(enclosure("http://t.example/b.torrent"))
    plain = item(
        "<link>http://t.example/getnzb?id=1&amp;r=key</link>", attr("usenetdate", "Sun, 01 Nov 2026 00:00:00 +0000")
    )
    found = read(both, torrent, plain, kind=DownloadType.NZB)
    assert [release.download_url for release in found] == [
        "http://t.example/a.nzb",
        "http://t.example/getnzb?id=1&r=key",
    ]
    assert found[1].published_at is not None
    assert found[1].published_at.day == 1


def test_a_small_enclosure_is_the_torrent_file() -> None:
    """Lengths count as sizes only where none in the feed is too small for a book."""
    large = item(enclosure("http://t.example/a", length=str(300 * MIB)))
    small = item(enclosure("http://t.example/b", length="15360"))
    assert read(large)[0].size == 300 * MIB
    assert [release.size for release in read(large, small)] == [None, None]
    assert read(item(LINK, "<description>Size: 20 MB, Seeders: 3</description>"))[0].size == 20 * MIB


def test_a_zero_in_a_text_is_no_count() -> None:
    """Seeders count from attributes, and from a description only where it names some."""
    (some,) = read(item(LINK, "<description>Seeders: 3 - Leechers: 4</description>"))
    (none,) = read(item(LINK, "<description>Seeds: 0, Leechers: 0</description>"))
    (zero,) = read(item(LINK, attr("seeders", "0")))
    assert [(r.seeders, r.peers) for r in (some, none)] == [(3, 7), (None, None)]
    assert zero.seeders == 0


def test_categories_may_be_words() -> None:
    """A category's name counts where the capabilities told its number."""
    assert read(item(LINK, "<category>Audiobook</category><category>Unheard of</category>"))[0].categories == (3030,)


def test_authors_of_their_own_attribute_win() -> None:
    """A feed that names author and book knows better than the title's reader."""
    (release,) = read(item(LINK, attr("author", "Tom Hale"), attr("booktitle", "The Ferry"), title="THALE_FERRY_64"))
    assert (release.parsed.author, release.parsed.title) == ("Tom Hale", "The Ferry")


def test_too_few_seeders_are_said() -> None:
    """A release below the indexer's minimum is shown with its reason, not hidden; unknown is no reason."""
    few, unknown = read(item(LINK, attr("seeders", "1")), item(LINK), minimum_seeders=2)
    assert few.rejections
    assert "asks" not in few.rejections[0]
    assert unknown.rejections == ()
