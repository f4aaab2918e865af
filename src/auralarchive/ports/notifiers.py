"""What is told to people who are not looking: messages, whom they reach, and how they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from auralarchive.ports.clients import Finding
from auralarchive.ports.work import CancelToken


class Topic(StrEnum):
    """What a notifier can be told about."""

    IMPORTED = "imported"
    FAILED = "failed"
    STARTED = "started"
    SEEDED = "seeded"
    HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message is about. `seq` is its number in the log: whoever gets it twice knows it again.

    What concerns no download (health) has neither number, and its subject as title.
    """

    title: str
    author: str = ""
    status: str = ""
    reason: str = ""
    remedy: str = ""
    seq: int | None = None
    download_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message in plain words. `topic` None is a test. `count` may be more than the `items` that are named."""

    topic: Topic | None
    title: str
    text: str
    at: datetime
    count: int = 1
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class NotifierReport:
    """The answer of `test`, which has sent a message."""

    title: str
    findings: tuple[Finding, ...] = ()


class Notifier(Protocol):
    """One configured way to people. Methods block and are called from worker threads, one at a time."""

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> frozenset[Topic]: ...

    def send(self, message: Message, cancel: CancelToken) -> None:
        """Hand the message over. Raises `AuralError` with reason and remedy; it is then tried again later."""

    def test(self) -> NotifierReport:
        """Send a test message. Raises `AuralError`."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to a message. `retry_after` is in seconds."""

    status: int
    retry_after: float | None = None


#: Sends bytes to an address that an administrator typed, by the address rules: address, body, headers, the file of the
#: server's own certificate authority if it has one. Follows no redirect. Raises `AuralError`.
Post = Callable[[str, bytes, Mapping[str, str], str | None, CancelToken], Reply]


@dataclass(frozen=True, slots=True)
class NotifierContext:
    """What every notifier gets from the runtime. `hide` takes secrets that no log may show."""

    post: Post
    now: Callable[[], datetime]
    hide: Callable[[str], None] = field(default=lambda _: None)
