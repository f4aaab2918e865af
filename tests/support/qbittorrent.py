"""A private qBittorrent of the real kind, in each generation whose Web API differs.

    with QBittorrent(tmp_path, generation.argv()) as server:
        server.url, server.user, server.password, server.bt_port, server.save_path

Generation 4.5 is what Debian 12 installs; the 5.x ones are trees that `script/test-servers` unpacks below
`$AURALARCHIVE_TEST_CACHE`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.processes import cache_folder, free_port, missing


@dataclass(frozen=True, slots=True)
class Generation:
    """A line of versions whose Web API behaves alike, and the Debian suite that has it."""

    name: str
    suite: str
    optional: bool = False

    def argv(self) -> tuple[str, ...]:
        """How to start it; skips the test when it is not on this machine."""
        for candidate in (("qbittorrent-nox",), (str(cache_folder() / f"qbittorrent-{self.suite}" / "run"), _PROGRAM)):
            if _version(candidate).startswith(self.name):
                return candidate
        return missing(f"qBittorrent {self.name}", "script/test installs it")


_PROGRAM = "/usr/bin/qbittorrent-nox"
GENERATIONS = (
    Generation("4.5", "bookworm"),
    Generation("5.1", "trixie", optional=True),
    Generation("5.3", "trixie-backports"),
)


@functools.cache
def _version(argv: tuple[str, ...]) -> str:
    """`5.3.0` for a program that answers `qBittorrent v5.3.0`, nothing for one that is not there."""
    if shutil.which(argv[0]) is None:
        return ""
    answer = subprocess.run([*argv, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return answer.stdout.strip().rpartition(" v")[2]


def _hashed(password: str) -> str:
    """The text that qBittorrent keeps of a password: PBKDF2 with SHA-512 and 100,000 rounds."""
    salt = os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100_000)
    return f'"@ByteArray({base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()})"'


# Understood by every generation. TCP only, for else uTP is tried first and each connection takes seconds;
# RefreshInterval (ms), for else what the API says lags by 1.5 s; many failed logins, for a ban would hit the test.
_CONFIG = r"""
[LegalNotice]
Accepted=true

[BitTorrent]
Session\Port={bt_port}
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress=127.0.0.1
Session\BTProtocol=TCP
Session\DHTEnabled=false
Session\PeXEnabled=false
Session\LSDEnabled=false
Session\MultiConnectionsPerIp=true
Session\BlockPeersOnPrivilegedPorts=false
Session\SSRFMitigation=false
Session\QueueingSystemEnabled=false
Session\DefaultSavePath={save_path}
Session\TempPathEnabled=false
Session\SaveResumeDataInterval=1
Session\RefreshInterval=100

[Network]
PortForwardingEnabled=false

[Preferences]
General\Locale=en
WebUI\Enabled=true
WebUI\Address=127.0.0.1
WebUI\Port={web_port}
WebUI\UseUPnP=false
WebUI\Username={user}
WebUI\Password_PBKDF2={password}
WebUI\LocalHostAuth=true
WebUI\ServerDomains=*
WebUI\MaxAuthenticationFailCount=1000
"""


class QBittorrent(Daemon):
    """One server with a throw-away profile below `root`, on free ports of 127.0.0.1, kept over restarts."""

    product = "qBittorrent"
    logs = ("profile/qBittorrent/data/logs/*.log",)

    def __init__(self, root: Path, argv: tuple[str, ...] = ("qbittorrent-nox",), version: str = "") -> None:
        super().__init__(root, argv)
        self.version = version or _version(argv)
        self.user, self.password = "admin", "test-password"
        self.port, self.bt_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.save_path = self.folder / "downloads"

    def prepare(self) -> None:
        config = self.folder / "profile" / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True)
        self.save_path.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(
            bt_port=self.bt_port,
            web_port=self.port,
            save_path=self.save_path,
            user=self.user,
            password=_hashed(self.password),
        )
        config.write_text(text, encoding="utf-8")

    def command(self) -> tuple[str, ...]:
        return (*self.argv, f"--profile={self.folder / 'profile'}", f"--webui-port={self.port}")

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/api/v2/app/version", timeout=1).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()  # it is up and wants a login
        return True
