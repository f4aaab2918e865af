"""Hostile requests: bodies, queries, paths and headers, refused cheaply while the healthy one beside them works."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.torrent_bytes import info_of, torrent_of
from tests.support.web import API_KEY, World, make_world, serving

HOST = "127.0.0.1"
LINK = "magnet:?xt=urn:btih:"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("hostile")
    (root / "canary").write_text("canary")
    with serving(make_world(root)) as running:
        yield running


def raw(world: World, request: bytes, seconds: float = 5.0) -> bytes:
    """Send these bytes as they are; returns what comes back."""
    parts = urlsplit(world.url)
    with socket.create_connection((HOST, parts.port or 0), timeout=seconds) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
                if b"\r\n\r\n" in answer and b"connection: close" not in answer.lower():
                    return answer
        except (TimeoutError, ConnectionResetError):
            pass  # who refuses a body unread hangs up hard; the answer came before
        return answer


def head(method: str, path: str, *lines: str) -> bytes:
    sent = (f"{method} {path} HTTP/1.1", "Host: localhost", f"X-Api-Key: {API_KEY}", *lines, "", "")
    return "\r\n".join(sent).encode("latin-1")


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%5c..%5ccanary",
        "/static/....//canary",
        "/static2/x",
        "/api/covers/../../canary",
        "/api/logs/file?name=../../canary",
        "/assets/%2e%2e/%2e%2e/canary",
        "/..%2fcanary",
        "//canary",
        "/api/downloads/queue/%2e%2e%2fsettings",
        "/api/../api/settings",
        "/api/library/books/1/files/../../../../canary",
        "/api/downloads/delete?id=1",
        "/%00",
        "/login/../../canary",
    ],
)
def test_paths_lead_nowhere_else(world: World, path: str) -> None:
    """As they are, not as a client library would tidy them up."""
    answer = raw(world, head("GET", path))
    assert answer.split(b" ")[1] in (b"400", b"404", b"422"), answer[:200]
    assert b"canary" not in answer.split(b"\r\n\r\n", 1)[1] or b'"code"' in answer


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Type: application/json", "Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Type: application/json", "Content-Length: 5", "Content-Length: 6"),
        ("Content-Type: application/json", "Transfer-Encoding: chunked, identity"),
        ("Content-Length: -1",),
        ("Content-Length : 5",),
    ],
)
def test_smuggled_lengths_are_refused(world: World, lines: tuple[str, ...]) -> None:
    """Two parsers in a row must not see two different requests."""
    smuggled = b"5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(world, head("POST", "/api/search/manual", *lines) + smuggled, 2)
    assert answer.split(b" ")[1] in (b"400", b"411", b"413", b"415", b"422"), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_huge_body_is_refused_before_it_is_sent(world: World) -> None:
    """By its declared length; without one, at the limit."""
    lines = ("Content-Type: application/json", "Content-Length: 209715200")
    assert b" 413 " in raw(world, head("POST", "/api/search/manual", *lines))[:20]
    chunked = head("POST", "/api/search/manual", "Content-Type: application/json", "Transfer-Encoding: chunked")
    assert (
        b" 413 "
        in raw(world, chunked + b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + (b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n") * 4)[
            :20
        ]
    )


def test_ten_thousand_parts_are_refused(world: World) -> None:
    """A form has one file and a few fields."""
    part = b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n'
    body = b"".join(part % n for n in range(10_000)) + b"--x--\r\n"
    started = time.monotonic()
    answer = world.keyed().post(
        "/api/search/manual/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in (400, 413), answer.text
    assert time.monotonic() - started < 2


def test_fifty_identical_requests_make_one_download(world: World) -> None:
    """One is accepted, forty-nine learn its id."""
    body = {"download_url": LINK + "f" * 40, "title": "Clicked", "author": "Often"}
    answers: list[tuple[int, int]] = []

    def click() -> None:
        answer = client.post("/api/search/manual/download", json=body)
        answers.append((answer.status_code, answer.json()["download_id"]))

    client = world.keyed()
    threads = [threading.Thread(target=click) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [202] + [409] * 49
    assert len({number for _, number in answers}) == 1


@pytest.mark.parametrize(
    "title", ["' OR 1=1 --", '"; DROP TABLE download_queue; --', "<img src=x onerror=alert(1)>", "{{7*7}}%s"]
)
def test_hostile_text_is_only_text(world: World, title: str) -> None:
    """Stored and given back as it came."""
    keyed = world.keyed()
    made = keyed.post("/api/downloads/queue", json={"title": title, "author": "Bobby"}).json()
    shown = keyed.get(f"/api/downloads/queue/{made['download_id']}")
    assert shown.json()["book_title"] == title
    assert shown.headers["content-type"] == "application/json"
    assert keyed.get("/api/downloads/queue", params={"q": title}).json()["total"] == 1
    assert keyed.get("/api/downloads/queue", params={"q": "%"}).status_code == 200


@pytest.mark.parametrize("query", ["status[]=QUEUED&status[$ne]=x", "q=%00", "q=%ff%fe", "limit=1&limit=2", "=&=&&"])
def test_odd_queries_are_refused_or_ignored(world: World, query: str) -> None:
    """No operator hides in a name; no byte sequence is an error of ours."""
    assert world.keyed().get(f"/api/downloads/queue?{query}").status_code in (200, 422)


def test_a_bad_request_does_not_keep_the_next_from_being_served(world: World) -> None:
    """While somebody sends half a request, others are answered."""
    parts = urlsplit(world.url)
    with socket.create_connection((HOST, parts.port or 0)) as slow:
        slow.sendall(head("POST", "/api/search/manual", "Content-Type: application/json", "Content-Length: 100") + b"{")
        started = time.monotonic()
        assert world.client().get("/api/health").status_code == 200
        assert time.monotonic() - started < 1


def form(*parts: tuple[str, bytes]) -> bytes:
    """The body of a form with boundary x; a name may bring further attributes along."""
    lines = (b'--x\r\nContent-Disposition: form-data; name="%s\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in parts)
    return b"".join(lines) + b"--x--\r\n"


@pytest.mark.parametrize("double", [('title"', b"Emma"), ('author"', b"Austen"), ('asin"', b"B000000000")])
def test_a_field_that_is_there_twice_is_refused(world: World, double: tuple[str, bytes]) -> None:
    """As with JSON: a proxy that checks the first and a program that takes the last see two different forms."""
    fields = [('title"', b"Persuasion"), ('author"', b"Jane"), ('asin"', b"B000000001"), double]
    body = form(*fields, ('file"; filename="a.torrent"', torrent_of(info_of())))
    answer = world.keyed().post(
        "/api/search/manual/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (422, "A field is there twice.")


def test_hanging_up_in_the_middle_of_an_upload_is_no_error_of_ours(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor may it fill the log with tracebacks."""
    lines = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 100000")
    parts = urlsplit(world.url)
    with socket.create_connection((HOST, parts.port or 0)) as connection:
        connection.sendall(head("POST", "/api/search/manual/upload", *lines) + form(('title"', b"Emma"))[:-7])
        time.sleep(0.2)
    time.sleep(0.3)
    assert world.client().get("/api/health").status_code == 200
    assert not [record for record in caplog.records if record.exc_info]
