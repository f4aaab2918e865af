"""The second lock, behind the gate."""

from __future__ import annotations

import anyio
import pytest
from fastapi import Request

from auralarchive.web.access import require_identity
from auralarchive.web.errors import Problem


def test_without_identity_there_is_no_way_on() -> None:
    """Even if the gate let something slip."""
    request = Request({"type": "http", "state": {"identity": None}})
    with pytest.raises(Problem) as caught:
        anyio.run(require_identity, request)
    assert caught.value.kind.code == "not_signed_in"
