"""What is finished stays found; what is not leaves no trace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auralarchive.audio.results import Results, key_of


def test_a_result_is_there_when_it_is_whole(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    key = key_of("sound", [1, None], 2)
    assert results.find(key) is None
    with results.making(key) as folder:
        (folder / "packets").write_bytes(b"x")
        assert results.find(key) is None
    found = Results(tmp_path / "results").find(key)
    assert found is not None
    assert (found / "packets").read_bytes() == b"x"
    results.forget()
    assert not (tmp_path / "results").exists()


def test_a_failed_or_killed_attempt_leaves_nothing(tmp_path: Path) -> None:
    results = Results(tmp_path)
    with pytest.raises(OSError, match="disk"), results.making("a"):
        raise OSError("disk")
    (tmp_path / "new-killed").mkdir()
    Results(tmp_path)
    assert list(tmp_path.iterdir()) == []


def _cut(folder: Path) -> None:
    os.truncate(folder / "packets", 2)


def _overwritten(folder: Path) -> None:
    (folder / "packets").write_bytes(b"other")


def _missing(folder: Path) -> None:
    (folder / "packets").unlink()


def _a_link(folder: Path) -> None:
    (folder / "packets").rename(folder.parent / "elsewhere")
    (folder / "packets").symlink_to(folder.parent / "elsewhere")


def _a_pipe(folder: Path) -> None:
    _missing(folder)
    os.mkfifo(folder / "packets")


def _no_seal(folder: Path) -> None:
    (folder / "seal.json").unlink()


def _odd_seal(folder: Path) -> None:
    (folder / "seal.json").write_bytes(b"\xff{")


def _a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"x")


@pytest.mark.parametrize("harm", [_cut, _overwritten, _missing, _a_link, _a_pipe, _no_seal, _odd_seal, _a_file])
def test_a_result_that_has_changed_is_made_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """Else a damaged one would fail each later attempt in the same way."""
    results = Results(tmp_path)
    for _ in range(2):
        with results.making("a") as folder:
            (folder / "packets").write_bytes(b"sound")
        found = results.find("a")
        assert found is not None
        assert (found / "packets").read_bytes() == b"sound"
        harm(found)
        assert results.find("a") is None


def test_keys_tell_all_parts_apart() -> None:
    keys = {key_of(), key_of("a", "b"), key_of("ab"), key_of("b", "a"), key_of(["a", "b"]), key_of("a", None)}
    assert len(keys) == 6
