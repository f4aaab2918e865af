"""A private transmission-daemon of the real kind, in each generation whose RPC differs.

    with Transmission(tmp_path, generation.argv()) as server:
        server.url, server.user, server.password, server.peer_port, server.save_path
        server.call("torrent-get", {"fields": ["name"]})  # somebody else at the same Transmission

Generation 3.00 is what Debian 12 installs; 4.1 is a tree that `script/test-servers` unpacks below
`$AURALARCHIVE_TEST_CACHE`.

It never dials 127.x (it takes that for a misdirected address), so a seeder has to dial it, and it becomes
interested in what a peer has every ten seconds only: web seeds are quick, peers take 10 to 16 seconds.
"""

from __future__ import annotations

import base64
import functools
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon
from tests.support.processes import cache_folder, free_port, missing


@dataclass(frozen=True, slots=True)
class Generation:
    """A line of versions whose RPC behaves alike, and the Debian suite that has it."""

    name: str
    suite: str
    optional: bool = False

    def argv(self) -> tuple[str, ...]:
        """How to start it; skips the test when it is not on this machine."""
        for candidate in (
            ("transmission-daemon",),
            (str(cache_folder() / f"transmission-{self.suite}" / "run"), _PROGRAM),
        ):
            if _version(candidate).startswith(self.name):
                return candidate
        return missing(f"Transmission {self.name}", "script/test installs it")


_PROGRAM = "/usr/bin/transmission-daemon"
GENERATIONS = (Generation("3.00", "bookworm"), Generation("4.1", "trixie-backports", optional=True))


@functools.cache
def _version(argv: tuple[str, ...]) -> str:
    """`4.1.4` for a program that answers `transmission-daemon 4.1.4 (…)`, nothing for one that is not there."""
    if shutil.which(argv[0]) is None:
        return ""
    answer = subprocess.run([*argv, "--version"], capture_output=True, text=True, check=False, timeout=30)
    words = (answer.stdout + answer.stderr).split()
    return words[1] if len(words) > 1 else ""


class Transmission(Daemon):
    """One daemon with a throw-away profile below `root`, on free ports of 127.0.0.1, kept over restarts."""

    product = "Transmission"

    def __init__(self, root: Path, argv: tuple[str, ...] = ("transmission-daemon",), **settings: object) -> None:
        """`settings` are words of its settings.json, with `_` for `-`."""
        super().__init__(root, argv)
        self.version = _version(argv)
        self.user, self.password = "transmission", "test-password"
        self.port, self.peer_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.save_path = self.folder / "downloads"
        self._settings = {name.replace("_", "-"): value for name, value in settings.items()}
        self._session = ""

    def prepare(self) -> None:
        config = self.folder / "profile" / "settings.json"
        config.parent.mkdir(parents=True)
        self.save_path.mkdir(parents=True, exist_ok=True)
        config.write_text(json.dumps({**self._config(), **self._settings}), encoding="utf-8")

    def command(self) -> tuple[str, ...]:
        profile = str(self.folder / "profile")
        return (*self.argv, "--foreground", "--config-dir", profile, "--no-portmap", "--no-dht")

    def call(self, method: str, arguments: Mapping[str, object]) -> Any:
        """What somebody else would ask of it: the arguments of the answer."""
        content = json.dumps({"method": method, "arguments": arguments}).encode()
        try:
            answer = json.loads(self._post(content))
        except urllib.error.HTTPError as handshake:
            handshake.close()
            self._session = handshake.headers["X-Transmission-Session-Id"]
            answer = json.loads(self._post(content))
        assert answer["result"] == "success", answer
        return answer["arguments"]

    def torrent(self, info_hash: str, *fields: str) -> dict[str, Any]:
        """These fields of one torrent, as it says them; nothing where it is not there."""
        found = self.call("torrent-get", {"ids": [info_hash], "fields": ["hashString", *fields]})["torrents"]
        return dict(found[0]) if found else {}

    def _post(self, content: bytes) -> bytes:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "X-Transmission-Session-Id": self._session}
        request = urllib.request.Request(f"{self.url}/transmission/rpc", content, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _config(self) -> dict[str, object]:
        return {
            "rpc-enabled": True,
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": self.port,
            "rpc-authentication-required": True,
            "rpc-username": self.user,
            "rpc-password": self.password,
            "rpc-whitelist-enabled": False,
            "rpc-host-whitelist-enabled": False,
            "anti-brute-force-enabled": False,
            "bind-address-ipv4": "127.0.0.1",
            "bind-address-ipv6": "::1",
            "peer-port": self.peer_port,
            "peer-port-random-on-start": False,
            "port-forwarding-enabled": False,
            "dht-enabled": False,
            "lpd-enabled": False,
            "pex-enabled": False,
            "utp-enabled": False,
            "encryption": 1,
            "download-dir": str(self.save_path),
            "incomplete-dir-enabled": False,
            "download-queue-enabled": False,
            "seed-queue-enabled": False,
            "scrape-paused-torrents-enabled": False,
            "message-level": 3,
        }

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/transmission/rpc", timeout=1).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()  # it is up and wants a login
        return True
