"""Calls and answers, against a server of a few lines that says what the real one would not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from auralarchive.clients.nzbget_api import Api
from auralarchive.ports.errors import AuthRefused, Unreachable

Reply = Callable[[str, list[Any]], object]


class Wired:
    """An `Api` whose calls a function answers; `calls` are what it was asked, raw."""

    def __init__(self, reply: Reply) -> None:
        self.calls: list[bytes] = []
        self.logins: set[str] = set()
        self._reply = reply
        self.api = Api("http://ng.invalid", "mé", "secret", verify=True)
        self.api._wire._http.close()
        headers = self.api._wire._http.headers
        self.api._wire._http = httpx2.Client(transport=httpx2.MockTransport(self._answer), headers=headers)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append(request.content)
        self.logins.add(request.headers["Authorization"])
        asked = json.loads(request.content)
        answer = self._reply(asked["method"], asked["params"])
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)


@pytest.fixture
def wired() -> Iterator[Callable[[Reply], Wired]]:
    made: list[Wired] = []

    def make(reply: Reply) -> Wired:
        made.append(Wired(reply))
        return made[-1]

    yield make
    for each in made:
        each.api.close()


Make = Callable[[Reply], Wired]


def of_version(version: str, result: object) -> Reply:
    return lambda method, _params: {"result": version if method == "version" else result}


def test_every_call_signs_in(wired: Make) -> None:
    server = wired(of_version("21.0", []))
    server.api.groups()
    assert server.logins == {"Basic " + base64.b64encode("mé:secret".encode()).decode()}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_tried_again(wired: Make, status: int) -> None:
    server = wired(lambda _method, _params: httpx2.Response(status))
    for _ in range(3):
        with pytest.raises(AuthRefused):
            server.api.groups()
    assert len(server.calls) == 1


def test_a_user_who_may_not_do_enough_is_told(wired: Make) -> None:
    """NZBGet has users who may only add jobs."""
    server = wired(lambda _method, _params: {"error": {"message": "Access denied"}})
    with pytest.raises(AuthRefused, match="not do all"):
        server.api.history()


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500),
        httpx2.Response(302, headers={"Location": "http://elsewhere.invalid"}),
        httpx2.Response(200, text="<html>Welcome to the router</html>"),
        httpx2.Response(200, text='{"result": ['),
        [],
        {},
        {"result": {"not": "a list"}},
        {"result": "text"},
        {"error": {"message": "Invalid procedure"}},
    ],
)
def test_answers_that_make_no_sense(wired: Make, answer: object) -> None:
    """Each is an unreachable client with a remedy, and no empty list of jobs: that would mean that all is gone."""
    server = wired(lambda _method, _params: answer)
    with pytest.raises(Unreachable) as caught:
        server.api.groups()
    assert caught.value.remedy


def test_rows_that_make_no_sense_are_left_out(wired: Make) -> None:
    server = wired(lambda _method, _params: {"result": [None, 3, {"NZBID": 1}, "x"]})
    assert server.api.history() == [{"NZBID": 1}]


@pytest.mark.parametrize(
    ("version", "params"),
    [
        ("16.4", ["n.nzb", "PG56Yi8+", "books", 50, False, True, "", 0, "FORCE", [{"a": "b"}]]),
        ("21.0", ["n.nzb", "PG56Yi8+", "books", 50, False, True, "", 0, "FORCE", [{"a": "b"}]]),
        ("25.2", ["n.nzb", "PG56Yi8+", "books", 50, False, True, "", 0, "FORCE", False, [{"a": "b"}]]),
        ("nonsense", ["n.nzb", "PG56Yi8+", "books", 50, False, True, "", 0, "FORCE", [{"a": "b"}]]),
    ],
)
def test_append_in_the_order_of_each_version(wired: Make, version: str, params: list[object]) -> None:
    """The parameters count by their place."""
    server = wired(of_version(version, 12))
    assert server.api.append("n.nzb", b"<nzb/>", "books", 50, paused=True, parameters={"a": "b"}) == 12
    assert json.loads(server.calls[-1]) == {"method": "append", "params": params, "id": 1}


def test_append_escapes_nothing(wired: Make) -> None:
    """NZBGet takes escapes in names for what they look like."""
    server = wired(of_version("21.0", 1))
    server.api.append("Käpt'n „Blaubär“.nzb", b"", "", 0, paused=False, parameters={})
    assert "Käpt'n „Blaubär“.nzb".encode() in server.calls[-1]


@pytest.mark.parametrize(("result", "job"), [(0, 0), (-1, -1), (None, 0), ("7", 0)])
def test_a_refused_append(wired: Make, result: object, job: int) -> None:
    server = wired(of_version("21.0", result))
    assert server.api.append("n.nzb", b"", "", 0, paused=False, parameters={}) == job


@pytest.mark.parametrize(
    ("version", "params"), [("17.1", ["GroupPause", 0, "", [7]]), ("18.0", ["GroupPause", "", [7]])]
)
def test_edit_in_the_order_of_each_version(wired: Make, version: str, params: list[object]) -> None:
    server = wired(of_version(version, True))
    assert server.api.edit("GroupPause", 7)
    assert json.loads(server.calls[-1])["params"] == params


def test_the_version_is_asked_once(wired: Make) -> None:
    server = wired(of_version("21.0-testing", True))
    server.api.edit("GroupPause", 7)
    server.api.edit("GroupResume", 7)
    assert server.api.generation == (21, 0)
    assert [json.loads(call)["method"] for call in server.calls] == ["version", "editqueue", "editqueue"]


def test_options_by_name(wired: Make) -> None:
    rows = [{"Name": "DestDir", "Value": "/c"}, {"Name": "X"}, {"Value": "y"}]
    server = wired(of_version("21.0", rows))
    assert server.api.config() == {"DestDir": "/c", "X": "", "": "y"}


def test_status_is_a_mapping_whatever_comes(wired: Make) -> None:
    assert wired(of_version("21.0", {"DownloadLimit": 5})).api.status() == {"DownloadLimit": 5}
    assert wired(of_version("21.0", [1])).api.status() == {}
