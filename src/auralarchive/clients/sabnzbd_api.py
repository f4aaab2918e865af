"""The wire to SABnzbd's API: the key, and what its answers mean.

The libraries for it are wrappers for scripts, unmaintained for years; we need a dozen calls.

The key goes in the body, never in an address that some log keeps. A wrong one is answered with 403 and a sentence, by
older versions with 200 and `error: API Key Incorrect` or the same in JSON; it is tried once. Whoever has the NZB key
may only add: such an answer looks like that to a wrong key, so that `check_key` has to ask.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.sabnzbd_items import SENTENCES, Words
from auralarchive.clients.wire import Answer, Refusals, Wire
from auralarchive.ports.errors import Unreachable

_WRONG_KEY = re.compile(r"api ?key", re.IGNORECASE)
_AT_ONCE = 500  # ids in one question: its database takes no condition of more than a thousand parts
_MANY = 10_000  # jobs in one answer; without a limit it shows ten
_EXPLAIN = "Check that the address is that of SABnzbd, and see its log."


class Api:
    """One SABnzbd. Thread-safe. Raises `Unreachable` and `AuthRefused`."""

    def __init__(self, url: str, key: str, verify: bool | str) -> None:
        self._wire = Wire("SABnzbd", url, verify)
        self._key = key
        self._refusals = Refusals()
        self._lock = threading.Lock()
        self._words: Words | None = None

    def close(self) -> None:
        self._wire.close()

    def call(
        self, mode: str, fields: Mapping[str, str] | None = None, files: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """One call; its answer, which is an object whatever the call."""
        self._refusals.check()
        form = {"output": "json", "apikey": self._key, **(fields or {})}
        answer = self._wire.send("POST", f"/api?mode={mode}", data=form, files=files)
        self._check(answer)
        content = answer.json()
        if not isinstance(content, Mapping):
            raise Unreachable("SABnzbd's answer makes no sense.", _EXPLAIN)
        error = content.get("error")
        if isinstance(error, str) and _WRONG_KEY.search(error):
            raise self._refusals.refused(f"SABnzbd refuses the API key: {display_text(error)}.")
        return content

    def _check(self, answer: Answer) -> None:
        said = display_text(answer.text[:200])
        if answer.status in (401, 403):
            raise self._refusals.refused(f"SABnzbd refuses us: {said or 'it does not say why'}.")
        if answer.ok and said.startswith("error:") and _WRONG_KEY.search(said):
            raise self._refusals.refused(f"SABnzbd refuses the API key: {said}.")
        if not answer.ok:
            raise Unreachable(
                f"SABnzbd answers with status {answer.status}.",
                "Check its address (http or https, port, path) and its log.",
            )

    # --- what is read -----------------------------------------------------------------------------

    def version(self) -> str:
        return str(self.call("version").get("version") or "?")

    def check_key(self) -> None:
        """Raises `AuthRefused` for a wrong key, and for one that may only add."""
        kind = self.call("auth", {"key": self._key}).get("auth")
        if kind == "nzbkey":
            raise self._refusals.refused(
                "This is SABnzbd's NZB key, which may only add: it needs the API key above it."
            )
        if kind == "badkey" or not self._key:
            raise self._refusals.refused("SABnzbd refuses the API key.")

    def queue(self, limit: int = 0) -> tuple[Mapping[str, Any], list[Any]]:
        """What it tells of its queue as a whole, and all jobs in it, or no more than `limit`."""
        told = _mapping(self.call("queue", {"limit": str(limit)}), "queue")
        return told, _jobs(told)

    def history(self, ids: Iterable[str] = (), search: str = "", *, archive: bool = False) -> list[Any]:
        """The jobs with these ids, or with this word in their names."""
        if search:
            return self._history({"search": search}, archive=archive)
        wanted, found = sorted(set(ids)), []
        for at in range(0, len(wanted), _AT_ONCE):
            found += self._history({"nzo_ids": ",".join(wanted[at : at + _AT_ONCE])}, archive=archive)
        return found

    def _history(self, which: dict[str, str], *, archive: bool) -> list[Any]:
        more = {"archive": "1"} if archive else {}
        return _jobs(_mapping(self.call("history", {"limit": str(_MANY), **which, **more}), "history"))

    def config(self, section: str) -> Any:
        """A section of its settings: a mapping for "misc", a list for "categories" and "sorters"."""
        return _mapping(self.call("get_config", {"section": section}), "config").get(section)

    def folders(self) -> Mapping[str, Any]:
        """Where it works, with full paths: `completedir` and `downloaddir`."""
        return _mapping(self.call("fullstatus", {"skip_dashboard": "1"}), "status")

    def words(self) -> Words:
        """What its sentences are in the language of its pages; asked once, and only when one has to be understood."""
        with self._lock:
            if self._words is None:
                self._words = Words({each: self._translated(each) for each in SENTENCES})
            return self._words

    def _translated(self, sentence: str) -> tuple[str, ...]:
        told = self.call("translate", {"value": sentence}).get("value")
        return (told,) if isinstance(told, str) and told.strip() else ()


def _mapping(answer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    content = answer.get(key)
    if not isinstance(content, Mapping):
        told = answer.get("error")
        raise Unreachable(
            f"SABnzbd's answer makes no sense: {display_text(told) if isinstance(told, str) else f'no {key} in it'}.",
            _EXPLAIN,
        )
    return content


def _jobs(told: Mapping[str, Any]) -> list[Any]:
    """The jobs of a queue or history. Without a list of them it is no answer: all would seem to be gone."""
    slots = told.get("slots")
    if not isinstance(slots, list):
        raise Unreachable("SABnzbd's answer makes no sense: there is no list of jobs in it.", _EXPLAIN)
    return slots
