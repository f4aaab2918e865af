"""The wire to NZBGet: JSON-RPC over HTTP, every call by itself with name and password.

No library of today speaks it; what we need of it are ten calls of one shape. Three of its habits matter here:

- Positions of parameters have changed with its versions, so its version is asked once before anything is sent.
- What `append` is told besides the file goes into the job as it stands in the JSON, escapes included: so nothing is
  escaped (httpx2 writes UTF-8), and nothing is sent that would have to be.
- A user who may only add jobs gets "Access denied" for the rest.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.wire import Answer, Refusals, Wire
from auralarchive.ports.errors import Unreachable

OLDEST = (16, 0)  # jobs cannot carry our mark before
_ONE_MORE_IN_APPEND = (25, 2)  # from here on: whether it shall choose a category by itself
_ONE_LESS_IN_EDIT = (18, 0)  # before: an offset
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")
_FIRST_LOOK = (0, 0)


class Api:
    """One NZBGet. Thread-safe. Raises `Unreachable` and `AuthRefused`."""

    def __init__(self, url: str, username: str, password: str, verify: bool | str) -> None:
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._wire = Wire("NZBGet", url, verify, {"Authorization": f"Basic {login}"})
        self._refusals = Refusals()
        self._lock = threading.Lock()
        self._version = _FIRST_LOOK

    def version(self) -> str:
        text = str(self.call("version"))
        found = _VERSION.match(text)
        with self._lock:
            self._version = (int(found[1]), int(found[2])) if found else OLDEST
        return text

    @property
    def generation(self) -> tuple[int, int]:
        """Major and minor number of its version; asked once."""
        with self._lock:
            known = self._version
        if known == _FIRST_LOOK:
            self.version()
            with self._lock:
                known = self._version
        return known

    def groups(self) -> list[Mapping[str, Any]]:
        """The queue."""
        return self._rows("listgroups", 0)

    def history(self) -> list[Mapping[str, Any]]:
        """What has left the queue, without what its duplicate check keeps hidden."""
        return self._rows("history", False)

    def status(self) -> Mapping[str, Any]:
        answer = self.call("status")
        return answer if isinstance(answer, Mapping) else {}

    def config(self) -> dict[str, str]:
        """Its options as they count at the moment."""
        rows = self._rows("config")
        return {str(row.get("Name") or ""): str(row.get("Value") or "") for row in rows}

    def append(
        self, name: str, data: bytes, category: str, priority: int, *, paused: bool, parameters: Mapping[str, str]
    ) -> int:
        """Add an NZB; the job's id, or less than 1 where it was refused.

        Its own duplicate check stays out of it: whether something is loaded again is decided here.
        """
        chosen = [False] if self.generation >= _ONE_MORE_IN_APPEND else []
        pairs = [{key: value} for key, value in parameters.items()]
        content = base64.b64encode(data).decode()
        answer = self.call("append", name, content, category, priority, False, paused, "", 0, "FORCE", *chosen, pairs)
        return answer if isinstance(answer, int) else 0

    def edit(self, command: str, job: int, value: str = "") -> bool:
        """Change one job; False where there is no such job."""
        offset = [0] if self.generation < _ONE_LESS_IN_EDIT else []
        return bool(self.call("editqueue", command, *offset, value, [job]))

    def call(self, method: str, *params: object) -> Any:
        self._refusals.check()
        answer = self._wire.send("POST", "/jsonrpc", json={"method": method, "params": params, "id": 1})
        if answer.status in (401, 403):
            raise self._refusals.refused("NZBGet refuses the user name or password.")
        if not answer.ok:
            raise Unreachable(
                f"NZBGet answers with status {answer.status}.",
                "Check its address (http or https, port, path) and its log.",
            )
        return self._result(method, answer)

    def close(self) -> None:
        self._wire.close()

    def _result(self, method: str, answer: Answer) -> Any:
        content = answer.json()
        if not isinstance(content, Mapping):
            raise _nonsense()
        error = content.get("error")
        if isinstance(error, Mapping):
            told = display_text(str(error.get("message") or "no reason given"))
            if "access" in told.lower():
                raise self._refusals.refused(f"NZBGet lets this user not do all that is needed ({method}: {told}).")
            raise Unreachable(
                f"NZBGet refuses the call {method}: {told}.", "Check its version (16 or later) and its log."
            )
        if "result" not in content:
            raise _nonsense()
        return content["result"]

    def _rows(self, method: str, *params: object) -> list[Mapping[str, Any]]:
        rows = self.call(method, *params)
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            raise _nonsense()
        return [row for row in rows if isinstance(row, Mapping)]


def _nonsense() -> Unreachable:
    return Unreachable("NZBGet's answer makes no sense.", "Check that the address is that of its web interface.")
