"""A private NZBGet of the real kind, which loads from a test's news server.

with NewsServer() as news, NZBGet(tmp_path, news) as server:
    server.url, server.user, server.password, server.save_path
    server.call("listgroups", 0)  # somebody else at the same NZBGet
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
from tests.support.news import NewsServer
from tests.support.posts import seven_zip, unrar
from tests.support.processes import free_port, missing


@dataclass(frozen=True, slots=True)
class Generation:
    """A line of versions whose API behaves alike."""

    name: str
    optional: bool = False

    def argv(self) -> tuple[str, ...]:
        """How to start it; skips the test when it is not on this machine."""
        if _version(("nzbget",)).startswith(self.name):
            return ("nzbget",)
        return missing(f"NZBGet {self.name}", "script/test installs it")


GENERATIONS = (Generation("21.0"),)


@functools.cache
def _version(argv: tuple[str, ...]) -> str:
    """`21.0` for a program that answers `nzbget version: 21.0`, nothing for one that is not there."""
    if shutil.which(argv[0]) is None:
        return ""
    answer = subprocess.run([*argv, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return answer.stdout.strip().rpartition(": ")[2]


def _config(server: NZBGet) -> dict[str, object]:
    """Every option that the program would else look up in its template. Quick retries, everything on this machine."""
    main, news = server.main, server.news
    return {
        "MainDir": main,
        "DestDir": server.save_path,
        "InterDir": main / "inter",
        "NzbDir": main / "nzb",
        "QueueDir": main / "queue",
        "TempDir": main / "tmp",
        "ScriptDir": main / "scripts",
        "LockFile": main / "lock",
        "LogFile": main / "log",
        "WebDir": "",
        "ConfigTemplate": "",
        "ControlIP": "127.0.0.1",
        "ControlPort": server.port,
        "ControlUsername": server.user,
        "ControlPassword": server.password,
        "RestrictedUsername": "",
        "AddUsername": "",
        "FormAuth": "no",
        "SecureControl": "no",
        "AuthorizedIP": "",
        "DaemonUsername": "root",
        "UMask": "1000",
        "Server1.Active": "yes",
        "Server1.Name": "loopback",
        "Server1.Level": 0,
        "Server1.Host": news.host,
        "Server1.Port": news.port,
        "Server1.Username": news.user,
        "Server1.Password": news.password,
        "Server1.JoinGroup": "no",
        "Server1.Encryption": "no",
        "Server1.Connections": 2,
        "Server1.Retention": 0,
        "Server1.IpVersion": "auto",
        "Category1.Name": server.category,
        "Category1.DestDir": server.save_path / server.category,
        "Category1.Unpack": "yes",
        "AppendCategoryDir": "yes",
        "ArticleRetries": 1,
        "ArticleInterval": 1,
        "ArticleTimeout": 60,
        "UrlRetries": 1,
        "UrlInterval": 1,
        "UrlTimeout": 10,
        "ArticleCache": 0,
        "DirectWrite": "yes",
        "WriteBuffer": 0,
        "FlushQueue": "yes",
        "ContinuePartial": "yes",
        "PropagationDelay": 0,
        "KeepHistory": 30,
        "DownloadRate": 0,
        "HealthCheck": "park",
        "DupeCheck": "yes",
        "DiskSpace": 0,
        "NzbCleanupDisk": "yes",
        "CrcCheck": "yes",
        "ParCheck": "auto",
        "ParRepair": "yes",
        "ParScan": "extended",
        "ParQuick": "yes",
        "ParBuffer": 16,
        "ParThreads": 2,
        "ParRename": "yes",
        "RarRename": "yes",
        "DirectRename": "no",
        "PostStrategy": "balanced",
        "Unpack": "yes",
        "DirectUnpack": "no",
        "UnpackCleanupDisk": "yes",
        "UnrarCmd": unrar(),
        "SevenZipCmd": seven_zip(),
        "UnpackPassFile": "",
        "ExtCleanupDisk": ".par2, .sfv",
        "OutputMode": "log",
        "WriteLog": "append",
        "DetailTarget": "log",
        "DebugTarget": "none",
        "LogBuffer": 1000,
        **server.options,
    }


class NZBGet(Daemon):
    """One server over a throw-away folder, on a free port of 127.0.0.1 that it keeps over restarts."""

    product = "NZBGet"

    def __init__(
        self,
        root: Path,
        news: NewsServer,
        argv: tuple[str, ...] = ("nzbget",),
        *,
        category: str = "auralarchive",
        options: dict[str, object] | None = None,
    ) -> None:
        super().__init__(root / "nzbget", argv)
        self.version = _version(argv) or missing("NZBGet", "script/test installs it")
        self.user, self.password = "tester", "test-password"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.news, self.category, self.options = news, category, options or {}
        self.main = self.folder
        self.save_path = self.main / "complete"

    def prepare(self) -> None:
        for folder in (self.save_path / self.category, self.main / "inter", self.main / "scripts"):
            folder.mkdir(parents=True, exist_ok=True)
        self.configure()

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "LANG": "C.UTF-8"}

    def configure(self, **options: object) -> None:
        """Write its configuration, with further options; it counts from the next start on."""
        self.options = {**self.options, **{name.replace("_", "."): value for name, value in options.items()}}
        text = "".join(f"{name}={value}\n" for name, value in _config(self).items())
        (self.main / "nzbget.conf").write_text(text, encoding="utf-8")

    def command(self) -> tuple[str, ...]:
        return (*self.argv, "--configfile", str(self.main / "nzbget.conf"), "--server")

    def call(self, method: str, *params: object) -> Any:
        """What its JSON-RPC answers to a hand of our own."""
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
        body = json.dumps({"method": method, "params": params, "id": 1}).encode()
        request = urllib.request.Request(f"{self.url}/jsonrpc", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            content = json.loads(answer.read())
        if content.get("error"):
            raise RuntimeError(f"{method}: {content['error']}")
        return content["result"]

    def append(self, name: str, nzb: bytes, *, category: str = "", paused: bool = False, **parameters: str) -> int:
        """Somebody else adds a job; its id."""
        content = base64.b64encode(nzb).decode()
        pairs = [{key: value} for key, value in parameters.items()]
        return int(self.call("append", f"{name}.nzb", content, category, 0, False, paused, "", 0, "FORCE", pairs))

    def group(self, job: int) -> dict[str, Any] | None:
        """The job as the queue shows it."""
        return next((each for each in self.call("listgroups", 0) if each["NZBID"] == job), None)

    def past(self, job: int) -> dict[str, Any] | None:
        """The job as the history shows it."""
        return next((each for each in self.call("history", False) if each["NZBID"] == job), None)

    def answers(self) -> bool:
        self.call("version")
        return True
