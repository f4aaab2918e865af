"""Each generation of SABnzbd; `Hand` by plain calls of its API."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from auralarchive.clients.sabnzbd import SABNZBD
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability
from tests.contract.clients.rig import FOREIGN, Book, Hand, Kind, RemoteRig, Source
from tests.contract.clients.rigs.news import posting
from tests.support.news import NewsServer
from tests.support.sabnzbd import GENERATIONS, Generation, SABnzbd


class SABnzbdHand(Hand):
    def __init__(self, server: SABnzbd) -> None:
        self._server = server

    def add(self, book: Book) -> str:
        """As a browser's upload does; -2 is the priority of what is paused."""
        mark = "----somebody"
        fields = {"mode": "addfile", "output": "json", "apikey": self._server.api_key, "cat": FOREIGN, "priority": "-2"}
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="name"; filename="{book.name}.nzb"\r\n\r\n'
        body = "".join((*parts, head)).encode() + (book.payload.data or b"") + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        request = urllib.request.Request(f"{self._server.url}/api", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["nzo_ids"][0])

    def look(self, item_id: str) -> Mapping[str, object] | None:
        slot = self._slot(item_id)
        return {key: slot[key] for key in ("filename", "cat", "status", "priority")} if slot else None

    def remove(self, item_id: str) -> None:
        self._server.call("queue", name="delete", value=item_id, del_files=1)

    def recategorise(self, item_id: str) -> None:
        self._server.call("change_cat", value=item_id, value2=FOREIGN)

    def pause(self, item_id: str) -> None:
        self._server.call("queue", name="pause", value=item_id)

    def limit_all(self, download: int) -> None:
        self._server.call("config", name="speedlimit", value=str(download))

    def _slot(self, item_id: str) -> dict[str, Any] | None:
        slots = self._server.call("queue")["queue"]["slots"]
        return next((slot for slot in slots if slot["nzo_id"] == item_id), None)


class SABnzbdRig(RemoteRig):
    adapter = SABNZBD
    server: SABnzbd

    wrong_secret: Mapping[str, Any] = {"api_key": "0" * 32}

    def __init__(self, folder: Path, generation: Generation) -> None:
        argv = generation.argv()
        self._ends = ExitStack()
        self._news = self._ends.enter_context(NewsServer())
        self.server = self._ends.enter_context(SABnzbd(folder, self._news, argv))
        self.server.call("set_config", section="categories", keyword=FOREIGN, dir=FOREIGN)
        self.hand = SABnzbdHand(self.server)
        self.client = self.connected()

    @property
    def secrets(self) -> dict[str, object]:
        return {"api_key": self.server.api_key}

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.server.save_path, self.server.save_path.parent / "incomplete")

    def source(self, folder: Path) -> AbstractContextManager[Source]:
        return posting(self._news, folder)

    def close(self) -> None:
        self.client.close()
        self._ends.close()


def _starter(generation: Generation) -> Callable[[Path], SABnzbdRig]:
    return lambda folder: SABnzbdRig(folder, generation)


KINDS = tuple(
    Kind(
        f"sabnzbd-{generation.name}",
        _starter(generation),
        DownloadType.NZB,
        frozenset({Ability.GLOBAL_LIMITS, Ability.PRIORITY}),
        optional=generation.optional,
    )
    for generation in GENERATIONS
)
