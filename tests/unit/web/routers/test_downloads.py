"""The queue over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.live import Live
from auralarchive.ports.library import LibraryFile
from auralarchive.web.routers.downloads import MovedView
from auralarchive.web.views import DownloadDetail, DownloadPage, DownloadView, EventList, download_view
from tests.support.records import NOON
from tests.support.web import World


def add(world: World, title: str) -> int:
    answer = world.keyed().post("/api/downloads/queue", json={"title": title, "author": "Q. Author"})
    assert answer.status_code == 202, answer.text
    return int(answer.json()["download_id"])


def test_an_automatic_download_is_queued(world: World) -> None:
    """It waits for its search, under the ASIN that was given."""
    answer = world.keyed().post(
        "/api/downloads/queue", json={"book_asin": "B012345678", "title": "Automatic", "author": "Q. Author"}
    )
    assert answer.json() | {"download_id": 0} == {
        "success": True, "download_id": 0, "status": "QUEUED", "book_asin": "B012345678",
    }  # fmt: skip


def test_pages_follow_each_other(world: World) -> None:
    """Every row once, whatever comes in between; the filter and the words narrow it down."""
    ids = [add(world, f"Paged {n}") for n in range(5)]
    keyed, seen, cursor = world.keyed(), [], ""
    while True:
        query = {"limit": "2", "q": "paged", "status": "QUEUED"} | ({"cursor": cursor} if cursor else {})
        page = keyed.get("/api/downloads/queue", params=query).json()
        DownloadPage.model_validate(page)
        seen += [row["id"] for row in page["downloads"]]
        assert page["total"] == 5
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=1000000", "limit=x", "cursor=AAAA%00", "cursor=nonsense", "status=NOPE",
     "sort=(SELECT 1)", "sort=id;--"],
)  # fmt: skip
def test_queries_outside_the_lists_are_refused(world: World, query: str) -> None:
    """Sorting and filtering know their words; a cursor is one of ours."""
    answer = world.keyed().get(f"/api/downloads/queue?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_one_download_shows_files_and_live_figures(world: World) -> None:
    """What the client has, and what moves at the moment."""
    number = add(world, "Detailed")
    world.files[:] = [ClientFile("Book/1.mp3", 500, progress=0.5)]
    world.monitor.board.put({number: Live(41.5, 1000, None, 60, 400, 1000, raw_state="stalledDL")})
    shown = world.keyed().get(f"/api/downloads/queue/{number}").json()
    world.files.clear()
    DownloadDetail.model_validate(shown)
    assert shown["files"] == [{"path": "Book/1.mp3", "size": 500, "wanted": True, "progress": 50.0}]
    assert (shown["client_state"], shown["info_hash_v1"]) == ("stalledDL", None)
    assert (shown["download_progress"], shown["speed_bps"], shown["total_bytes"]) == (41.5, 1000, 1000)


def test_a_person_pauses_resumes_and_cancels(world: World) -> None:
    """Each button leads where the table says; the record stays."""
    keyed, number = world.keyed(), add(world, "Buttons")
    address = f"/api/downloads/queue/{number}"
    assert keyed.post(f"{address}/pause").json()["status"] == "PAUSED"
    assert keyed.post(f"{address}/resume").json()["status"] == "QUEUED"
    assert keyed.delete(address).json()["status"] == "CANCELLED"
    refused = keyed.post(f"{address}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_allowed_now")
    assert refused.json()["status_now"] == "CANCELLED"
    trail = keyed.get(f"{address}/events").json()
    EventList.model_validate(trail)
    assert [event["event"] for event in trail["items"]] == [
        "Enqueued", "PauseRequested", "ResumeRequested", "CancelRequested",
    ]  # fmt: skip


def test_priority_and_limits_change(world: World) -> None:
    """0 lifts a limit; what is left out stays."""
    keyed, number = world.keyed(), add(world, "Adjusted")
    address = f"/api/downloads/queue/{number}"
    assert keyed.patch(address, json={"priority": 5, "download_limit": 1000}).json()["download_limit"] == 1000
    changed = keyed.patch(address, json={"download_limit": 0, "sequential": True}).json()
    assert (changed["priority"], changed["download_limit"], changed["sequential"]) == (5, None, True)
    assert keyed.patch(address, json={"status": "IMPORTED"}).status_code == 422


def test_a_change_of_an_older_version_gets_the_present_row(world: World) -> None:
    """Two people at one row: the second learns what the first did, and nothing of it is undone."""
    keyed, number = world.keyed(), add(world, "Contested")
    address = f"/api/downloads/queue/{number}"
    version = keyed.get(address).json()["version"]
    assert keyed.patch(address, json={"priority": 5, "version": version}).status_code == 200
    refused = keyed.patch(address, json={"priority": 9, "version": version})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    present = refused.json()["download"]
    DownloadView.model_validate(present)
    assert (present["priority"], present["version"]) == (5, version + 1)
    assert keyed.patch(address, json={"priority": 9, "version": present["version"]}).json()["priority"] == 9
    assert keyed.patch("/api/downloads/queue/999999", json={"version": 1}).status_code == 404


def test_a_place_in_the_queue(world: World) -> None:
    """Before or after another; the answer tells whose priority has changed."""
    keyed = world.keyed()
    first, second, third = (add(world, f"Placed {n}") for n in range(3))
    moved = keyed.post(f"/api/downloads/queue/{third}/move", json={"before": second}).json()
    MovedView.model_validate(moved)
    assert [row["id"] for row in moved["downloads"]] == [second]  # the fewest change: it makes room
    rows = {number: keyed.get(f"/api/downloads/queue/{number}").json() for number in (first, second, third)}
    assert sorted(rows, key=lambda number: (-rows[number]["priority"], number)) == [first, third, second]
    for wrong in ({}, {"before": first, "after": second}, {"before": 0}):
        assert keyed.post(f"/api/downloads/queue/{third}/move", json=wrong).status_code == 422
    world.recorder.record(first, e.CancelRequested())
    refused = keyed.post(f"/api/downloads/queue/{first}/move", json={"before": second})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_place")


def test_some_downloads_by_their_ids(world: World) -> None:
    """A page that knows which rows have changed reads those, and nothing else."""
    first, _, third = (add(world, f"Named {n}") for n in range(3))
    page = world.keyed().get("/api/downloads/queue", params={"id": [third, first, 999_999]}).json()
    DownloadPage.model_validate(page)
    assert ([row["id"] for row in page["downloads"]], page["total"], page["next_cursor"]) == ([third, first], 2, None)
    assert world.keyed().get("/api/downloads/queue?id=0").status_code == 422


def test_an_arrived_download_names_its_book(world: World) -> None:
    """So that lists show the cover, and lead to the book."""
    number = add(world, "Arrived")
    audio, cover = LibraryFile("a.m4b", "audio", 1, "00", "copy"), LibraryFile("a.jpg", "cover", 1, "00", "copy")
    download = world.store.downloads.get(number)
    assert download is not None
    saved = world.store.books.save(number, download.book, (audio, cover), 1.0, (), NOON)
    before = world.keyed().get(f"/api/downloads/queue/{number}").json()
    assert (before["book_id"], before["has_cover"]) == (None, False)  # it is not imported yet
    arrived = replace(download, acquisition=DownloadStatus.IMPORTED)
    view = download_view(arrived, None, str, world.store.books.shelved([number])[number])
    assert (view["book_id"], view["has_cover"]) == (saved.id, True)


def test_bulk_answers_for_each(world: World) -> None:
    """One that cannot does not stop the others; an empty list is never taken for all."""
    one, two = add(world, "Bulk 1"), add(world, "Bulk 2")
    world.recorder.record(two, e.CancelRequested())
    keyed = world.keyed()
    body = {"action": "pause", "ids": [one, two, one, 999_999]}
    results = keyed.post("/api/downloads/queue/bulk", json=body).json()["results"]
    assert [(r["id"], r["ok"], r.get("code")) for r in results] == [
        (one, True, None), (two, False, "not_allowed_now"), (999_999, False, "unknown_download"),
    ]  # fmt: skip
    for wrong in ({"action": "pause", "ids": []}, {"action": "pause"}, {"action": "delete", "ids": [one]}):
        assert keyed.post("/api/downloads/queue/bulk", json=wrong).status_code == 422


@pytest.mark.parametrize("number", ["999999", "0", "-1", "99999999999999999999999", "x", "%2e%2e%2fsettings"])
def test_ids_of_nothing(world: World, number: str) -> None:
    """Unknown is 404; what is no id at all is refused before the database sees it."""
    for method, rest in (("GET", ""), ("GET", "/events"), ("DELETE", ""), ("POST", "/pause")):
        answer = world.keyed().request(method, f"/api/downloads/queue/{number}{rest}")
        assert answer.status_code in (404, 405, 422), answer.text


def test_the_status_counts_every_status(world: World) -> None:
    """Monitoring, clients and the runner at a glance."""
    world.redactor.register("clientpassword")
    client = world.monitor.clients[0]
    world.monitor.clients = (
        type(client)("qb", "qbittorrent", False, None, "login with clientpassword refused", "Check the password."),
    )
    answer = world.keyed().get("/api/downloads/status")
    body = answer.json()
    assert body["monitoring"] is True
    assert len(body["counts"]) == 17
    assert body["runner"] == {"running": 0}
    assert body["clients"][0]["remedy"] == "Check the password."
    assert "clientpassword" not in answer.text


def test_monitoring_is_switched(world: World) -> None:
    """Off and on again."""
    keyed = world.keyed()
    assert keyed.post("/api/downloads/service/stop").json() == {"success": True, "monitoring": False}
    assert world.monitor.monitoring is False
    assert keyed.post("/api/downloads/service/start").json() == {"success": True, "monitoring": True}
    assert world.monitor.monitoring is True


def test_parameters_that_a_form_leaves_empty_filter_nothing(world: World) -> None:
    made = add(world, "Left empty")
    page = world.keyed().get("/api/downloads/queue?status=&q=&sort=&cursor=").json()
    assert page["downloads"][0]["id"] == made


def test_an_automatic_download_takes_the_same_options(world: World) -> None:
    """Client and limits are kept from the beginning; a client that is not there is refused, with its name."""
    keyed = world.keyed()
    body = {"title": "With Options", "author": "O", "client": "qb", "download_limit": 5000, "language": "deu"}
    made = keyed.post("/api/downloads/queue", json=body).json()["download_id"]
    shown = keyed.get(f"/api/downloads/queue/{made}").json()
    assert (shown["chosen_client"], shown["download_limit"]) == ("qb", 5000)
    refused = keyed.patch(f"/api/downloads/queue/{made}", json={"client": "Nobody"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_client")
    assert "Nobody" in refused.json()["detail"]
    assert keyed.patch(f"/api/downloads/queue/{made}", json={"client": ""}).json()["chosen_client"] is None
