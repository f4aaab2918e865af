"""Which lines of the log are worth a message."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from auralarchive.domain.status import DownloadStatus as S
from auralarchive.notify.topics import USUAL, Topics, topic_of
from auralarchive.ports.notifiers import Topic
from auralarchive.ports.store import LoggedEvent
from tests.support.records import NOON


class Choice(BaseModel):
    topics: Topics = USUAL


def line(event: str, **data: Any) -> LoggedEvent:
    return LoggedEvent(1, 1, 1, event, S.QUEUED, S.QUEUED, None, NOON, data)


@pytest.mark.parametrize(
    ("event", "topic"),
    [
        (line("ImportDone"), Topic.IMPORTED),
        (line("SentToClient"), Topic.STARTED),
        (line("SeedingGoalReached"), Topic.SEEDED),
        (line("StageFailed", retry_at=None), Topic.FAILED),
        (line("StageFailed"), Topic.FAILED),
        (line("StageFailed", retry_at="2026-01-01T12:05:00+00:00"), None),
        (line("RetryAbandoned"), Topic.FAILED),
        (line("Enqueued"), None),
        (line("CancelRequested"), None),
        (line("Waiting"), None),
    ],
)
def test_only_what_somebody_wants_to_know(event: LoggedEvent, topic: Topic | None) -> None:
    """A failure that is tried again by itself is nobody's business yet; a person's own doing is known to them."""
    assert topic_of(event) is topic


def test_the_usual_choice_is_useful_and_can_be_changed() -> None:
    """What came, what needs somebody, and what is broken; or what one ticks, or nothing."""
    assert set(Choice().topics) == {Topic.IMPORTED, Topic.FAILED, Topic.HEALTH}
    assert Choice.model_validate({"topics": ["started"]}).topics == (Topic.STARTED,)
    assert Choice.model_validate({"topics": []}).topics == ()
    with pytest.raises(ValidationError):
        Choice.model_validate({"topics": ["everything"]})


def test_the_form_knows_every_topic() -> None:
    """The pages draw a box for each value that the schema allows."""
    schema = Choice.model_json_schema()
    assert schema["properties"]["topics"]["items"] == {"$ref": "#/$defs/Topic"}
    assert schema["$defs"]["Topic"]["enum"] == [topic.value for topic in Topic]
