"""How fast the direct client is against curl: the same bytes from the same server on loopback, kept on the same disk.

    .venv/bin/python bench/bench_direct.py [MEGABYTES]

The server sends its file by `sendfile` from the page cache, and is curl's as much as ours. Ours makes a checksum of
every byte and waits for the disk before a file gets its name; `fsync` after curl would be another's choice.
"""

from __future__ import annotations

import hashlib
import http.server
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.ports.clients import AddOptions
from bench.report import compare

FILES = 4


def main() -> None:
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 200) * 2**20
    curl = shutil.which("curl")
    if curl is None:
        raise SystemExit("curl is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        with source.open("wb") as file:
            file.truncate(size)
        server = _server(source)
        urls = [f"http://127.0.0.1:{server.server_address[1]}/{number}" for number in range(FILES)]
        sha1 = hashlib.sha1(source.read_bytes(), usedforsecurity=False).hexdigest()
        cases: dict[str, Callable[[], float]] = {
            "curl, one after the other": lambda: _curl(curl, folder / "curl", urls),
            "ours, two at a time": lambda: _ours(folder / "plain", urls, size, None),
            "ours, with checksums": lambda: _ours(folder / "proved", urls, size, sha1),
        }
        compare(f"{FILES} files of {size >> 20} MiB over loopback", cases, reference="curl, one after the other")
        server.shutdown()


def _curl(curl: str, folder: Path, urls: list[str]) -> float:
    folder.mkdir(exist_ok=True)
    begun = time.perf_counter()
    for number, url in enumerate(urls):
        subprocess.run([curl, "-sS", "-o", folder / str(number), url], check=True)
    spent = time.perf_counter() - begun
    shutil.rmtree(folder)
    return spent


def _ours(folder: Path, urls: list[str], size: int, sha1: str | None) -> float:
    settings = {"download_folder": str(folder / "downloads"), "loopback": True, "pause_seconds": 0, "reserve_bytes": 0}
    files = tuple(ManifestFile(f"{number}.mp3", (url,), size, sha1=sha1) for number, url in enumerate(urls))
    payload = read_manifest(Manifest("Bench", files).to_bytes())
    client = DIRECT.build("Direct", settings, ClientContext(folder / "state"))
    begun = time.perf_counter()
    item_id = client.add(payload, AddOptions("auralarchive-bench-1")).id
    while (item := client.poll()[0]).state is not ItemState.READY:
        if item.state is ItemState.FAILED:
            raise SystemExit(item.message)
        time.sleep(0.005)
    spent = time.perf_counter() - begun
    client.remove(item_id, with_data=True)
    client.close()
    return spent


def _server(source: Path) -> http.server.ThreadingHTTPServer:
    size = source.stat().st_size

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.flush()
            connection: socket.socket = self.connection
            with source.open("rb") as file:
                connection.sendfile(file)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """A bench prints its table and nothing else."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    main()
