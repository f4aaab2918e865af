"""A real file server on 127.0.0.1 in the place of the Internet Archive: ranges, entity tags, and bad days on demand.

with FileHost() as host:
    url = host.put("emma/01.mp3", data)
    host.next("emma/01.mp3", Twist(cut=1_000), Twist(status=503))   # the next two answers, then as usual
    host.always("emma/01.mp3", Twist(ranges=False))
"""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from auralarchive.domain.manifest import Manifest, ManifestFile

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Twist:
    """How an answer differs from a good one.

    `cut` closes and `stall` falls silent after so many bytes of the body; `rate` is in bytes per second. `length` is
    told as Content-Length, -1 tells none. `shift` moves a range by so many bytes, `total` is told as the whole size.
    """

    status: int = 0
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    stall: int | None = None
    rate: int | None = None
    length: int | None = None
    ranges: bool = True
    shift: int = 0
    total: int | None = None
    etag: str | None = None  # "" tells none
    modified: str | None = None  # "" tells none
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in; header names in lower case."""

    path: str
    headers: Mapping[str, str]

    @property
    def start(self) -> int:
        """Where the wanted range begins, 0 for the whole."""
        found = _RANGE.fullmatch(self.headers.get("range", ""))
        return int(found[1]) if found else 0


class FileHost:
    """Listens on a free port for as long as its `with` block lasts."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._next: dict[str, deque[Twist]] = defaultdict(deque)
        self._always: dict[str, Twist] = {}
        self._ended = threading.Event()
        self._lock = threading.Lock()
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host._counted(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Tests look at what was asked, not at a log."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                """Who asks may hang up whenever it likes; that is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- what is served, and how ------------------------------------------------------------------

    def put(self, path: str, data: bytes) -> str:
        """Serve `data` there; its link."""
        self.content[path] = data
        return f"{self.url}/{path}"

    def next(self, path: str, *twists: Twist) -> None:
        """Twist the next answers for `path`, one each."""
        self._next[path].extend(twists)

    def always(self, path: str, twist: Twist | None) -> None:
        """Twist every answer for `path` that no `next` is meant for; None: as usual again."""
        self._always.pop(path, None)
        if twist is not None:
            self._always[path] = twist

    def manifest(self, name: str, files: Mapping[str, bytes], **changes: object) -> Manifest:
        """Serve these files below `name`, and tell of them with sizes and checksums; `changes` go to each file."""
        return Manifest(name, tuple(self._file(name, path, data, changes) for path, data in files.items()))

    def _file(self, name: str, path: str, data: bytes, changes: Mapping[str, object]) -> ManifestFile:
        url = self.put(f"{name.replace(' ', '-')}/{path.replace(' ', '-')}", data)
        md5, sha1 = hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest()
        told = {"path": path, "urls": (url,), "size": len(data), "md5": md5, "sha1": sha1, **changes}
        return ManifestFile(**told)  # type: ignore[arg-type] # names of its fields

    def starts(self, path: str) -> list[int]:
        """Where each request for `path` wanted to begin."""
        return [asked.start for asked in self.asked if asked.path == path]

    # --- one answer -------------------------------------------------------------------------------

    def _counted(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._serve(handler)
        finally:
            with self._lock:
                self._at_once -= 1

    def _serve(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/").partition("?")[0]
        asked = Asked(path, {name.lower(): value for name, value in handler.headers.items()})
        with self._lock:
            self.asked.append(asked)
            waiting = self._next[path]
            twist = waiting.popleft() if waiting else self._always.get(path, Twist())
        data = twist.body if twist.body is not None else self.content.get(path)
        if data is None:
            twist, data = (twist if twist.status else Twist(status=404)), b""
        status, headers, body = _answer(asked, twist, data)
        handler.send_response(status, twist.reason)
        for name, value in {**headers, **twist.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.close_connection = True
        handler.end_headers()
        self._send(handler, twist, body)

    def _send(self, handler: http.server.BaseHTTPRequestHandler, twist: Twist, body: bytes) -> None:
        for piece in _pieces(body, twist):
            if twist.rate and self._ended.wait(len(piece) / twist.rate):
                return
            handler.wfile.write(piece)
        if twist.stall is not None:
            self._ended.wait(60)


def _answer(asked: Asked, twist: Twist, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as a good server would send them where the twist does not say otherwise."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"' if twist.etag is None else twist.etag
    modified = "Thu, 26 Nov 2026 08:00:00 GMT" if twist.modified is None else twist.modified
    headers = {"Content-Type": "audio/mpeg", "ETag": etag, "Last-Modified": modified}
    headers = {name: value for name, value in headers.items() if value}
    if twist.status:
        body = twist.body or b""
        return twist.status, {"Content-Length": str(len(body))}, body
    status, body = 200, data
    same = asked.headers.get("if-range", etag or modified) in (etag, modified)
    if twist.ranges and same and "range" in asked.headers:
        total = len(data) if twist.total is None else twist.total
        if asked.start >= len(data):
            return 416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"}, b""
        start = asked.start + twist.shift
        status, body = 206, data[start:]
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{total}"
    length = len(body) if twist.length is None else twist.length
    if length >= 0 and not twist.endless:
        headers["Content-Length"] = str(length)
    return status, headers, body


def _pieces(body: bytes, twist: Twist) -> Iterator[bytes]:
    ends = [end for end in (twist.cut, twist.stall) if end is not None]
    body = body[: min(ends)] if ends else body
    piece = min(_PIECE, max(256, twist.rate // 20)) if twist.rate else _PIECE
    yield from (body[at : at + piece] for at in range(0, len(body), piece))
    while twist.endless:
        yield body or b"x" * _PIECE


def book(*sizes: int, seed: int = 1) -> dict[str, bytes]:
    """Files of these sizes that no two books share."""
    return {f"{number:02}.mp3": _bytes(seed * 1_000 + number, size) for number, size in enumerate(sizes, start=1)}


def _bytes(seed: int, size: int) -> bytes:
    blocks: Iterable[bytes] = (hashlib.sha512(f"{seed}:{at}".encode()).digest() for at in range(size // 64 + 1))
    return b"".join(blocks)[:size]
