"""A private SABnzbd of the real kind, in each generation whose API differs.

    with SABnzbd(tmp_path, news, generation.argv()) as server:
        server.url, server.api_key, server.nzb_key, server.save_path
        server.call("queue")  # somebody else at the same server, by another way than ours

Both generations are Debian's code with an environment of their own; `script/test-servers` unpacks them below
`$AURALARCHIVE_TEST_CACHE`.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.daemon import Daemon
from tests.support.processes import cache_folder, free_port, missing


class News(Protocol):
    """Where it fetches from: a `tests.support.news.NewsServer`, or whatever has these."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Generation:
    """A line of versions whose API behaves alike, and the Debian suite that has it."""

    name: str
    suite: str
    optional: bool = False

    def argv(self) -> tuple[str, ...]:
        """How to start it; skips the test when it is not on this machine."""
        program = cache_folder() / f"sabnzbd-{self.suite}" / "run"
        if not program.is_file():
            missing(f"SABnzbd {self.name}", "script/test unpacks it")
        return (str(program),)


GENERATIONS = (
    Generation("4.5", "bookworm-backports", optional=True),
    Generation("5.1", "trixie-backports"),
)

# Understood by both. No browser, no look for a newer release; connections stay, for after each job a new one would wait
# for five seconds; free space is not looked at, for the machine that tests may have little;
# files keep the names that they were posted with, where it would give a lone one that of its job.
_CONFIG = """\
__version__ = 19
__encoding__ = utf-8
[misc]
host = 127.0.0.1
port = {port}
enable_https = 0
api_key = {api_key}
nzb_key = {nzb_key}
auto_browser = 0
check_new_rel = 0
helpfull_warnings = 0
inet_exposure = 0
host_whitelist = 127.0.0.1, localhost
local_ranges = ,
enable_broadcast = 0
enable_bonjour = 0
ipv6_servers = 0
ext_rename_ignore = ,
download_dir = {root}/incomplete
complete_dir = {root}/complete
download_free = 0
cache_limit = 64M
direct_unpack = 0
enable_unrar = 1
enable_7zip = 1
pause_on_post_processing = 0
preserve_paused_state = 0
auto_disconnect = 0
enable_par_cleanup = 1
deobfuscate_final_filenames = 0
no_dupes = 0
language = en
log_dir = {root}/logs
admin_dir = {root}/admin
script_dir = {root}/scripts
nzb_backup_dir =
[servers]
[[{news.host}]]
name = {news.host}
displayname = tests
host = {news.host}
port = {news.port}
timeout = 20
username = {news.user}
password = {news.password}
connections = 4
ssl = 0
enable = 1
required = 0
optional = 0
retention = 0
priority = 0
[categories]
[[*]]
name = *
pp = 3
script = None
dir =
priority = 0
[[auralarchive]]
name = auralarchive
pp =
script = Default
dir = auralarchive
priority = -100
"""


class SABnzbd(Daemon):
    """One server with a throw-away profile below `root`, on a free port of 127.0.0.1, kept over restarts."""

    product = "SABnzbd"
    patience, look_every = 60.0, 0.05

    def __init__(self, root: Path, news: News, argv: tuple[str, ...]) -> None:
        super().__init__(root, argv)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_key, self.nzb_key = "a1" * 16, "b2" * 16
        self.save_path = self.folder / "complete"
        self.incomplete = self.folder / "incomplete"
        self.scripts = self.folder / "scripts"
        self._news = news

    def prepare(self) -> None:
        self.scripts.mkdir(parents=True)
        self._config.write_text(
            _CONFIG.format(
                port=self.port, api_key=self.api_key, nzb_key=self.nzb_key, root=self.folder, news=self._news
            ),
            encoding="utf-8",
        )

    def command(self) -> tuple[str, ...]:
        quiet = ("-b", "0", "-l", "1", "--disable-file-log")
        return (*self.argv, "-f", str(self._config), "-s", f"127.0.0.1:{self.port}", *quiet)

    def environment(self) -> Mapping[str, str]:
        unrar = str(cache_folder() / "unrar" / "bin")
        return {**super().environment(), "PATH": f"{unrar}:{os.environ['PATH']}"}

    def call(self, mode: str, **fields: object) -> Any:
        """One call of its API with the full key; the answer's JSON."""
        query = {"mode": mode, "output": "json", "apikey": self.api_key, **fields}
        with urllib.request.urlopen(f"{self.url}/api?{urllib.parse.urlencode(query)}", timeout=20) as answer:
            return json.load(answer)

    def configure(self, **changes: object) -> None:
        """Change settings of its section "misc"."""
        for keyword, value in changes.items():
            self.call("set_config", section="misc", keyword=keyword, value=value)

    @property
    def _config(self) -> Path:
        return self.folder / "sabnzbd.ini"

    def answers(self) -> bool:
        """Its port opens a moment before its API answers."""
        try:
            return bool(self.call("version"))
        except ValueError:
            return False
