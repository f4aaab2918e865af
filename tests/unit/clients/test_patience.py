"""Waiting for a client to show what it was told."""

from __future__ import annotations

import pytest

from auralarchive.clients import patience
from auralarchive.clients.patience import wait_until


def test_it_looks_again_until_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as it takes, and not once more."""
    monkeypatch.setattr(patience, "LOOK_EVERY", 0.0)
    looks = iter([False, False, True])
    assert wait_until(lambda: next(looks), 60)
    assert next(looks, None) is None


def test_without_patience_it_still_looks_once() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0)
