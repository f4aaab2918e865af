"""Serves the built pages.

The files are listed once, at the start, and a request can name nothing that is not in that list: no
path from outside ever meets the disk. Files below `assets/` carry a hash of their content in their
name, so browsers keep them for good; `index.html` is asked for anew each time.

The build lays packed copies beside the files (`app.js.br`, `app.js.gz`). They have no address of their
own: a browser that can unpack gets one instead of the file.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from auralarchive.web.errors import Problem

#: First parts of the addresses that pages have; the pages themselves tell what follows.
PAGES = frozenset({"", "search", "wanted", "downloads", "library", "settings", "system", "welcome", "login", "setup"})
#: First parts below which only programs ask: an address there that is none gets a problem as JSON.
_NO_PAGES = frozenset({"api", "assets", "metrics", "socket.io"})

#: How a packed copy is named, and what it is called in HTTP; the smaller first.
_PACKED = {"br": ".br", "gzip": ".gz"}

_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AuralArchive</title></head>
<body><main><h1>AuralArchive runs, but its pages are not built</h1>
<p>In the checkout, run <code>./script/bootstrap</code> (or <code>npm ci &amp;&amp; npm run build</code> in
<code>frontend/</code>), then start the server again. The API works all the same, see
<a href="/api/docs">the documentation</a>.</p>
</main></body></html>
"""


class Frontend:
    """ASGI application for every address that is no route of the API."""

    def __init__(self, static_dir: Path, base: str = "") -> None:
        """`base` is the base path: the page's own addresses are written below it."""
        files = _listed(static_dir)
        self._packed = _packed_copies(files)
        self._files = {name: path for name, path in files.items() if path.suffix not in _PACKED.values()}
        self._base = base
        index = self._files.get("index.html")
        self._page = _rebased(index.read_text("utf-8") if index is not None else _MISSING, base)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise Problem("not_found")
        await self._answer(scope["path"], Headers(scope=scope))(scope, receive, send)

    def _answer(self, path: str, headers: Headers) -> Response:
        if not path:
            # The base path alone: below it, without its slash, relative addresses would lead elsewhere.
            return RedirectResponse(f"{self._base}/", 308)
        found = self._files.get(path.removeprefix("/"))
        if found is not None and path != "/index.html":
            kept = "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"
            return self._sent(found, kept, headers)
        known = _is_page(path)
        if not known and (not _asks_for_a_page(headers) or _first(path) in _NO_PAGES):
            raise Problem("not_found")
        # The document finds by the address that there is no such page, and says so with a way back.
        return HTMLResponse(self._page, 200 if known else 404, headers={"Cache-Control": "no-cache"})

    def _sent(self, path: Path, cache_control: str, asked: Headers) -> Response:
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = {"Cache-Control": cache_control}
        packed = self._packed.get(path)
        if packed:
            # Each copy has a tag of its own, from its own size and time.
            headers["Vary"] = "Accept-Encoding"
            accepted = _accepted(asked)
            coding = next((one for one in packed if one in accepted), None)
            # A part of a file is a part of the file itself.
            if coding is not None and "range" not in asked:
                path, headers["Content-Encoding"] = packed[coding], coding
        return FileResponse(path, media_type=media_type, headers=headers)


def _asks_for_a_page(headers: Headers) -> bool:
    """Whether a browser goes there. Its scripts, pictures and styles ask for other things than HTML."""
    return "text/html" in headers.get("accept", "")


def _accepted(headers: Headers) -> frozenset[str]:
    """The codings that may be sent; whoever says `gzip;q=0` cannot have it."""
    offers = (offer.strip().partition(";") for offer in headers.get("accept-encoding", "").lower().split(","))
    return frozenset(name.strip() for name, _, weight in offers if weight.replace(" ", "") not in ("q=0", "q=0.0"))


def _first(path: str) -> str:
    return path.removeprefix("/").split("/", 1)[0]


def _rebased(html: str, base: str) -> str:
    """The page's absolute addresses, put below the base path."""
    return html.replace('="/', f'="{base}/')


def _is_page(path: str) -> bool:
    first, *rest = path.removeprefix("/").split("/")
    if not first:
        return not rest
    return first in PAGES and len(rest) <= 2 and all(part.replace("-", "").isalnum() for part in rest)


def _listed(static_dir: Path) -> Mapping[str, Path]:
    """Address -> file. Links are left out: they could lead anywhere."""
    if not static_dir.is_dir():
        return {}
    files = (path for path in static_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(static_dir).as_posix(): path for path in files}


def _packed_copies(files: Mapping[str, Path]) -> Mapping[Path, Mapping[str, Path]]:
    """File -> coding -> its packed copy, for those that have one."""
    copies = {
        path: {coding: files[name + ending] for coding, ending in _PACKED.items() if name + ending in files}
        for name, path in files.items()
    }
    return {path: packed for path, packed in copies.items() if packed}
