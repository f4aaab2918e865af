"""A private Deluge daemon of the real kind, in both generations.

    with Deluge(tmp_path, generation.argv()) as server:
        server.host, server.port, server.user, server.password, server.bt_port, server.save_path

Generation 2.0 is what Debian 12 installs; 2.2 is a virtual environment that `script/test-servers` makes below
`$AURALARCHIVE_TEST_CACHE`.
"""

from __future__ import annotations

import functools
import json
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.certificates import SelfSigned
from tests.support.daemon import Daemon, without_our_python
from tests.support.processes import cache_folder, free_port, missing


@dataclass(frozen=True, slots=True)
class Generation:
    """A line of versions that behaves alike, and the folder of the test cache that may have it."""

    name: str
    tree: str = ""
    optional: bool = False

    def argv(self) -> tuple[str, ...]:
        """How to start it; skips the test when it is not on this machine."""
        program = str(cache_folder() / self.tree / "bin" / "deluged") if self.tree else "/usr/bin/deluged"
        if _version(program).startswith(self.name):
            return (program,)
        return missing(f"Deluge {self.name}", "script/test --all-clients installs it")


GENERATIONS = (Generation("2.0"), Generation("2.2", "deluge-2.2", optional=True))


@functools.cache
def _version(program: str) -> str:
    """`2.2.0` for a program that answers `deluged 2.2.0`, nothing for one that is not there."""
    if shutil.which(program) is None:
        return ""
    answer = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False, timeout=60, env=without_our_python()
    )
    return answer.stdout.partition("\n")[0].removeprefix("deluged").strip()


# Everything on this machine, no encryption of the peers' own (a second of hand-shaking each), no queue.
_SETTINGS: dict[str, Any] = {
    "allow_remote": False,
    "random_port": False,
    "listen_random_port": None,
    "listen_interface": "127.0.0.1",
    "outgoing_interface": "",
    "dht": False,
    "upnp": False,
    "natpmp": False,
    "lsd": False,
    "utpex": False,
    "new_release_check": False,
    "send_info": False,
    "geoip_db_location": "",
    "max_active_downloading": -1,
    "max_active_seeding": -1,
    "max_active_limit": -1,
    "ignore_limits_on_local_network": False,
    "rate_limit_ip_overhead": False,
    "enc_in_policy": 2,
    "enc_out_policy": 2,
}


class Deluge(Daemon):
    """One daemon with a throw-away folder below `root`, on free ports of 127.0.0.1, kept over restarts.

    `user` may do everything; `plugins` are those that are enabled, `settings` come over the usual ones.
    """

    product = "Deluge"
    look_every = 0.05

    def __init__(
        self,
        root: Path,
        argv: tuple[str, ...] = ("/usr/bin/deluged",),
        plugins: tuple[str, ...] = ("Label",),
        **settings: Any,
    ) -> None:
        super().__init__(root, argv)
        self.version = _version(argv[0])
        self.user, self.password = "aural", "test-password"
        self.host, self.port, self.bt_port = "127.0.0.1", free_port(), free_port()
        self.save_path = self.folder / "downloads"
        self._config = self.folder / "config"
        self._plugins, self._settings = plugins, settings

    def prepare(self) -> None:
        self._config.mkdir(parents=True)
        self.save_path.mkdir(parents=True, exist_ok=True)
        self.allow({self.user: (self.password, 10)})
        self._make_certificate()
        settings = {
            **_SETTINGS,
            "daemon_port": self.port,
            "download_location": str(self.save_path),
            "move_completed_path": str(self.save_path),
            "torrentfiles_location": str(self.save_path),
            "listen_ports": [self.bt_port, self.bt_port],
            "enabled_plugins": list(self._plugins),
            "plugins_location": str(self._config / "plugins"),
            **self._settings,
        }
        # Two documents in a row: the version of the file, then what it holds.
        (self._config / "core.conf").write_text('{"file": 1, "format": 1}' + json.dumps(settings), encoding="utf-8")

    def allow(self, accounts: dict[str, tuple[str, int]]) -> None:
        """Who may sign in: name, password, and level (10 everything, 5 their own torrents, 1 nothing)."""
        lines = [f"{name}:{password}:{level}" for name, (password, level) in accounts.items()]
        auth = self._config / "auth"
        auth.write_text("\n".join(["localclient:not-used-here:10", *lines, ""]), encoding="utf-8")
        auth.chmod(0o600)

    @property
    def certificate(self) -> Path:
        """What the daemon shows whoever connects."""
        return self._config / "ssl" / "daemon.cert"

    def _make_certificate(self) -> None:
        """As its own would be; 2.2 cannot make one with a current pyOpenSSL, and ends at once without it."""
        self.certificate.parent.mkdir()
        pem = SelfSigned.make(self.folder).file.read_bytes()
        mark = b"-----BEGIN CERTIFICATE-----"
        key, certificate = pem.split(mark)
        (self.certificate.parent / "daemon.pkey").write_bytes(key)
        self.certificate.write_bytes(mark + certificate)

    def command(self) -> tuple[str, ...]:
        options = ("--do-not-daemonize", "--config", str(self._config), "--loglevel", "info")
        return (*self.argv, *options, "--ui-interface", self.host, "--port", str(self.port), "--interface", self.host)

    def kill(self) -> None:
        super().kill()
        (self._config / "deluged.pid").unlink(missing_ok=True)

    def has_saved(self, item_id: str) -> bool:
        """Whether it would know the torrent after a power cut."""
        state = self._config / "state"
        known = state / "torrents.state"
        return (state / f"{item_id}.torrent").is_file() and known.is_file() and item_id.encode() in known.read_bytes()

    def answers(self) -> bool:
        socket.create_connection((self.host, self.port), 0.5).close()
        return True
