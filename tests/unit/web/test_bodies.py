"""Bodies are judged before any route sees them."""

from __future__ import annotations

import time
from collections.abc import Iterable

import anyio
import pytest
from starlette.types import Message

from auralarchive.web import bodies
from auralarchive.web.errors import Problem

JSON = {"content-type": "application/json"}


def read(headers: dict[str, str], chunks: Iterable[bytes], path: str = "/api/x") -> bytes:
    """What a route would read of this body."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return waiting.pop(0)

    async def run() -> bytes:
        guarded = await bodies.guarded(headers, path, receive)
        body = b""
        while True:
            message = await guarded()
            body += message["body"]
            if not message.get("more_body"):
                return bytes(body)

    return anyio.run(run)


def refusal(headers: dict[str, str], chunks: Iterable[bytes], path: str = "/api/x") -> str:
    with pytest.raises(Problem) as caught:
        read(headers, chunks, path)
    return caught.value.kind.code


def test_a_good_body_arrives_unchanged() -> None:
    """The route reads the same bytes that were judged."""
    assert read(JSON, [b'{"a": ', b'"\xc3\xa9\\n"}']) == b'{"a": "\xc3\xa9\\n"}'


def test_no_body_needs_no_type() -> None:
    """A button without anything to say is a POST without a body."""
    assert read({}, []) == b""


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_only_json_is_a_body(type_: str) -> None:
    """What a form of another site can send without asking is not accepted."""
    assert refusal({"content-type": type_}, [b"{}"]) == "unsupported_media_type"


def test_compressed_bodies_are_refused() -> None:
    """A few bytes can unfold to gigabytes."""
    assert refusal({**JSON, "content-encoding": "gzip"}, [b"x"]) == "unsupported_media_type"


def test_too_much_is_refused_by_its_declaration_and_by_its_bytes() -> None:
    """Early where the length is declared, and at the limit where it is not."""
    assert refusal({**JSON, "content-length": "209715200"}, []) == "too_large"
    assert refusal({**JSON, "content-length": "9" * 400}, []) == "too_large"
    assert refusal(JSON, [b"x" * 100_000] * 3) == "too_large"
    assert refusal({**JSON, "content-length": "-1"}, []) == "bad_request"


def test_uploads_have_their_own_limit() -> None:
    """A file may be larger than JSON, but not without end."""
    multipart = {"content-type": "multipart/form-data; boundary=x"}
    path = "/api/search/manual/upload"
    assert len(read(multipart, [b"x" * 1_000_000], path)) == 1_000_000
    assert refusal(multipart, [b"x" * 1_000_000] * 34, path) == "too_large"
    assert refusal(JSON, [b"{}"], path) == "unsupported_media_type"
    cover = "/api/library/books/12/cover"
    assert len(read(multipart, [b"x" * 1_000_000], cover)) == 1_000_000
    assert read({}, [], cover) == b""
    assert refusal({}, [b"{}"], cover) == "unsupported_media_type"
    assert refusal(multipart, [b"x"], f"{cover}/more") == "unsupported_media_type"


def test_a_backup_comes_as_it_is() -> None:
    """Larger than any other body, and as nothing but a zip."""
    path, archive = "/api/system/restore/upload", {"content-type": "application/zip"}
    assert len(read(archive, [b"x" * 1_000_000] * 40, path)) == 40_000_000
    assert refusal({**archive, "content-length": str(5 << 30)}, [], path) == "too_large"
    assert refusal(JSON, [b"{}"], path) == "unsupported_media_type"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"id": 1, "id": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"{",
        b"\xff\xfe",
        b"",
        b'{"a": 1} {"b": 2}',
    ],
)
def test_json_that_only_means_harm_is_refused(body: bytes) -> None:
    """Depth, doubled keys, half characters, NULs and what is no JSON."""
    with pytest.raises(Problem) as caught:
        bodies.check_json(body)
    assert caught.value.kind.code == "invalid_json"


def test_brackets_in_strings_are_no_depth() -> None:
    """A title may hold as many brackets as it likes."""
    bodies.check_json(b'{"a": "' + b"[" * 1000 + b'\\"["}')


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 120_000, b'"' * 200_000, b'"' + b"\\" * 200_001, b'"a' * 100_000])
def test_judging_takes_no_longer_for_nasty_bodies(body: bytes) -> None:
    """The scan is linear, also over strings that never end."""
    started = time.thread_time()
    with pytest.raises(Problem):
        bodies.check_json(body)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize(
    "body", [b'{"a":1e999}', b"[-1e400]", b"[NaN]", b'{"a":{"b":[Infinity]}}', b"[" + b"9" * 5000 + b"]"]
)
def test_numbers_that_no_answer_could_show_are_refused(body: bytes) -> None:
    """Once saved, every page that shows them would fail."""
    with pytest.raises(Problem) as refusal:
        bodies.check_json(body)
    assert refusal.value.kind.code == "invalid_json"
