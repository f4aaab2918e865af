"""Files of the library: beneath its root, regular, one range at most."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from auralarchive.web.errors import Problem
from auralarchive.web.files import Slice, Wish, open_beneath, requested_range, send_file


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-9", Slice(0, 9)),
        ("bytes=90-", Slice(90, 99)),
        ("bytes=90-5000", Slice(90, 99)),
        ("bytes=-10", Slice(90, 99)),
        ("bytes=-5000", Slice(0, 99)),
        ("items=0-9", None),
        ("bytes=0-0,1-1", None),
    ],
)
def test_one_range_is_understood(header: str | None, part: Slice | None) -> None:
    """Several ranges, or another unit, mean the whole file, as RFC 9110 allows."""
    assert requested_range(header, 100) == part


@pytest.mark.parametrize(
    "header",
    ["bytes=5-2", "bytes=100-", "bytes=-0", "bytes=-", "bytes=x-y", "bytes=-" + "9" * 21, "bytes=１-2"],
)
def test_ranges_outside_are_refused(header: str) -> None:
    """Backwards, beyond the end, without end, or no numbers at all."""
    with pytest.raises(Problem) as caught:
        requested_range(header, 100)
    assert caught.value.headers["Content-Range"] == "bytes */100"


def test_ten_thousand_ranges_cost_nothing() -> None:
    """A header that asks for every byte on its own is one whole file."""
    header = "bytes=" + ",".join(f"{n}-{n}" for n in range(10_000))
    started = time.thread_time()
    assert requested_range(header, 10**9) is None
    assert time.thread_time() - started < 0.05


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    (root / "Author").mkdir(parents=True)
    (root / "Author" / "book.m4b").write_bytes(b"audio")
    (tmp_path / "library2").mkdir()
    (tmp_path / "library2" / "x").write_bytes(b"canary")
    (tmp_path / "secret").write_bytes(b"canary")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "outdir").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    return root


def test_a_file_of_the_library_opens(library: Path) -> None:
    """The ordinary case: its bytes and its size."""
    descriptor, status = open_beneath(library, "Author/book.m4b")
    with os.fdopen(descriptor, "rb") as file:
        assert (file.read(), status.st_size) == (b"audio", 5)


def test_the_tag_names_the_content(library: Path) -> None:
    """A file that was replaced has another one, even where size and time are the same."""
    book = library / "Author" / "book.m4b"
    tag = send_file(library, "Author/book.m4b", Wish()).headers["etag"]
    assert send_file(library, "Author/book.m4b", Wish(if_none_match=f'"other", W/{tag}')).status_code == 304
    before = book.stat()
    (library / "new").write_bytes(b"other")
    os.utime(library / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (library / "new").replace(book)
    wish = Wish(range="bytes=1-2", if_range=tag, if_none_match=tag)
    answer = send_file(library, "Author/book.m4b", wish)
    assert (answer.status_code, answer.headers["content-length"]) == (200, "5")
    again = send_file(library, "Author/book.m4b", Wish(range="bytes=1-2", if_range=answer.headers["etag"]))
    assert (again.status_code, again.headers["content-range"]) == (206, "bytes 1-2/5")


@pytest.mark.parametrize(
    "path",
    ["../secret", "../library2/x", "out", "outdir/secret", "/etc/passwd", "pipe", "Author", "", ".", "absent", "a\0b"],
)
def test_nothing_else_opens(library: Path, path: str) -> None:
    """Neither outside, nor through a link, nor a pipe that would hang, nor a folder."""
    with pytest.raises(Problem) as caught:
        open_beneath(library, path)
    assert caught.value.kind.status == 404
