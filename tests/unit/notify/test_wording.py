"""Messages in plain words, whatever names and reasons hold."""

from __future__ import annotations

import dataclasses

import pytest

from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadStatus as S
from auralarchive.notify.digest import Digest
from auralarchive.notify.wording import Words
from auralarchive.observability.redaction import Redactor
from auralarchive.ports.clients import Finding
from auralarchive.ports.notifiers import Message, Topic
from auralarchive.ports.store import LoggedEvent
from tests.support.records import NOON, a_book, a_download

STATUS = {"ImportDone": S.IMPORTED, "SentToClient": S.DOWNLOADING, "SeedingGoalReached": S.SEEDING}


def event(seq: int, name: str = "StageFailed", reason: str = "The disk is full.") -> LoggedEvent:
    failed = {"failure": {"reason": reason, "remedy": "Make room."}} if name == "StageFailed" else {}
    return LoggedEvent(seq, seq, 1, name, S.FOUND, STATUS.get(name, S.DOWNLOAD_FAILED), reason, NOON, failed)


def books(*titles: str, author: str = "Jane Austen") -> dict[int, Download]:
    return {
        number: dataclasses.replace(a_download(id_=number), book=a_book(title, author))
        for number, title in enumerate(titles, start=1)
    }


def messages(downloads: dict[int, Download], *events: LoggedEvent, words: Words | None = None) -> list[Message]:
    digest = Digest(frozenset(Topic), NOON)
    digest.take(events)
    made = words or Words(str)
    return [one for gathered in digest.by_topic.values() for one in made.messages(gathered, downloads, NOON)]


@pytest.mark.parametrize(
    ("name", "title", "text"),
    [
        ("ImportDone", "In the library: Emma", "Emma by Jane Austen is in the library."),
        ("SentToClient", "Downloading: Emma", "Emma by Jane Austen is being downloaded."),
        ("SeedingGoalReached", "Done seeding: Emma", "Emma by Jane Austen has reached its seeding goal."),
        ("StageFailed", "Needs you: Emma", "Emma by Jane Austen: The disk is full. Make room."),
    ],
)
def test_one_thing_is_one_sentence(name: str, title: str, text: str) -> None:
    """With title, reason and remedy, and its number for whoever gets it twice."""
    (message,) = messages(books("Emma"), event(1, name))
    assert (message.title, message.text, message.count) == (title, text, 1)
    assert (message.items[0].seq, message.items[0].download_id, message.items[0].title) == (1, 1, "Emma")


def test_many_are_one_message_with_the_commonest_reasons() -> None:
    """Five hundred failures of a full disk ring once."""
    titles = [f"Book {n}" for n in range(1, 501)]
    events = [event(n, reason="The disk is full." if n <= 480 else "Nobody answers.") for n in range(1, 501)]
    (message,) = messages(books(*titles), *events)
    assert message.title == "500 downloads need you"
    assert message.text.splitlines() == [
        "480 times: The disk is full. Make room.",
        "20 times: Nobody answers. Make room.",
        "Among them: Book 1, Book 2, Book 3, Book 4, Book 5, and 495 more.",
    ]
    assert (message.count, len(message.items)) == (500, 5)


HOSTILE = "Emma\r\nBcc: everybody@example.org\r\n\r\n<b>\u202egnp.exe\x00\ud800"


@pytest.mark.parametrize("name", ["ImportDone", "StageFailed"])
def test_names_and_reasons_stay_on_their_line(name: str) -> None:
    """No header can be made of them, no other line, and no other direction; markup stays the text that it is."""
    (message,) = messages(books(HOSTILE, author=HOSTILE), event(1, name, reason=HOSTILE))
    for text in (message.title, message.text):
        assert len(text.splitlines()) == 1
        assert not {"\r", "\n", "\x00", "\u202e", "\ud800"} & set(text)
    assert "<b>" in message.title


def test_joined_letters_stay_joined() -> None:
    """Persian needs its joiners; they are no disguise."""
    (message,) = messages(books("\u0645\u06cc\u200c\u062e\u0648\u0627\u0646\u0645"), event(1, "ImportDone"))
    assert "\u06cc\u200c\u062e" in message.title


def test_a_long_title_is_cut() -> None:
    """A phone shows a line, not a page."""
    (message,) = messages(books("W" * 300, author="M" * 300), event(1, reason="R" * 5000))
    assert len(message.title) < 150
    assert len(message.text) < 1000
    assert message.title.endswith("…")


def test_secrets_do_not_leave() -> None:
    """What the process knows to be secret, and what looks like it."""
    redactor = Redactor()
    redactor.register("CANARY-KEY-1")
    reason = "https://indexer.test/get?apikey=abcdef123 said CANARY-KEY-1, password: hunter22"
    (message,) = messages(books("Emma"), event(1, reason=reason), words=Words(redactor.redact))
    shown = str(message)
    assert not any(secret in shown for secret in ("CANARY-KEY-1", "abcdef123", "hunter22"))


def test_a_download_that_is_gone_still_has_a_name() -> None:
    """Its number."""
    (message,) = messages({}, event(7))
    assert message.title == "Needs you: Download 7"


def test_health_tells_what_broke_and_what_is_well_again() -> None:
    """With the remedy of each."""
    disk = Finding(False, "Disk space", "1.0 GB free in /data.", "Make room on this disk.")
    client = Finding(False, "qBittorrent", "It does not answer.", "Start it.")
    words = Words(str)
    one = words.health((disk,), ("Library",), NOON)
    assert (one.title, one.topic) == ("Something is wrong: Disk space", Topic.HEALTH)
    assert one.text.splitlines() == [
        "Disk space: 1.0 GB free in /data. Make room on this disk.",
        "Well again: Library.",
    ]
    assert words.health((disk, client), (), NOON).title == "2 things are wrong"
    assert words.health((), ("Library",), NOON).title == "Well again: Library"
    assert words.health((), ("Library", "Disk space"), NOON).title == "2 things are well again"


def test_a_test_says_so() -> None:
    message = Words(str).test("Phone", NOON)
    assert (message.topic, message.text) == (None, "This is a test of Phone.")
