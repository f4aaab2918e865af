"""Which lines of the log are worth a message, and how each notifier's settings offer the choice among them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auralarchive.ports.notifiers import Topic
from auralarchive.ports.store import LoggedEvent

_BY_EVENT = {
    "SentToClient": Topic.STARTED,
    "ImportDone": Topic.IMPORTED,
    "SeedingGoalReached": Topic.SEEDED,
    "RetryAbandoned": Topic.FAILED,
}

#: What most people want to know at once.
USUAL = (Topic.IMPORTED, Topic.FAILED, Topic.HEALTH)


#: The field of settings that holds the choice; where it goes comes first in a form.
Topics = Annotated[tuple[Topic, ...], Field(title="Tell about", max_length=len(Topic))]


def topic_of(event: LoggedEvent) -> Topic | None:
    """What this line is about; None for the many that nobody needs to be told."""
    if event.event == "StageFailed":
        # With a time for the next attempt nobody has to do anything.
        return None if event.data.get("retry_at") else Topic.FAILED
    return _BY_EVENT.get(event.event)
