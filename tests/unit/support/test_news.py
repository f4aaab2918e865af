"""The news server, its slow relay and the maker of posts: what is posted is what readers get."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import pytest

from auralarchive.clients.nzb import read_nzb
from tests.support.news import NewsServer
from tests.support.posts import Pack, articles, every_second, packed, seven_zip, unrar
from tests.support.swarm import random_file

_SEGMENT = "{http://www.newzbin.com/DTD/2003/nzb}segment"


@pytest.fixture(scope="module")
def news() -> Iterator[NewsServer]:
    with NewsServer() as server:
        yield server


class Reader:
    """A reader's side of NNTP."""

    def __init__(self, news: NewsServer, password: str | None = None) -> None:
        self.socket = socket.create_connection((news.host, news.port), 10)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.ask(f"AUTHINFO USER {news.user}")
        self.signed_in = self.ask(f"AUTHINFO PASS {password or news.password}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.socket.close()

    def ask(self, command: str) -> str:
        self.socket.sendall(command.encode() + b"\r\n")
        return self.lines.readline().decode("latin-1")

    def body(self, message_id: str) -> bytes | None:
        if not self.ask(f"BODY <{message_id}>").startswith("222"):
            return None
        rows = []
        while (row := self.lines.readline()) != b".\r\n":
            rows.append(row[1:] if row.startswith(b"..") else row)
        return b"".join(rows)


def decoded(body: bytes) -> bytes:
    """What a yEnc article holds, and proof that its checksum is right."""
    rows = [row for row in body.split(b"\r\n") if row and not row.startswith(b"=y")]
    plain = re.sub(rb"=(.)", lambda match: bytes([(match[1][0] - 64) & 255]), b"".join(rows), flags=re.DOTALL)
    data = bytes((value - 42) & 255 for value in plain)
    checksum = re.search(rb"pcrc32=([0-9a-f]{8})", body)
    assert checksum is not None
    if zlib.crc32(data) != int(checksum[1], 16):
        raise ValueError("damaged")
    return data


def ids(nzb: bytes) -> list[str]:
    return [segment.text or "" for segment in ET.fromstring(nzb).iter(_SEGMENT)]


def test_what_is_posted_is_what_a_reader_gets(news: NewsServer, tmp_path: Path) -> None:
    """Every byte value, and lines that begin with a dot, survive yEnc and NNTP."""
    book = tmp_path / "book.bin"
    book.write_bytes(bytes(range(256)) * 300 + b"." * 5000 + bytes([4]) * 3000)
    nzb = news.post(book)
    with Reader(news) as reader:
        assert reader.signed_in.startswith("281")
        assert b"".join(decoded(reader.body(one) or b"") for one in ids(nzb)) == book.read_bytes()
    assert (read_nzb(nzb, "book").size or 0) > book.stat().st_size


def test_a_wrong_password_reads_nothing(news: NewsServer, tmp_path: Path) -> None:
    nzb = news.post(random_file(tmp_path / "a.mp3", 1000))
    with Reader(news, "wrong") as reader:
        assert reader.signed_in.startswith("481")
        assert reader.body(ids(nzb)[0]) is None


def test_missing_and_damaged_articles_are_just_that(news: NewsServer, tmp_path: Path) -> None:
    file = random_file(tmp_path / "a.mp3", 4000)
    with Reader(news) as reader:
        lost = [reader.body(one) for one in ids(news.post(file, article=1000, skip=every_second))]
        assert [body is None for body in lost] == [False, True, False, True]
        first = reader.body(ids(news.post(file, article=1000, corrupt=lambda name, part: part == 1))[0])
        with pytest.raises(ValueError, match="damaged"):
            decoded(first or b"")


def test_the_password_stands_in_the_head_where_it_is_told(news: NewsServer, tmp_path: Path) -> None:
    file = random_file(tmp_path / "a.mp3", 1000)
    assert b'<meta type="password">s3&amp;cret</meta>' in news.post(file, pack="rar", password="s3&cret")
    assert b"s3&amp;cret" not in news.post(file, pack="rar", password="s3&cret", tell_password=False)


def test_obfuscated_posts_tell_no_names(news: NewsServer, tmp_path: Path) -> None:
    nzb = news.post(random_file(tmp_path / "My Book.mp3", 50_000), par2=20, name="My Book", obfuscate=True)
    assert b"My Book" not in nzb
    assert nzb.count(b".par2") >= 2


@pytest.mark.parametrize("password", [None, "gehäim 1"])
@pytest.mark.parametrize("pack", ["7z", "7z-volumes", "rar", "rar-volumes"])
def test_archives_are_what_the_unpackers_read(pack: Pack, password: str | None, tmp_path: Path) -> None:
    """Our own RAR writer above all: the reference is the real unrar."""
    sources = [random_file(tmp_path / f"{number}.mp3", 130_000 + number, seed=number) for number in (1, 2)]
    sources.append(random_file(tmp_path / "empty.txt", 0))
    (tmp_path / "made").mkdir()
    (tmp_path / "out").mkdir()
    first = packed(sources, pack, tmp_path / "made", "release", password)[0]
    if pack.startswith("rar"):
        command = [unrar(), "x", f"-p{password or '-'}", str(first), f"{tmp_path / 'out'}/"]
    else:
        command = [seven_zip(), "x", f"-p{password or ''}", f"-o{tmp_path / 'out'}", str(first)]
    subprocess.run(command, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        path.name: path.read_bytes() for path in sources
    }


def test_a_file_is_cut_into_articles_that_cover_it(tmp_path: Path) -> None:
    file = random_file(tmp_path / "a.mp3", 2500)
    parts = articles(file, 1000)
    assert [(part.begin, len(part.data), part.number, part.count) for part in parts] == [
        (0, 1000, 1, 3),
        (1000, 1000, 2, 3),
        (2000, 500, 3, 3),
    ]


def test_the_relay_is_as_slow_as_it_is_told(news: NewsServer, tmp_path: Path) -> None:
    """The bytes of an article at 50 kB/s take their time: that is a lower bound, so no machine is too slow for it."""
    nzb = news.post(random_file(tmp_path / "a.mp3", 20_000), article=20_000)
    with Reader(news) as reader:
        news.limit = 50_000
        began = time.monotonic()
        assert reader.body(ids(nzb)[0])
        assert time.monotonic() - began > 0.2
        news.limit = 0
        assert reader.body(ids(nzb)[0])


def test_the_relay_cuts_off_and_takes_new_readers(news: NewsServer) -> None:
    with Reader(news) as reader:
        assert reader.ask("DATE").startswith("111")
        news.drop()
        with contextlib.suppress(ConnectionError):
            assert reader.ask("DATE") == ""
    with Reader(news) as reader:
        assert reader.signed_in.startswith("281")
