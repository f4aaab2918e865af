"""What the session behind the embedded client guards on its own (the contract suite lets it run)."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.clients import embedded_session
from auralarchive.clients.embedded_session import _has_space, checked


def test_an_empty_id_is_no_torrent() -> None:
    """It must never come to mean all of them."""
    assert checked("ab") == "ab"
    with pytest.raises(ValueError, match="id"):
        checked("")


def test_a_full_disk_is_seen_before_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is missing altogether is libtorrent's to make, or to complain about."""
    assert _has_space(tmp_path)
    assert _has_space(tmp_path / "missing")
    monkeypatch.setattr(embedded_session, "_NEEDS_SPACE", 2**70)
    assert not _has_space(tmp_path)
