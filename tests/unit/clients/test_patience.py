"""Waiting for a client to show what it was told."""

from __future__ import annotations

import pytest

from auralarchive.clients import patience
from auralarchive.clients.patience import wait_until, wait_until_gone
from auralarchive.ports.errors import Unreachable


def test_it_looks_again_until_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as it takes, and not once more."""
    monkeypatch.setattr(patience, "LOOK_EVERY", 0.0)
    looks = iter([False, False, True])
    assert wait_until(lambda: next(looks), 60)
    assert next(looks, None) is None


def test_without_patience_it_still_looks_once() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0)


def test_what_does_not_go_is_said() -> None:
    """Taken for gone, it would stay in the client for ever."""
    wait_until_gone("Client", lambda: True, 0)
    with pytest.raises(Unreachable, match="Client does not let go") as caught:
        wait_until_gone("Client", lambda: False, 0)
    assert caught.value.remedy
