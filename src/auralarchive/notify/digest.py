"""Gathers lines of the log into what one round of messages tells.

A few things of a topic are told one by one; many at once (a disk that fills up fails 500 downloads) are one message,
with the commonest reasons and a few names. What is kept is small, however long the log was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auralarchive.notify.topics import topic_of
from auralarchive.ports.notifiers import Topic
from auralarchive.ports.store import LoggedEvent

#: More of one topic than these are one message.
SINGLY = 4
#: So many are named in a message about many.
NAMED = 5
#: So many different reasons are counted; a storm has few.
_MOST_REASONS = 50


@dataclass(frozen=True, slots=True)
class Told:
    """Why something failed, and what to do."""

    reason: str
    remedy: str


@dataclass(slots=True)
class Gathered:
    """What happened of one topic: all numbers, the first events, and how often each reason came."""

    topic: Topic
    seqs: list[int] = field(default_factory=list)
    first: list[LoggedEvent] = field(default_factory=list)
    reasons: Counter[Told] = field(default_factory=Counter)

    @property
    def many(self) -> bool:
        return len(self.seqs) > SINGLY

    def add(self, event: LoggedEvent) -> None:
        self.seqs.append(event.seq)
        if len(self.first) < max(SINGLY, NAMED):
            self.first.append(event)
        told = told_by(event)
        if told in self.reasons or len(self.reasons) < _MOST_REASONS:
            self.reasons[told] += 1


@dataclass(slots=True)
class Digest:
    """What a notifier has to be told. `since` and `until` are when it began and ended; `late` is what came too late."""

    topics: frozenset[Topic]
    not_before: datetime
    told: frozenset[int] = frozenset()
    by_topic: dict[Topic, Gathered] = field(default_factory=dict)
    first_seq: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    late: int = 0

    def take(self, events: Iterable[LoggedEvent]) -> None:
        """Look at further lines of the log."""
        for event in events:
            topic = topic_of(event)
            if topic is None or topic not in self.topics or event.seq in self.told:
                continue
            if event.at < self.not_before:
                self.late += 1
                continue
            if self.first_seq is None:
                self.first_seq, self.since = event.seq, event.at
            self.until = event.at
            self.by_topic.setdefault(topic, Gathered(topic)).add(event)

    @property
    def storm(self) -> bool:
        return any(gathered.many for gathered in self.by_topic.values())


def told_by(event: LoggedEvent) -> Told:
    """The reason and remedy of a failure; of anything else its reason, if it has one."""
    failure = event.data.get("failure")
    if isinstance(failure, Mapping):
        return Told(str(failure.get("reason") or event.reason or ""), str(failure.get("remedy") or ""))
    return Told(event.reason or "", "")
