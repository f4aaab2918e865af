"""What is finished stays found; what is not leaves no trace."""

from __future__ import annotations

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


def test_keys_tell_all_parts_apart() -> None:
    keys = {key_of(), key_of("a", "b"), key_of("ab"), key_of("b", "a"), key_of(["a", "b"]), key_of("a", None)}
    assert len(keys) == 6
