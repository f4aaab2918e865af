"""Messages in plain words: what happened, why, and what to do.

Titles come from indexers and files, reasons quote other programs. Both become one line without control and direction
characters, so that no header, no markup and no other line can be made of them, and lose the secrets that we know.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from auralarchive.domain.download import Download
from auralarchive.notify.digest import NAMED, Gathered, Told, told_by
from auralarchive.ports.clients import Finding
from auralarchive.ports.notifiers import Item, Message, Topic
from auralarchive.ports.store import LoggedEvent

Redact = Callable[[str], str]

_LONGEST_NAME = 120
_LONGEST_REASON = 600
_REASONS = 3

#: Topic -> title about one, title about many.
_TITLES: Mapping[Topic, tuple[str, str]] = {
    Topic.IMPORTED: ("In the library: {name}", "{count} books are in the library"),
    Topic.FAILED: ("Needs you: {name}", "{count} downloads need you"),
    Topic.STARTED: ("Downloading: {name}", "{count} downloads have begun"),
    Topic.SEEDED: ("Done seeding: {name}", "{count} torrents are done seeding"),
}
_SENTENCES: Mapping[Topic, str] = {
    Topic.IMPORTED: "{book} is in the library.",
    Topic.STARTED: "{book} is being downloaded.",
    Topic.SEEDED: "{book} has reached its seeding goal.",
}


class Words:
    """Makes messages; `redact` takes secrets out of text."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def messages(self, gathered: Gathered, downloads: Mapping[int, Download], at: datetime) -> Iterator[Message]:
        """One message about many, or one about each."""
        if gathered.many:
            yield self._about_many(gathered, downloads, at)
            return
        for event in gathered.first:
            yield self._about_one(gathered.topic, self._item(event, downloads), at)

    def health(self, worse: tuple[Finding, ...], better: tuple[str, ...], at: datetime) -> Message:
        """What has broken since the last message, and what is well again."""
        items = tuple(
            Item(self._name(one.subject), reason=self._line(one.message), remedy=self._line(one.remedy))
            for one in worse
        )
        mended = [f"Well again: {self._name(subject)}." for subject in better]
        if len(items) == 1:
            title = f"Something is wrong: {items[0].title}"
        elif items:
            title = f"{len(items)} things are wrong"
        else:
            one, *more = better
            title = f"{len(better)} things are well again" if more else f"Well again: {self._name(one)}"
        wrong = [_joined(f"{item.title}: {item.reason}", item.remedy) for item in items]
        return Message(Topic.HEALTH, title, "\n".join([*wrong, *mended]), at, max(1, len(items)), items)

    def test(self, name: str, at: datetime) -> Message:
        """To see whether messages arrive."""
        return Message(None, "AuralArchive can reach you", f"This is a test of {self._name(name)}.", at)

    def _about_one(self, topic: Topic, item: Item, at: datetime) -> Message:
        if topic is Topic.FAILED:
            text = _joined(f"{_book(item)}: {item.reason or 'it cannot go on by itself.'}", item.remedy)
        else:
            text = _SENTENCES[topic].format(book=_book(item))
        return Message(topic, _TITLES[topic][0].format(name=item.title), text, at, items=(item,))

    def _about_many(self, gathered: Gathered, downloads: Mapping[int, Download], at: datetime) -> Message:
        items = tuple(self._item(event, downloads) for event in gathered.first[:NAMED])
        count = len(gathered.seqs)
        named = ", ".join(item.title for item in items)
        lines = [f"Among them: {named}, and {count - len(items):,} more."]
        if gathered.topic is Topic.FAILED:
            lines = [*self._reasons(gathered), *lines]
        title = _TITLES[gathered.topic][1].format(count=f"{count:,}")
        return Message(gathered.topic, title, "\n".join(lines), at, count, items)

    def _reasons(self, gathered: Gathered) -> list[str]:
        common = [(told, count) for told, count in gathered.reasons.most_common(_REASONS) if told.reason]
        return [f"{count:,} times: {self._told(told)}" for told, count in common]

    def _told(self, told: Told) -> str:
        return _joined(self._line(told.reason), self._line(told.remedy))

    def _item(self, event: LoggedEvent, downloads: Mapping[int, Download]) -> Item:
        download = downloads.get(event.download_id)
        told = told_by(event)
        return Item(
            title=self._name(download.book.title if download else "") or f"Download {event.download_id}",
            author=self._name(download.book.author if download else ""),
            status=event.new_status.value,
            reason=self._line(told.reason),
            remedy=self._line(told.remedy),
            seq=event.seq,
            download_id=event.download_id,
            at=event.at,
        )

    def _name(self, text: str) -> str:
        return _cut(_one_line(self._redact(text)), _LONGEST_NAME)

    def _line(self, text: str) -> str:
        return _cut(_one_line(self._redact(text)), _LONGEST_REASON)


def _book(item: Item) -> str:
    return f"{item.title} by {item.author}" if item.author else item.title


def _joined(what: str, remedy: str) -> str:
    return f"{what} {remedy}".strip()


def _one_line(text: str) -> str:
    plain = (" " if unicodedata.category(sign) in _NO_TEXT and sign not in _JOINERS else sign for sign in text)
    return " ".join("".join(plain).split())


#: Control, direction and private characters, halves of characters, and separators of lines.
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
#: Persian words and joined pictures need them.
_JOINERS = "\u200c\u200d"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
