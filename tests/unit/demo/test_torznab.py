"""The demo's feed is well-formed whatever its titles hold. Its answers over HTTP are in test_demo.py."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from auralarchive.demo.swarm import DemoTorrent
from auralarchive.demo.torznab import Offer, TorznabFeed

TORRENT = DemoTorrent("n", b"d4:infod4:name1:nee", "ab" * 20, 1234, 1, Path())


def test_titles_are_escaped_and_dates_are_rfc_2822() -> None:
    offer = Offer("Tom & Jerry <b>", "A", "B", TORRENT, 1)
    feed = TorznabFeed([offer], "key", datetime(2026, 11, 22, tzinfo=UTC))
    reply = feed.page(urlsplit("/api?t=search&apikey=key"), "http://127.0.0.1:1")
    item = ET.fromstring(reply.body).find("channel/item")
    assert item is not None
    assert item.findtext("title") == "Tom & Jerry <b>"
    assert item.findtext("pubDate") == "Sun, 22 Nov 2026 00:00:00 +0000"
    assert item.findtext("link") == "http://127.0.0.1:1/download/0.torrent?apikey=key"


def test_the_torrents_bytes_come_unchanged() -> None:
    feed = TorznabFeed([Offer("T", "A", "B", TORRENT, 1)], "key")
    reply = feed.page(urlsplit("/download/0.torrent?apikey=key"), "")
    assert reply.body == TORRENT.data
