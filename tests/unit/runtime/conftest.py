"""A core over an empty data folder, with the clients inside of us switched off unless a test wants it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auralarchive.runtime.core import Core, open_core

OpenCore = Callable[..., Core]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AURALARCHIVE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AURALARCHIVE_FREE_BOOKS__ENABLED", "false")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenCore]:
    """Opens cores over `tmp_path`; they are closed at the end."""
    with ExitStack() as stack:

        def open_one(**given: Any) -> Core:
            off = {"embedded": {"enabled": False}, "direct": {"enabled": False}}
            core = open_core({"data_dir": tmp_path / "data", **off, **given})
            stack.callback(core.close)
            return core

        yield open_one


@pytest.fixture
def core(opened: OpenCore) -> Core:
    return opened()
