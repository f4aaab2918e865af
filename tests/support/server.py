"""The real program in a process of its own, as its users start it, and a client of its API."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.support.processes import free_port, stop, wait_for

API_KEY = "test-api-key-0123456789"
#: Settings of whoever runs the tests; and without its bytecode kept, each start would compile it for seconds.
NOT_INHERITED = ("AURALARCHIVE_", "PYTHONDONTWRITEBYTECODE")
PROGRAM = str(Path(sys.executable).with_name("auralarchive"))


@dataclass
class RunningServer:
    """`auralarchive serve` over a data folder; `environment` is set above the tests' own."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _apis: list[Api] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    @property
    def library(self) -> Path:
        return self.root / "library"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has written to the terminal so far."""
        return (self.root / "server.log").read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for api in self._apis:
            api.http.close()
        self.stop()

    def settings(self) -> dict[str, str]:
        """The environment of a quick test server: short intervals, peers on this machine."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(NOT_INHERITED)},
            "AURALARCHIVE_DATA_DIR": str(self.data_dir),
            "AURALARCHIVE_LIBRARY_PATH": str(self.library),
            "AURALARCHIVE_API_KEY": API_KEY,
            "AURALARCHIVE_EMBEDDED__LOOPBACK": "true",
            "AURALARCHIVE_EMBEDDED__LISTEN_PORT": "0",
            "AURALARCHIVE_FREE_BOOKS__ENABLED": "false",  # they are on the internet
            "AURALARCHIVE_LIBRARY__RESERVE_BYTES": "0",
            "AURALARCHIVE_DOWNLOAD_MANAGEMENT__POLLING_INTERVAL_SECONDS": "0.3",
            "AURALARCHIVE_DOWNLOAD_MANAGEMENT__RETRY_BACKOFF_SCALE": "0.01",
            "AURALARCHIVE_DOWNLOAD_MANAGEMENT__LEASE_SECONDS": "2",
            "AURALARCHIVE_DOWNLOAD_MANAGEMENT__MISSING_AFTER_SECONDS": "2",
            **self.environment,
        }

    def start(self, **more: str) -> None:
        """Start it and wait until it answers; `more` is set for this start only."""
        self.launch(**more)
        wait_for(self._answers, timeout=60)

    def launch(self, **more: str) -> subprocess.Popen[bytes]:
        """Start it without waiting: it may be meant to die on its way up."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--port", str(self.port)],
                env={**self.settings(), **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log[-4000:]}")
        # Asked many times a second while it starts: an httpx2 client for each would cost more than the start.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None

    def kill(self) -> None:
        """kill -9, as a power cut for the process."""
        assert self.process is not None
        stop(self.process, signal.SIGKILL)
        self.process = None

    def api(self) -> Api:
        self._apis.append(Api(self.url))
        return self._apis[-1]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the program over the same data folder."""
        return subprocess.run(
            [PROGRAM, *arguments], env=self.settings(), capture_output=True, text=True, timeout=100, check=False
        )

    def fsck(self) -> None:
        """Stop it and check every invariant."""
        self.stop()
        result = self.run("fsck")
        assert result.returncode == 0, result.stdout + result.stderr


class Api:
    """The API with the tests' key."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, headers={"X-Api-Key": API_KEY}, timeout=30, trust_env=False)

    def get(self, path: str) -> Any:
        return self._checked(self.http.get(path))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._checked(self.http.post(path, json=dict(body or {})))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._checked(self.http.put(path, json=dict(body)))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._checked(self.http.patch(path, json=dict(body)))

    def delete(self, path: str) -> Any:
        return self._checked(self.http.delete(path))

    def add_indexer(self, url: str, api_key: str, name: str = "Torznab", **settings: Any) -> dict[str, Any]:
        body = {"type": "torznab", "name": name, "settings": {"url": url, "api_key": api_key, **settings}}
        made: dict[str, Any] = self.post("/api/indexers", body)
        return made

    def search(self, query: str) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.post("/api/search/manual", {"query": query})["results"]
        return results

    def download(self, **body: Any) -> int:
        return int(self.post("/api/search/manual/download", body)["download_id"])

    def upload(self, file: Path, title: str, author: str) -> int:
        with file.open("rb") as stream:
            answer = self.http.post(
                "/api/search/manual/upload",
                files={"file": (file.name, stream)},
                data={"title": title, "author": author},
            )
        return int(self._checked(answer)["download_id"])

    def row(self, download_id: int) -> dict[str, Any]:
        row: dict[str, Any] = self.get(f"/api/downloads/queue/{download_id}")
        return row

    def events(self, download_id: int) -> list[str]:
        """The names in the audit trail, oldest first."""
        return [row["event"] for row in self.get(f"/api/downloads/queue/{download_id}/events")["items"]]

    def statuses(self, download_id: int) -> list[str]:
        """The public statuses that it has passed, each once in a row."""
        passed: list[str] = []
        for row in self.get(f"/api/downloads/queue/{download_id}/events")["items"]:
            if not passed or passed[-1] != row["new_status"]:
                passed.append(row["new_status"])
        return passed

    def wait_for_status(self, download_id: int, *statuses: str, timeout: float = 60) -> dict[str, Any]:
        """The row once it is in one of these; AssertionError when it has failed instead."""

        def there() -> dict[str, Any] | None:
            row = self.row(download_id)
            if row["status"].endswith("_FAILED") and row["status"] not in statuses and not row["next_retry_at"]:
                raise AssertionError(f"{row['status']}: {row['reason']}")
            return row if row["status"] in statuses else None

        return wait_for(there, timeout=timeout, every=0.1)

    def _checked(self, answer: httpx2.Response) -> Any:
        if answer.is_error:
            raise ApiFailure(answer.status_code, answer.json())
        return answer.json() if answer.content else None


class ApiFailure(Exception):
    """The API refused."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {problem}")
        self.status, self.problem = status, problem
