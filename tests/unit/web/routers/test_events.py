"""The history over HTTP."""

from __future__ import annotations

from typing import Any

from auralarchive.domain import events as e
from tests.contract.store.support import a_book, enqueue, step
from tests.support.web import World


def _get(world: World, **query: Any) -> dict[str, Any]:
    answer = world.keyed().get("/api/system/events", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_history_is_read_page_by_page_and_filtered(world: World) -> None:
    """Newest first; with the book's name, and without secrets."""
    world.redactor.register("CANARY-REASON")
    download = enqueue(world.store, book=a_book("Emma"))
    step(world.store, download, e.Waiting("No place: CANARY-REASON."))
    enqueue(world.store, book=a_book("Dune"))
    page = _get(world, limit=2)
    assert [(one["event"], one["book_title"]) for one in page["items"]] == [("Enqueued", "Dune"), ("Waiting", "Emma")]
    assert (page["total"], page["items"][1]["reason"]) == (3, "No place: ***.")
    rest = _get(world, limit=2, cursor=page["next_cursor"])
    assert [one["book_title"] for one in rest["items"]] == ["Emma"]
    assert rest["next_cursor"] is None
    assert _get(world, q="emma", event="Waiting")["total"] == 1
    assert _get(world, event=["Waiting", "Enqueued"], q="")["total"] == 3
    assert _get(world, failed="true")["items"] == []
    assert _get(world, since="2000-01-01T11:00:00Z", until="2100-05-01T13:00:00")["total"] == 3
    assert _get(world, since="2100-05-02", until="")["total"] == 0


def test_what_makes_no_sense_is_refused(world: World) -> None:
    """With the field's name."""
    for query in ({"cursor": "-1"}, {"limit": 0}, {"event": "x; DROP"}, {"since": "yesterday"}):
        answer = world.keyed().get("/api/system/events", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), query
