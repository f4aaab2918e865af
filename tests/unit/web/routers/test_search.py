"""Searching, and downloading what was found, pasted or uploaded."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from auralarchive.domain.release import Release, SearchQuery
from auralarchive.ports.errors import Unreachable
from auralarchive.ports.work import CancelToken
from auralarchive.web.views import DoneLine, FaultLine, IndexerLine, ResultsLine, View
from tests.support.torrent_bytes import info_of, torrent_of, v1_hash
from tests.support.web import StubIndexer, World, a_release, wait_until

MAGNET = "magnet:?xt=urn:btih:"


@pytest.fixture
def found(world: World) -> str:
    """The id of a fresh search result."""
    world.indexers[:] = [StubIndexer(releases=(a_release(),))]
    answer = world.keyed().post("/api/search/manual", json={"query": "some book"})
    return str(answer.json()["results"][0]["id"])


def test_one_bad_indexer_does_not_fail_a_search(world: World) -> None:
    """Its error stands beside the results of the others."""
    broken = StubIndexer("Broken", error=Unreachable("It does not answer.", "Look whether it runs."))
    world.indexers[:] = [StubIndexer(releases=(a_release(5),)), broken]
    answer = world.keyed().post("/api/search/manual", json={"title": "Some Book", "author": "Ann Author"})
    assert answer.status_code == 200
    body = answer.json()
    assert [release["id"] for release in body["results"]] == ["release-5"]
    assert {one["name"]: one["status"] for one in body["indexers"]} == {"Feed": "ok", "Broken": "error"}
    assert "indexerkey123" not in answer.text


def test_a_search_may_name_its_indexers(world: World) -> None:
    """Only those are asked."""
    world.indexers[:] = [StubIndexer("One"), StubIndexer("Two")]
    answer = world.keyed().post("/api/search/manual", json={"query": "x", "indexers": ["Two"]})
    assert [one["name"] for one in answer.json()["indexers"]] == ["Two"]


def test_a_result_is_downloaded_by_its_id(world: World, found: str) -> None:
    """No search, no link: FOUND at once, and a second click gets the same id."""
    keyed = world.keyed()
    first = keyed.post("/api/search/manual/download", json={"release_id": found})
    assert first.status_code == 202
    body = first.json()
    assert (body["success"], body["status"]) == (True, "FOUND")
    again = keyed.post("/api/search/manual/download", json={"release_id": found})
    assert again.status_code == 409
    assert (again.json()["code"], again.json()["download_id"]) == ("already_active", body["download_id"])
    shown = keyed.get(f"/api/downloads/queue/{body['download_id']}").json()
    assert (shown["book_title"], shown["book_author"], shown["indexer"]) == ("Some Book 1", "Ann Author", "Feed")


def test_a_pasted_magnet_keeps_what_is_said_of_it(world: World) -> None:
    """Scores and format of the form go into the record."""
    body = {
        "download_url": MAGNET + "b" * 40, "title": "Pasted", "author": "P. Author", "asin": "B0PASTED01",
        "quality_score": 61.5, "file_format": "mp3", "size": 5000, "indexer": "by hand", "priority": 3,
    }  # fmt: skip
    keyed = world.keyed()
    made = keyed.post("/api/search/manual/download", json=body)
    assert (made.status_code, made.json()["book_asin"]) == (202, "B0PASTED01")
    shown = keyed.get(f"/api/downloads/queue/{made.json()['download_id']}").json()
    assert (shown["quality_score"], shown["file_format"], shown["priority"]) == (61.5, "mp3", 3)


def test_a_book_without_asin_gets_one_of_ours(world: World) -> None:
    """The same book the same one."""
    made = world.keyed().post(
        "/api/search/manual/download", json={"download_url": MAGNET + "c" * 40, "title": "No Asin", "author": "X"}
    )
    assert made.json()["book_asin"].startswith("AA-")


def test_another_book_with_the_same_hash_is_a_conflict(world: World) -> None:
    """One torrent, one download."""
    keyed = world.keyed()
    link = MAGNET + "d" * 40
    first = keyed.post("/api/search/manual/download", json={"download_url": link, "title": "One", "author": "X"})
    second = keyed.post("/api/search/manual/download", json={"download_url": link, "title": "Two", "author": "X"})
    assert second.status_code == 409
    assert second.json()["download_id"] == first.json()["download_id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"release_id": "1; DROP TABLE downloads;--"}, 404),
        ({"release_id": "x", "download_url": MAGNET + "e" * 40}, 422),
        ({"download_url": MAGNET + "e" * 40}, 422),
        ({"download_url": "file:///etc/passwd", "title": "a", "author": "b"}, 422),
        ({"download_url": MAGNET + "zz", "title": "a", "author": "b"}, 422),
        ({"download_url": MAGNET + "e" * 40, "title": "a", "author": "b", "__proto__": {"admin": True}}, 422),
        ({"download_url": MAGNET + "e" * 40, "title": "a", "author": "b", "size": 2**70}, 422),
        ({"download_url": MAGNET + "e" * 40, "title": "a", "author": "b", "quality_score": 101}, 422),
        ([], 422),
        ("x", 422),
    ],
)
def test_what_does_not_fit_is_said(world: World, body: Any, status: int) -> None:
    """With a code and a remedy, and nothing is queued."""
    keyed = world.keyed()
    before = keyed.get("/api/downloads/queue").json()["total"]
    answer = keyed.post("/api/search/manual/download", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["remedy"]
    assert keyed.get("/api/downloads/queue").json()["total"] == before


def test_a_torrent_file_is_uploaded(world: World) -> None:
    """Its hash is ours before any client sees it."""
    info = info_of(name=b"uploaded.m4b")
    answer = world.keyed().post(
        "/api/search/manual/upload",
        data={"title": "Uploaded", "author": "U. Author", "priority": "2"},
        files={"file": ("x.torrent", torrent_of(info))},
    )
    assert answer.status_code == 202, answer.text
    made = world.store.downloads.get(answer.json()["download_id"])
    assert made is not None
    assert (made.info_hash_v1, made.priority) == (v1_hash(info), 2)
    payload = world.store.payloads.get(made.id)
    assert payload is not None
    assert payload.data == torrent_of(info)


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({"title": "a", "author": "b"}, b"no torrent at all"),
        ({"title": "a", "author": "b"}, b"d4:infod"),
        ({"title": "a"}, b"de"),
        ({"title": "a", "author": "b", "priority": "many"}, b"de"),
        ({"title": "a", "author": "b", "extra": "x"}, b"de"),
    ],
)
def test_bad_uploads_are_refused(world: World, fields: dict[str, str], content: bytes) -> None:
    """Neither the file nor the fields are believed."""
    answer = world.keyed().post("/api/search/manual/upload", data=fields, files={"file": ("x.torrent", content)})
    assert answer.status_code == 422, answer.text


def test_an_upload_without_its_file_is_refused(world: World) -> None:
    """A text field of the name is none."""
    answer = world.keyed().post(
        "/api/search/manual/upload",
        content=b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nd4:\r\n--x--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 422


def _lines(answer: httpx2.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.iter_lines()]


def test_a_search_is_told_as_it_goes(world: World) -> None:
    """A line when an indexer is asked and when it answers, results before the outcome; each as its model says."""
    broken = StubIndexer("Broken", error=Unreachable("It does not answer at http://x/?apikey=CANARY1.", "Look."))
    world.indexers[:] = [StubIndexer(releases=(a_release(8),)), broken]
    with world.keyed().stream("POST", "/api/search/manual/stream", json={"query": "x"}) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = _lines(answer)
    kinds: dict[str, type[View]] = {"indexer": IndexerLine, "results": ResultsLine, "done": DoneLine}
    for line in lines:
        kinds[line["type"]].model_validate(line)
    assert [line["name"] for line in lines[:2]] == ["Feed", "Broken"]
    assert {line["status"] for line in lines[:2]} == {"asked"}
    assert {line["name"]: line["status"] for line in lines[2:] if line["type"] == "indexer"} == {
        "Feed": "ok",
        "Broken": "error",
    }
    assert [one["id"] for line in lines if line["type"] == "results" for one in line["results"]] == ["release-8"]
    assert lines[-1] == {"type": "done"}
    assert "CANARY1" not in json.dumps(lines)


def test_a_fault_in_the_midst_is_a_line_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer has begun by then: there is no other way left."""
    world.indexers[:] = [StubIndexer(releases=(a_release(8),))]
    monkeypatch.setattr(type(world.store.releases), "save", _broken)
    with world.keyed().stream("POST", "/api/search/manual/stream", json={"query": "x"}) as answer:
        last = _lines(answer)[-1]
    FaultLine.model_validate(last)
    assert last["code"] == "internal"


def _broken(*_: object) -> None:
    raise RuntimeError("the disk is gone")


def test_whoever_hangs_up_ends_the_search(world: World) -> None:
    """The indexer is no longer asked for an answer that nobody reads."""
    patient = PatientIndexer()
    world.indexers[:] = [patient]
    with world.keyed().stream("POST", "/api/search/manual/stream", json={"query": "x"}) as answer:
        assert json.loads(next(answer.iter_lines()))["status"] == "asked"
        wait_until(patient.asked.is_set, "the indexer has the question: before that nobody would be asked at all")
    wait_until(patient.gone.is_set, "the indexer is told to stop")


@dataclass
class PatientIndexer(StubIndexer):
    """Answers only once its work is taken away."""

    asked: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        self.asked.set()
        if cancel.wait(60):
            self.gone.set()
        return ()


def test_what_is_there_already_is_marked(world: World) -> None:
    """The same release by its title at its indexer, the same book by matching."""
    one, other = a_release(40), a_release(41, parsed=replace(a_release(40).parsed, narrator="Somebody"))
    world.indexers[:] = [StubIndexer(releases=(one, other, a_release(42)))]
    keyed = world.keyed()
    keyed.post("/api/search/manual", json={"query": "x"})
    made = keyed.post("/api/search/manual/download", json={"release_id": one.id}).json()["download_id"]
    held = {row["id"]: row["held"] for row in keyed.post("/api/search/manual", json={"query": "x"}).json()["results"]}
    assert held == {
        one.id: {"kind": "queue", "id": made, "how": "same_release"},
        other.id: {"kind": "queue", "id": made, "how": "same_book"},
        "release-42": None,
    }


def test_options_are_kept_with_the_download(world: World, found: str) -> None:
    """Client, limits and order; a client that is not there is refused before anything is made."""
    keyed = world.keyed()
    options = {"client": "qb", "download_limit": 70_000, "upload_limit": 0, "sequential": True, "priority": 4}
    refused = keyed.post("/api/search/manual/download", json={"release_id": found, "client": "Nobody"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_client")
    body = {"download_url": MAGNET + "f0" * 20, "title": "Options", "author": "O", **options}
    made = keyed.post("/api/search/manual/download", json=body).json()["download_id"]
    files = {"file": ("x.torrent", torrent_of(info_of(name=b"options.m4b")))}
    sent = keyed.post("/api/search/manual/upload", data={"title": "U2", "author": "O", **options}, files=files)
    for number in (made, sent.json()["download_id"]):
        shown = keyed.get(f"/api/downloads/queue/{number}").json()
        assert (shown["chosen_client"], shown["download_limit"], shown["upload_limit"]) == ("qb", 70_000, None)
        assert (shown["sequential"], shown["priority"]) == (True, 4)


def test_a_result_is_taken_for_a_wanted_book(world: World) -> None:
    """No second download: the one that is still searched for gets it."""
    world.indexers[:] = [StubIndexer(releases=(a_release(60),))]
    keyed = world.keyed()
    wanted = keyed.post("/api/downloads/queue", json={"title": "Wanted", "author": "W"}).json()["download_id"]
    keyed.post("/api/search/manual", json={"query": "x"})
    body = {"release_id": "release-60", "wanted_id": wanted}
    made = keyed.post("/api/search/manual/download", json=body).json()
    assert (made["download_id"], made["status"]) == (wanted, "FOUND")
    again = keyed.post("/api/search/manual/download", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "not_allowed_now")
    assert keyed.post("/api/search/manual/download", json={**body, "wanted_id": 10**9}).status_code == 404
