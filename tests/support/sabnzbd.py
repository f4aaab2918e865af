"""A private SABnzbd of the real kind, in each generation whose API differs.

    with SABnzbd(tmp_path, news, generation.argv()) as server:
        server.url, server.api_key, server.nzb_key, server.complete
        server.call("queue")  # somebody else at the same server, by another way than ours

Both generations are Debian's code with an environment of their own; `script/test-servers` unpacks them below
`$AURALARCHIVE_TEST_CACHE`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from tests.support.processes import cache_folder, free_port, missing, stop, wait_for


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
# for five seconds; free space is not looked at, for the machine that tests may have little.
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


class SABnzbd:
    """One server with a throw-away profile below `root`, on a free port of 127.0.0.1, kept over restarts."""

    def __init__(self, root: Path, news: News, argv: tuple[str, ...]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_key, self.nzb_key = "a1" * 16, "b2" * 16
        self._root = root.resolve()
        self.complete = self._root / "complete"
        self.scripts = self._root / "scripts"
        self._news, self._argv = news, argv
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.scripts.mkdir(parents=True)
        self._config.write_text(
            _CONFIG.format(
                port=self.port, api_key=self.api_key, nzb_key=self.nzb_key, root=self._root, news=self._news
            ),
            encoding="utf-8",
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        home = str(self._root / "home")
        unrar = str(cache_folder() / "unrar" / "bin")
        own = {"HOME": home, "XDG_CONFIG_HOME": home, "PATH": f"{unrar}:{os.environ['PATH']}"}
        environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
        quiet = ("-b", "0", "-l", "1", "--disable-file-log")
        with (self._root / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._argv, "-f", str(self._config), "-s", f"127.0.0.1:{self.port}", *quiet],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**environment, **own},
                cwd=self._root,
                start_new_session=True,
            )
        try:
            wait_for(self._answers, timeout=60, every=0.05)
        except TimeoutError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it in good order; harmless when it has ended already."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None, "it is not running"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start again, with the same profile and port."""
        self.stop()
        self.start()

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
        return self._root / "sabnzbd.ini"

    def _answers(self) -> bool:
        """Its port opens a moment before its API answers."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"SABnzbd ended at once: {(self._root / 'output.log').read_text(errors='replace')}")
        try:
            return bool(self.call("version"))
        except (OSError, ValueError):
            return False
