"""Makes releases of a feed's items: which of the links, sizes and dates in there is the true one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auralarchive.domain.release import ParsedTitle, Release
from auralarchive.domain.status import DownloadType
from auralarchive.domain.titles import parse_title
from auralarchive.indexers.feed import Element, Item
from auralarchive.indexers.values import (
    clean_title,
    leechers_in_text,
    magnet_hash,
    parse_count,
    parse_date,
    parse_factor,
    parse_hash,
    parse_size,
    seeders_in_text,
    size_in_text,
)
from auralarchive.net.addresses import Link, join_link, parse_link
from auralarchive.ports.errors import InvalidInput

MAX_MAGNET = 64 * 1024
_MAX_CATEGORIES = 100
#: An enclosure's length below this is the size of the .torrent file, not of the book.
_SMALLEST_CONTENT = 2 * 2**20
_TORRENT_MIME = "application/x-bittorrent"
_NZB_MIME = "application/x-nzb"


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What an item does not say of itself."""

    indexer: str
    download_type: DownloadType
    base: Link
    new_id: Callable[[], str]
    category_ids: Mapping[str, int]
    minimum_seeders: int = 0


def releases_of(items: Sequence[Item], context: FeedContext) -> tuple[Release, ...]:
    """One release for each item that has a title and a link of the right kind."""
    believe_length = _lengths_are_sizes(items)
    made = (_release(item, context, believe_length) for item in items)
    return tuple(release for release in made if release is not None)


def _release(item: Item, context: FeedContext, believe_length: bool) -> Release | None:
    title = clean_title(item.text("title"))
    url, magnet = _links(item, context)
    if not title or not (url or magnet):
        return None
    seeders, peers = _swarm(item)
    return Release(
        id=context.new_id(),
        title=title,
        indexer=context.indexer,
        download_type=context.download_type,
        download_url=url or magnet or "",
        parsed=_parsed(title, item),
        guid=item.text("guid")[:1_000] or None,
        magnet=magnet,
        info_hash=_info_hash(item, magnet),
        size=_size(item, believe_length),
        seeders=seeders,
        peers=peers,
        grabs=parse_count(item.attr("grabs") or item.text("grabs")),
        published_at=_published(item),
        download_volume_factor=parse_factor(item.attr("downloadvolumefactor")),
        minimum_ratio=parse_factor(item.attr("minimumratio")),
        minimum_seed_seconds=parse_count(item.attr("minimumseedtime")),
        info_url=_info_url(item, context.base, url),
        categories=_categories(item, context.category_ids),
        rejections=_too_few(seeders, context),
    )


def _links(item: Item, context: FeedContext) -> tuple[str | None, str | None]:
    """The http link and the magnet of an item; what is neither is dropped here already."""
    torrent = context.download_type is DownloadType.TORRENT
    enclosures, others = _enclosures(item, torrent)
    if others and not enclosures:
        return None, None  # this item is of the other kind
    # Beside an enclosure <link> is mostly the page about it.
    candidates = enclosures or [item.text("link")]
    magnets = (item.attr("magneturl"), *candidates, item.text("link"), item.text("guid"))
    magnet = next(filter(_is_magnet, magnets), None) if torrent else None
    urls = (_http_link(text, context.base) for text in candidates if text and not _is_magnet(text))
    return next(filter(None, urls), None), magnet


def _enclosures(item: Item, torrent: bool) -> tuple[list[str], bool]:
    """Links of the enclosures of the wanted kind, those that say so first; and whether there are others."""
    wanted, other = (_TORRENT_MIME, _NZB_MIME) if torrent else (_NZB_MIME, _TORRENT_MIME)
    elements = item.children.get("enclosure", [])
    fitting = sorted((e for e in elements if _mime(e) != other), key=lambda element: _mime(element) != wanted)
    urls = [url for element in fitting if (url := element.attributes.get("url", "").strip())]
    return urls, len(fitting) < len(elements)


def _mime(element: Element) -> str:
    return element.attributes.get("type", "").partition(";")[0].strip().lower()


def _is_magnet(text: str) -> bool:
    return text[:8].lower() == "magnet:?" and len(text) <= MAX_MAGNET


def _http_link(text: str, base: Link) -> str | None:
    """An absolute link; relative ones are on the indexer's own pages."""
    try:
        absolute = "://" in text[:12] or text.startswith("//")
        link = parse_link(text) if absolute else join_link(base, text)
    except InvalidInput:
        return None
    # As it came where that is plain ASCII: some sites sign their links byte for byte.
    return text if text.isascii() and " " not in text and text.startswith("http") else str(link.url)


def _parsed(title: str, item: Item) -> ParsedTitle:
    """What the title tells, with what the feed itself says in words of its own before it."""
    parsed = parse_title(title)
    author = clean_title(item.attr("author"))[:200]
    book = clean_title(item.attr("booktitle"))[:300]
    return replace(parsed, author=author or parsed.author, title=book or parsed.title)


def _info_hash(item: Item, magnet: str | None) -> str | None:
    return parse_hash(item.attr("infohash")) or (magnet_hash(magnet) if magnet else None)


def _lengths_are_sizes(items: Sequence[Item]) -> bool:
    """Whether this feed's enclosures give the size of the content: no single one is too small for it."""
    lengths = [length for item in items for length in _lengths(item)]
    return bool(lengths) and min(lengths) >= _SMALLEST_CONTENT


def _lengths(item: Item) -> Iterable[int]:
    for element in item.children.get("enclosure", ()):
        yield parse_size(element.attributes.get("length", "")) or 0


def _size(item: Item, believe_length: bool) -> int | None:
    named = parse_size(item.attr("size")) or parse_size(item.text("size"))
    if named is None and believe_length:
        named = max(_lengths(item), default=0) or None
    return named or size_in_text(item.text("description"))


def _swarm(item: Item) -> tuple[int | None, int | None]:
    """Seeders, and seeders and leechers together."""
    text = f"{item.text('description')} {item.text('status')}"
    seeders = parse_count(item.attr("seeders") or item.text("seeders"))
    # A zero in a text for people is often just what stands there until somebody counted.
    seeders = (seeders_in_text(text) or None) if seeders is None else seeders
    peers = parse_count(item.attr("peers") or item.text("peers"))
    if peers is None:
        leechers = parse_count(item.attr("leechers") or item.text("leechers"))
        leechers = leechers_in_text(text) if leechers is None else leechers
        peers = None if seeders is None or leechers is None else seeders + leechers
    return seeders, peers


def _published(item: Item) -> datetime | None:
    return parse_date(item.attr("usenetdate")) or parse_date(item.text("pubdate"))


def _info_url(item: Item, base: Link, download_url: str | None) -> str | None:
    """The page about the release, for people: comments before guid, without the jump to the comments."""
    for text in (item.text("comments").removesuffix("#comments"), item.text("guid")):
        link = _http_link(text, base) if text.startswith(("http://", "https://", "/")) else None
        if link and link != download_url and "apikey=" not in link.lower():
            return link
    return None


def _categories(item: Item, ids: Mapping[str, int]) -> tuple[int, ...]:
    texts = item.attrs.get("category") or [child.text for child in item.children.get("category", ())]
    numbers = (parse_count(text) or ids.get(text.strip().casefold()) for text in texts[:_MAX_CATEGORIES])
    return tuple(dict.fromkeys(number for number in numbers if number))


def _too_few(seeders: int | None, context: FeedContext) -> tuple[str, ...]:
    if seeders is None or seeders >= context.minimum_seeders:
        return ()
    return (f"It has {seeders} seeders; {context.indexer} is set to ask for {context.minimum_seeders}.",)
