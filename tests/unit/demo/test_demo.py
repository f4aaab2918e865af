"""The demo is a working swarm and indexer on loopback, and leaves nothing running."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import libtorrent
import pytest

from auralarchive.demo import demo as demo_module
from auralarchive.demo.demo import Demo

ATTRIBUTE = "{http://torznab.com/schemas/2015/feed}attr"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo"), upload_limit=0) as running:
        yield running


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def ask(demo: Demo, query: str, key: str | None = None) -> ET.Element:
    return ET.fromstring(get(f"{demo.torznab_url}?{query}&apikey={key or demo.api_key}"))


def test_caps_tell_what_can_be_searched_without_a_key(demo: Demo) -> None:
    caps = ET.fromstring(get(f"{demo.torznab_url}?t=caps"))
    search = caps.find("searching/book-search")
    assert search is not None
    assert search.attrib == {"available": "yes", "supportedParams": "q,author,title"}
    assert [subcat.get("id") for subcat in caps.iter("subcat")] == ["3030"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("t=search&q=three+fables", 3),
        ("t=search", 3),
        ("t=book&author=Aesop&title=Fables", 3),
        ("t=search&q=M4B&cat=3030", 1),
        ("t=search&q=fables&cat=7020", 0),
        ("t=search&q=war+and+peace", 0),
        ("t=search&limit=1", 1),
        ("t=search&offset=3", 0),
        ("t=search&offset=x&limit=99999999999", 3),
    ],
)
def test_searching_by_words_category_and_page(demo: Demo, query: str, count: int) -> None:
    assert len(list(ask(demo, query).iter("item"))) == count


def test_editions_differ_so_that_scores_can_be_seen(demo: Demo) -> None:
    items = list(ask(demo, "t=search").iter("item"))
    values = [{str(a.get("name")): str(a.get("value")) for a in item.iter(ATTRIBUTE)} for item in items]
    assert len({value["infohash"] for value in values}) == 3
    assert len({value["seeders"] for value in values}) == 3
    assert {value["category"] for value in values} == {"3030"}
    assert all(int(value["size"]) > 40_000 for value in values)


def test_a_wrong_key_gets_the_usual_error(demo: Demo) -> None:
    assert ask(demo, "t=search", "wrong").attrib["code"] == "100"
    assert ET.fromstring(get(f"{demo.torznab_url.removesuffix('/api')}/download/0.torrent")).get("code") == "100"
    assert ask(demo, "t=movie").attrib["code"] == "202"


@pytest.mark.parametrize("path", ["/download/9.torrent", "/download/..%2f", "/", "/api/../etc/passwd"])
def test_other_pages_do_not_exist(demo: Demo, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        get(f"{demo.torznab_url.removesuffix('/api')}{path}?apikey={demo.api_key}")
    missing.value.close()
    assert missing.value.code == 404


@pytest.mark.parametrize("query", ["", "?info_hash=abc&port=1", "?info_hash=aaaaaaaaaaaaaaaaaaaa&port=99999", "?port"])
def test_the_tracker_refuses_nonsense(demo: Demo, query: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(demo.tracker_url + query)
    refused.value.close()
    assert refused.value.code == 404


def test_a_leecher_gets_the_whole_book(demo: Demo, tmp_path: Path) -> None:
    """From the feed's link to verified files, as the embedded client would do it."""
    link = ask(demo, "t=search&q=Unabridged").findtext("channel/item/link")
    assert link
    parameters = libtorrent.load_torrent_buffer(get(link))
    parameters.save_path = str(tmp_path)
    offline: libtorrent.settings_pack = {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
    }
    session = libtorrent.session({**offline, "enable_natpmp": False, "stop_tracker_timeout": 0})
    handle = session.add_torrent(parameters)
    deadline = time.monotonic() + 30
    while not handle.status().is_seeding and time.monotonic() < deadline:
        time.sleep(0.05)
    assert handle.status().is_seeding
    assert len(list((tmp_path / "Aesop - Three Fables").glob("*.mp3"))) == 3
    assert (tmp_path / "Aesop - Three Fables/cover.jpg").is_file()


def test_leaving_ends_its_servers_and_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Demo(tmp_path) as first, Demo(tmp_path) as second:
        assert first.torznab_url != second.torznab_url
        port = urlsplit(first.torznab_url).port
    assert {thread for thread in threading.enumerate() if thread.name == "demo"} <= before
    with pytest.raises(OSError, match="refused"):
        get(f"http://127.0.0.1:{port}/api?t=caps")


def test_the_shipped_book_is_small() -> None:
    folder = Path(demo_module.__file__).parent / "book"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000
