"""One running server for each module of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.web import World, make_world, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(make_world(tmp_path_factory.mktemp("world"))) as running:
        yield running
