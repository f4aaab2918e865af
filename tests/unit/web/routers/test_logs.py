"""The log over HTTP: found, followed and fetched, for administrators alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.web import World

URL = "/api/system/logs"


@pytest.fixture
def log(world: World) -> Iterator[logging.Logger]:
    """A logger whose lines go into the world's log alone."""
    logger = logging.getLogger("logs.over.http")
    logger.propagate, logger.level = False, logging.DEBUG
    logger.addHandler(world.ring)
    yield logger
    logger.removeHandler(world.ring)


def _get(world: World, **query: Any) -> dict[str, Any]:
    answer = world.keyed().get(URL, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_lines_are_found_and_pages_lead_back(world: World, log: logging.Logger) -> None:
    """By level, logger and text; an empty parameter filters nothing."""
    world.redactor.register("CANARY-IN-LOG")
    for number in range(5):
        log.info("line %d CANARY-IN-LOG", number)
    log.error("broken \x1b[2J")
    found = _get(world, level="", q="", logger="logs.over")
    assert [line["message"] for line in found["items"]][-2:] == ["line 4 ***", "broken \\x1b[2J"]
    assert [line["level"] for line in _get(world, level="warning")["items"]] == ["error"]
    assert len(_get(world, q="LINE 3")["items"]) == 1
    newest = _get(world, limit=2, logger="logs.over.http")
    assert not newest["complete"]
    older = _get(world, before=newest["items"][0]["seq"], logger="logs.over.http")
    assert older["items"][-1]["message"] == "line 3 ***"
    assert world.keyed().get(URL, params={"level": "loud"}).status_code == 422


def test_a_new_line_is_told_while_one_waits_and_a_burst_at_once(world: World, log: logging.Logger) -> None:
    """Nobody asks in vain: the answer comes with the line, and many lines are one answer."""
    last = _get(world)["last"]

    def burst() -> None:
        time.sleep(0.3)
        for number in range(50):
            log.info("burst %d", number)

    writer = threading.Thread(target=burst)
    writer.start()
    begun = time.monotonic()
    found = _get(world, after=last, wait=20)
    assert 0.3 <= time.monotonic() - begun < 10
    assert len(found["items"]) == 50
    writer.join()


def test_without_news_the_wait_ends_and_an_earlier_run_is_noticed(world: World, log: logging.Logger) -> None:
    """A browser that followed the server before its restart is answered at once, with another run."""
    log.info("something")
    found = _get(world)
    assert _get(world, after=found["last"], wait=0.2)["items"] == []
    begun = time.monotonic()
    assert _get(world, after=found["last"] + 1000, wait=20)["run"] == found["run"]
    assert time.monotonic() - begun < 10


def test_many_may_follow_without_keeping_others_waiting(world: World, log: logging.Logger) -> None:
    """More than the server has threads."""
    last = _get(world)["last"]
    answers: list[int] = []
    clients = [world.keyed() for _ in range(60)]
    followers = [
        threading.Thread(
            target=lambda client=client: answers.append(
                len(client.get(URL, params={"after": last, "wait": 20}).json()["items"])
            )
        )
        for client in clients
    ]
    for follower in followers:
        follower.start()
    time.sleep(0.5)
    begun = time.monotonic()
    assert world.client().get("/api/health").status_code == 200
    assert time.monotonic() - begun < 5
    log.info("for all")
    for follower in followers:
        follower.join(20)
    assert answers == [1] * 60


def test_the_log_can_be_fetched_as_text(world: World, log: logging.Logger) -> None:
    """With tracebacks, and only what was asked for."""
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("it broke")
    answer = world.keyed().get(f"{URL}/download", params={"level": "error", "q": "it broke"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    first, *rest = answer.text.splitlines()
    assert first.endswith("error    logs.over.http: it broke")
    assert rest[-1].strip() == "ValueError: why"
