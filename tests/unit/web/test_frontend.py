"""Pages and their files: from a list made once, never by a path from outside."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from starlette.types import Message

from auralarchive.web.errors import Problem
from auralarchive.web.frontend import PAGES, Frontend


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("canary")
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html>the page")
    (root / "favicon.svg").write_text("<svg/>")
    (root / "assets" / "app-1a2b.js").write_text("run()")
    (root / "assets" / "link").symlink_to(tmp_path / "secret")
    return root


def answer(
    frontend: Frontend, path: str, method: str = "GET", accept: str = "*/*", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [
            (b"accept", accept.encode()),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
        "extensions": {},
    }
    anyio.run(frontend, scope, receive, send)
    given = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], given, b"".join(message.get("body", b"") for message in sent[1:])


def test_every_page_is_the_same_document(static: Path) -> None:
    """The document finds its page by the address; browsers ask for it anew each time."""
    frontend = Frontend(static)
    for page in [*(f"/{name}" for name in PAGES), "/downloads/12", "/library/3", "/settings/clients"]:
        status, headers, body = answer(frontend, page)
        assert (status, headers["cache-control"], body) == (200, "no-cache", b"<!doctype html>the page")


def test_hashed_files_are_kept_for_good(static: Path) -> None:
    """Their name changes with their content."""
    status, headers, body = answer(Frontend(static), "/assets/app-1a2b.js")
    assert (status, body) == (200, b"run()")
    assert "immutable" in headers["cache-control"]
    assert "javascript" in headers["content-type"]
    assert answer(Frontend(static), "/favicon.svg")[1]["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret",
        "/assets/..%5c..%5csecret",
        "/....//secret",
        "/assets/link",
        "/assets",
        "/assets2/app-1a2b.js",
        "//etc/passwd",
        "/index.html",
        "/downloads/../api",
        "/nothing",
        "/import",
        "/.env",
        "/downloads/1/2/3",
    ],
)
def test_nothing_else_is_there(static: Path, path: str) -> None:
    """Neither above, nor beside, nor through a link."""
    with pytest.raises(Problem) as caught:
        answer(Frontend(static), path)
    assert caught.value.kind.status == 404


@pytest.mark.parametrize("path", ["/nothing", "/import", "/downloads/1/2/3", "/.env"])
def test_a_browser_gets_our_own_not_found_page(static: Path, path: str) -> None:
    """A person sees the application with a way back, and whoever looks at the status still knows."""
    status, headers, body = answer(Frontend(static), path, accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (status, headers["cache-control"], body) == (404, "no-cache", b"<!doctype html>the page")


@pytest.mark.parametrize("path", ["/api/nothing", "/assets/gone-1a2b.js", "/metrics/x", "/socket.io/x"])
def test_where_programs_ask_there_is_no_page(static: Path, path: str) -> None:
    """An old script's address must not answer with HTML."""
    with pytest.raises(Problem):
        answer(Frontend(static), path, accept="text/html")


@pytest.fixture
def packed(static: Path) -> Path:
    """As the build leaves them: a script with both copies, a style with one."""
    (static / "assets" / "app-1a2b.js.br").write_text("br of js")
    (static / "assets" / "app-1a2b.js.gz").write_text("gz of script")
    (static / "assets" / "app-3c4d.css").write_text("body{}")
    (static / "assets" / "app-3c4d.css.gz").write_text("gz of css")
    return static


@pytest.mark.parametrize(
    ("name", "accepted", "coding", "body"),
    [
        ("app-1a2b.js", "gzip, deflate, br, zstd", "br", b"br of js"),
        ("app-1a2b.js", "gzip, deflate", "gzip", b"gz of script"),
        ("app-1a2b.js", "br;q=0, GZIP;q=0.5", "gzip", b"gz of script"),
        ("app-1a2b.js", "br; q=0, gzip;q=0.0", None, b"run()"),
        ("app-1a2b.js", "identity", None, b"run()"),
        ("app-3c4d.css", "br, gzip", "gzip", b"gz of css"),
        ("app-3c4d.css", "br", None, b"body{}"),
    ],
)
def test_who_can_unpack_gets_the_packed_copy(
    packed: Path, name: str, accepted: str, coding: str | None, body: bytes
) -> None:
    """Under the file's own type, told apart by caches in between."""
    status, headers, sent = answer(Frontend(packed), f"/assets/{name}", accept_encoding=accepted)
    assert (status, headers.get("content-encoding"), sent) == (200, coding, body)
    assert (headers["vary"], headers["content-length"]) == ("Accept-Encoding", str(len(body)))
    assert "javascript" in headers["content-type"] or "css" in headers["content-type"]


def test_each_copy_has_its_own_tag(packed: Path) -> None:
    """A cache that mixed them up would hand packed bytes to who cannot unpack."""
    frontend = Frontend(packed)
    tags = {answer(frontend, "/assets/app-1a2b.js", accept_encoding=one)[1]["etag"] for one in ("br", "gzip", "none")}
    assert len(tags) == 3


def test_a_part_of_a_file_is_not_packed(packed: Path) -> None:
    """Its positions are those of the file itself."""
    status, headers, body = answer(Frontend(packed), "/assets/app-1a2b.js", accept_encoding="br", range="bytes=0-2")
    assert (status, headers.get("content-encoding"), body) == (206, None, b"run")


def test_packed_copies_and_files_without_them(packed: Path) -> None:
    """A copy has no address of its own; what has no copy varies with nothing."""
    with pytest.raises(Problem):
        answer(Frontend(packed), "/assets/app-1a2b.js.br")
    assert "vary" not in answer(Frontend(packed), "/favicon.svg", accept_encoding="br")[1]


def test_the_manifest_says_what_it_is(static: Path) -> None:
    """By this type browsers know that the application can be installed."""
    (static / "manifest.webmanifest").write_text("{}")
    _, headers, _ = answer(Frontend(static), "/manifest.webmanifest")
    assert (headers["content-type"], headers["cache-control"]) == ("application/manifest+json", "no-cache")


def test_without_built_pages_it_says_how_to_build_them(tmp_path: Path) -> None:
    """A checkout that was never built is no riddle."""
    assert b"script/bootstrap" in answer(Frontend(tmp_path / "absent"), "/")[2]


def test_pages_are_only_read(static: Path) -> None:
    """A POST to a page is nothing that exists."""
    with pytest.raises(Problem):
        answer(Frontend(static), "/", "POST")
