"""LibriVox and the Internet Archive on 127.0.0.1: their documented answers, with real MP3s behind them.

    with Libraries() as libraries:
        libraries.add(EMMA)
        ...  # indexers whose `url` and `archive_url` are `libraries.url` find it and can fetch it
        libraries.faults["/metadata/"] = Fault(status=503)

The feed does what LibriVox's own program does: titles are matched whole or, after "^", from their beginning, authors by
their last name or its end, sections and the link to the Archive come with `extended`, numbers are text, and what is
not found is an error with 404. Downloads are passed on to another server, as the Archive does. A fault answers every
path that begins with its key.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.audio import encode, picture, voice
from tests.support.files import FileHost
from tests.support.torznab import Fault, Seen, send_fault

ARCHIVE = "https://www.archive.org"


@dataclass(frozen=True, slots=True)
class Part:
    """One section. `speech` numbers its sound; `readers` are their names; without `linked` LibriVox has no link yet."""

    title: str
    speech: int
    readers: tuple[str, ...] = ("Sherry Crowther",)
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Work:
    """One recording. `filed` is its title at LibriVox, without the article that `title` may have."""

    id: int
    item: str
    title: str
    parts: tuple[Part, ...]
    filed: str = ""
    first_name: str = "Jane"
    last_name: str = "Austen"
    language: str = "English"
    description: str = "<p>Emma Woodhouse, <b>handsome</b>, clever &amp; rich.</p><script>alert(1)</script>"
    changes: Mapping[str, Any] = field(default_factory=dict)  # of LibriVox's answer
    about: Mapping[str, Any] = field(default_factory=dict)  # of the Archive's metadata

    @property
    def stem(self) -> str:
        return re.sub(r"\W+", "", (self.filed or self.title).lower())[:20]

    def file(self, number: int, speed: int) -> str:
        return f"{self.stem}_{number:02}_{self.last_name.lower()}_{speed}kb.mp3"


READERS = ("Sherry Crowther", "Ezwa", "Elizabeth Klett")
EMMA = Work(
    164,
    "emma_0907_librivox",
    "Emma",
    (
        Part("Volume 1, Chapter 1", 1),
        Part("Volume 1, Chapter 2", 2, ("Ezwa",)),
        Part("Volume 1, Chapter 3", 3),
        Part("Volume 1, Chapter 4", 4, ("Elizabeth Klett", "Sherry Crowther")),
    ),
)
EMMA_2 = replace(EMMA, id=1234, item="emma_version2_librivox", title="Emma (version 2)", parts=(Part("Chapter 1", 5),))
EMMA_PLAY = replace(
    EMMA, id=4321, item="emma_dramatic_librivox", title="Emma (dramatic reading)", parts=(Part("Act 1", 6, READERS),)
)
CAROL = Work(
    140,
    "a_christmas_carol_librivox",
    "A Christmas Carol",
    (Part("Stave 1", 7, ("Kristin Luoma",)), Part("Stave 2", 8, ("Kristin Luoma",))),
    filed="Christmas Carol",
    first_name="Charles",
    last_name="Dickens",
)


class Libraries:
    """Both sites on one port, and a server of files on another, for as long as the block lasts."""

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.metadata: dict[str, dict[str, Any]] = {}
        self.docs: list[dict[str, Any]] = []
        self.faults: dict[str, Fault] = {}
        self.requests: list[Seen] = []
        self.mirror = FileHost()
        self._at_once = threading.Semaphore(1)
        self.crowded = False  # whether two requests were ever there at the same time
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self.mirror.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.mirror.__exit__(*exception)

    def add(self, *works: Work) -> None:
        """Let both sites have these, with their files."""
        for work in works:
            self.works[work.item] = work
            contents = dict(_contents(work))
            for name, data in contents.items():
                self.mirror.put(f"1/items/{work.item}/{name}", data)
            self.metadata[work.item] = self._metadata(work, contents)
            self.docs.append(_doc(work))

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [seen.path for seen in self.requests]

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON or bytes, and headers."""
        if path.rstrip("/") == "/api/feed/audiobooks":
            return self._feed(query)
        if path == "/advancedsearch.php":
            return 200, self._search(query), {}
        if path.startswith("/metadata/"):
            return 200, self.metadata.get(path.removeprefix("/metadata/"), {}), {}
        if path.startswith("/download/"):
            item, _, name = path.removeprefix("/download/").partition("/")
            return 302, b"", {"Location": f"{self.mirror.url}/1/items/{item}/{name}"}
        return 404, b"<html>Page not found</html>", {}

    def _feed(self, query: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        found = [work for work in self.works.values() if _is_asked_for(work, query)]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 50))
        rows = [_book(work, extended=query.get("extended") == "1") for work in found[offset : offset + limit]]
        if not rows:
            return 404, {"error": "Audiobooks could not be found"}, {}
        return 200, {"books": rows}, {}

    def _search(self, query: Mapping[str, str]) -> dict[str, Any]:
        fields = set(query.get("fl[]", "").split(","))
        found = [doc for doc in self.docs if _holds(doc, query.get("q", ""))]
        rows = [{name: value for name, value in doc.items() if name in fields} for doc in found]
        rows = rows[: int(query.get("rows", 50))]
        return {"responseHeader": {"status": 0}, "response": {"numFound": len(found), "start": 0, "docs": rows}}

    def _metadata(self, work: Work, contents: Mapping[str, bytes]) -> dict[str, Any]:
        server = self.mirror.url.removeprefix("http://")
        folder = f"/1/items/{work.item}"
        return {
            "created": 1700000000,
            "d1": server,
            "d2": "ia600000.us.archive.org",
            "dir": folder,
            "files": _rows(work, contents),
            "files_count": len(contents) + 2,
            "item_size": sum(map(len, contents.values())),
            "metadata": {
                "identifier": work.item,
                "title": work.title,
                "creator": f"{work.first_name} {work.last_name}",
                "mediatype": "audio",
                "collection": ["librivoxaudio", "audio_bookspoetry"],
                "language": "eng" if work.language == "English" else work.language,
                "description": _described(work),
                **work.about,
            },
            "server": server,
            "uniq": 12345,
            "workable_servers": [server, "ia800000.us.archive.org"],
        }


def _is_asked_for(work: Work, query: Mapping[str, str]) -> bool:
    """As LibriVox's database is asked: `=`, or LIKE with a % at one end, without regard to letter case."""
    if "id" in query and query["id"] != str(work.id):
        return False
    filed, title = (work.filed or work.title).lower(), query.get("title", "").lower()
    if title and not (filed.startswith(title[1:]) if title[0] == "^" else filed == title):
        return False
    last, author = work.last_name.lower(), query.get("author", "").lower()
    return not author or (last.endswith(author[1:]) if author[0] == "^" else last == author)


def _book(work: Work, *, extended: bool) -> dict[str, Any]:
    title, seconds = work.filed or work.title, 60 * len(work.parts)
    slug = re.sub(r"[^a-z0-9]+", "-", f"{work.title} by {work.first_name} {work.last_name}".lower()).strip("-")
    row: dict[str, Any] = {
        "id": str(work.id),
        "title": title,
        "description": work.description,
        "url_text_source": "https://www.gutenberg.org/etext/158",
        "language": work.language,
        "copyright_year": "1815",
        "num_sections": str(len(work.parts)),
        "url_rss": f"https://librivox.org/rss/{work.id}",
        "url_zip_file": f"{ARCHIVE}/download//{work.item}/{work.item}_64kb_mp3.zip",
        "url_project": "",
        "url_librivox": f"https://librivox.org/{slug}/",
        "url_other": None,
        "totaltime": f"0:{len(work.parts):02}:00",
        "totaltimesecs": seconds,
        "authors": [
            {"id": "155", "first_name": work.first_name, "last_name": work.last_name, "dob": "1775", "dod": "1817"}
        ],
    }
    if extended:
        sections = [_section(work, number, part) for number, part in enumerate(work.parts, start=1)]
        row["url_iarchive"] = f"{ARCHIVE}/details/{work.item}"
        row["sections"] = sections[::-1]  # their order is not promised
        row["genres"], row["translators"] = [{"id": "31", "name": "Romance"}], []
        row["coverart_jpg"] = f"{ARCHIVE}/download/{work.item}/{work.stem}_1002.jpg"
    return {**row, **work.changes}


def _section(work: Work, number: int, part: Part) -> dict[str, Any]:
    link = f"{ARCHIVE}/download/{work.item}/{work.file(number, 64)}" if part.linked else None
    return {
        "id": str(100_000 + number),
        "section_number": str(number),
        "title": part.title,
        "listen_url": link,
        "language": "English",
        "playtime": "60" if number > 1 else "0",
        "file_name": work.file(number, 128) if part.linked else None,
        "readers": [{"reader_id": str(7 + at), "display_name": name} for at, name in enumerate(part.readers)],
    }


def _doc(work: Work) -> dict[str, Any]:
    return {
        "identifier": work.item,
        "title": work.title,
        "creator": f"{work.first_name} {work.last_name}",
        "collection": ["librivoxaudio", "audio_bookspoetry"],
        "language": ["eng"],
        "description": _described(work),
        "mediatype": "audio",
        "publicdate": "2009-07-21T10:11:12Z",
        "format": ["128Kbps MP3", "64Kbps MP3", "Archive BitTorrent", "JPEG", "Metadata", "Ogg Vorbis"],
        "runtime": "16:02:28",
        "downloads": 123456,
        "item_size": 1_234_567_890,
        "btih": hashlib.sha1(work.item.encode()).hexdigest(),
    }


def _holds(doc: Mapping[str, Any], question: str, name: str = "") -> bool:
    """As much of the search's language as we speak: words of fields, AND, OR, brackets, and a sign for "not"."""
    question = question.strip()
    for word, judged in (("AND", all), ("OR", any)):
        parts = _parts(question, word)
        if len(parts) > 1:
            return judged(_holds(doc, part, name) for part in parts)
    if question.startswith("-"):
        return not _holds(doc, question[1:], name)
    if question.startswith("("):
        return _holds(doc, question[1:-1], name)
    field_name, colon, rest = question.partition(":")
    if colon:
        return _holds(doc, rest, field_name)
    value = doc.get(name, "")
    words = " ".join(value) if isinstance(value, list) else str(value)
    return question.lower() in re.findall(r"[\w']+", words.casefold())


def _parts(question: str, word: str) -> list[str]:
    """The question cut at `word`, where no bracket is open."""
    parts, depth = [""], 0
    for piece in re.split(r"([()]|\s+)", question):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == word and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    assert depth == 0, question
    return parts


def _contents(work: Work) -> Iterable[tuple[str, bytes]]:
    for number, part in enumerate(work.parts, start=1):
        for speed in (128, 64):
            yield work.file(number, speed), speech(part.speech, speed)
    yield f"{work.stem}_1002.jpg", picture(300)
    yield f"{work.stem}_1002_thumb.jpg", picture(64)


def _rows(work: Work, contents: Mapping[str, bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, data in contents.items():
        number = re.search(r"_(\d\d)_", name)
        small, sound = name.endswith("_64kb.mp3"), name.endswith(".mp3")
        row = {
            "name": name,
            "source": "derivative" if small else "original",
            "format": "64Kbps MP3" if small else "128Kbps MP3" if sound else "JPEG",
            "mtime": "1248171072",
            "size": str(len(data)),
            "md5": hashlib.md5(data).hexdigest(),
            "crc32": "00000000",
            "sha1": hashlib.sha1(data).hexdigest(),
        }
        if small:
            row["original"] = name.replace("_64kb", "_128kb")
        if sound and number:
            part = work.parts[int(number[1]) - 1]
            row |= {
                "length": "2.05",
                "title": f"{number[1]} - {part.title}",
                "track": f"{int(number[1])}/{len(work.parts)}",
            }
        rows.append(row)
    # The listing itself comes without a size of its own, and zips are made when somebody asks.
    rows.append({"name": f"{work.item}_files.xml", "source": "original", "format": "Metadata", "md5": "0" * 32})
    rows.append({"name": f"{work.item}_archive.torrent", "source": "metadata", "format": "Archive BitTorrent"})
    return rows


def _described(work: Work) -> str:
    return f"<p>LibriVox recording of {work.title}.<br/>Read in {work.language} by {work.parts[0].readers[0]}.</p>"


@cache
def speech(number: int, speed: int) -> bytes:
    """A short MP3; each number sounds different."""
    with tempfile.TemporaryDirectory() as folder:
        return encode(Path(folder) / "part.mp3", voice(number, 2.0), "mp3", bitrate=speed).read_bytes()


class _Server(ThreadingHTTPServer):
    owner: Libraries
    daemon_threads = True
    block_on_close = False  # an endless answer ends with its reader


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        owner = cast("_Server", self.server).owner
        parts = urlsplit(self.path)
        query = {name: ",".join(values) for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        owner.requests.append(Seen(parts.path, query, {name.lower(): value for name, value in self.headers.items()}))
        self.close_connection = True
        alone = owner._at_once.acquire(blocking=False)
        owner.crowded = owner.crowded or not alone
        try:
            self._answer(owner, unquote(parts.path), query)
        finally:
            if alone:
                owner._at_once.release()

    def _answer(self, owner: Libraries, path: str, query: Mapping[str, str]) -> None:
        fault = next((fault for start, fault in owner.faults.items() if path.startswith(start)), None)
        if fault is not None:
            send_fault(self, fault)
            return
        status, content, headers = owner.answer(path, query)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(content, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- named by the base class
        """Nothing: the tests look at `requests`."""
