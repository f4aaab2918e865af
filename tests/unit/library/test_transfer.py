"""A file arrives whole or not at all, whatever the file system can do."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auralarchive.library import transfer
from auralarchive.library.transfer import Meter, Staged, free_bytes, hash_of, place
from auralarchive.ports.errors import Cancelled, NoSpace, TransientError
from auralarchive.ports.work import CancelToken

CONTENT = os.urandom(2_500_000)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def meter() -> Meter:
    return Meter(lambda _: None, CancelToken())


def run(folder: Path, *, link: bool = False, reserve: int = 0) -> Staged:
    (folder / "source").write_bytes(CONTENT)
    with opened(folder / "source") as source, opened(folder) as target:
        return place(source, target, "target", 0o640, reserve, meter(), link=link)


def test_a_copy_has_the_same_bytes_and_the_wanted_mode(tmp_path: Path) -> None:
    staged = run(tmp_path)
    assert (tmp_path / "target").read_bytes() == CONTENT
    assert staged.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (tmp_path / "target").stat().st_mode & 0o7777 == 0o640
    assert staged.method in ("copy", "reflink")


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOENT])
def test_where_links_are_impossible_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    assert run(tmp_path, link=True).method != "link"
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_other_faults_of_linking_are_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="broken"):
        run(tmp_path, link=True)


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"theirs")
    for link in (True, False):
        with pytest.raises(FileExistsError):
            run(tmp_path, link=link)
    assert (tmp_path / "target").read_bytes() == b"theirs"


def test_a_disk_that_gives_back_other_bytes_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_reflinked", lambda *_: False)
    monkeypatch.setattr(transfer, "_write_all", lambda target, data: os.write(target, bytes(len(data))))
    with pytest.raises(TransientError, match="came back"):
        run(tmp_path)


def test_copying_keeps_the_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_reflinked", lambda *_: False)
    with pytest.raises(NoSpace):
        run(tmp_path, reserve=1 << 60)


def test_a_system_without_advice_copies_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has no posix_fadvise."""
    monkeypatch.setattr(transfer, "_reflinked", lambda *_: False)
    monkeypatch.delattr(os, "posix_fadvise")
    assert run(tmp_path).method == "copy"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(transfer, "_reflinked", lambda *_: False)
    monkeypatch.setattr(os, "write", lambda target, data: real(target, data[:300_000]))
    run(tmp_path)
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_hashing_stops_when_cancelled(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(CONTENT)
    cancel = CancelToken()
    cancel.cancel()
    with opened(tmp_path / "source") as source, pytest.raises(Cancelled):
        hash_of(source, Meter(lambda _: None, cancel))


def test_free_space_is_what_we_may_use(tmp_path: Path) -> None:
    with opened(tmp_path) as folder:
        assert free_bytes(folder) > 0


def test_shared_blocks_are_verified_like_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few test machines have a file system that shares blocks: the kernel's part is played here."""

    def clone(target: int, request: int, source: int) -> None:
        assert request == 0x40049409
        os.sendfile(target, source, 0, len(CONTENT))

    monkeypatch.setattr(fcntl, "ioctl", clone)
    staged = run(tmp_path)
    assert staged.method == "reflink"
    assert staged.sha256 == hashlib.sha256((tmp_path / "target").read_bytes()).hexdigest()
