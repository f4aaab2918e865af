"""Which lines of the log are worth a message, and the choice among them that each notifier offers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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


class Choice(BaseModel):
    """What the settings of every notifier have in common."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    topics: Annotated[tuple[Topic, ...], Field(max_length=len(Topic))] = Field(default=USUAL, title="Tell about")

    @property
    def chosen(self) -> frozenset[Topic]:
        return frozenset(self.topics)


def topic_of(event: LoggedEvent) -> Topic | None:
    """What this line is about; None for the many that nobody needs to be told."""
    if event.event == "StageFailed":
        # With a time for the next attempt nobody has to do anything.
        return None if event.data.get("retry_at") else Topic.FAILED
    return _BY_EVENT.get(event.event)
