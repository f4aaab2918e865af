"""How the terminal talks to the server that runs on this machine: over HTTP, with a key of its own.

The server writes its address and a fresh key into a file of the data folder that only its owner can
read, and removes it when it stops. So a command needs no password, and no other user gets in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from auralarchive import settings as tree
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import PermanentError, Unreachable


class NoServer(Unreachable):
    """No server runs over this data folder."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"No server answers for {data_dir}.", f"Start it with: auralarchive serve --data-dir {data_dir}"
        )


class ApiError(PermanentError):
    """The server said no; its words, with the remedy."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        reason = str(problem.get("detail") or "")
        remedy = str(problem.get("remedy") or "")
        super().__init__(reason if reason or remedy else str(problem.get("title", "The server refused.")), remedy)


def server_file(data_dir: Path) -> Path:
    """Where the running server says how it can be reached."""
    return data_dir / "server.json"


def remember_server(data_dir: Path, url: str, key: str) -> None:
    """Write that file, readable by its owner only."""
    file = server_file(data_dir)
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump({"url": url, "key": key}, stream)


@dataclass(frozen=True, slots=True)
class LocalApi:
    """The API of the running server. Every call raises `NoServer` or `ApiError`."""

    client: httpx2.Client
    data_dir: Path

    @classmethod
    def of(cls, data_dir: Path | None) -> LocalApi:
        """The server over this data folder. Raises `NoServer`."""
        folder = data_dir or tree.read().data_dir
        try:
            found = json.loads(server_file(folder).read_text("utf-8"))
            url, key = found["url"], found["key"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoServer(folder) from error
        client = httpx2.Client(base_url=url, headers={"X-Api-Key": key}, timeout=120, trust_env=False)
        return cls(client, folder)

    def get(self, path: str) -> Any:
        return self._send("GET", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._send("POST", path, json=body)

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Any:
        return self._send("POST", path, files={"file": (file.name, file.read_bytes())}, data=dict(fields))

    def examine(self) -> Iterator[Finding]:
        """The server's own health, and a test of every client and indexer; what both tell is told once."""
        health = [_finding(row) for row in self.get("/api/system/health")["findings"]]
        told = {finding.message for finding in health}
        yield from health
        for plural in ("clients", "indexers"):
            for adapter in self.get(f"/api/{plural}")["items"]:
                if adapter["enabled"]:
                    yield from (one for one in self._tested(plural, adapter) if one.message not in told)

    def _tested(self, plural: str, adapter: Mapping[str, Any]) -> Iterator[Finding]:
        """What its own test finds out, each under its name as in `doctor`: there may be several of a kind."""
        report, name = self._send("POST", f"/api/{plural}/{adapter['id']}/test"), adapter["name"]
        found = [_finding(row) for row in report["findings"]]
        if not report["version"]:
            # What does not answer is one finding about all of it.
            yield from (replace(finding, subject=name) for finding in found)
            return
        answers = f"{report['version']} answers{'' if report['ok'] else ', but something is wrong'}."
        yield Finding(report["ok"], name, answers)
        pieces = plural == "clients"
        yield from (replace(one, subject=f"{name}, {one.subject}" if pieces else name) for one in found)

    def _send(self, method: str, path: str, **content: Any) -> Any:
        try:
            answer = self.client.request(method, path, **content)
        except httpx2.TransportError as error:
            raise NoServer(self.data_dir) from error
        try:
            body = answer.json() if answer.content else None
        except ValueError as error:  # the file is of a server that was killed, and its port another program's now
            raise NoServer(self.data_dir) from error
        if answer.is_error:
            raise ApiError(
                body if isinstance(body, Mapping) else {"title": f"The server answered {answer.status_code}."}
            )
        return body


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(row["ok"], row["subject"], row["message"], row.get("remedy") or "")
