"""The pages' types are made from the API's own description: it must be the one of today."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import ROOT
from tests.support.server import RunningServer

pytestmark = pytest.mark.browser


def test_the_snapshot_of_the_api_is_fresh(running_server: RunningServer) -> None:
    """Who changes the API refreshes the pages' types with it; then the compiler finds what has to follow."""
    now = running_server.api().get("/api/openapi.json")
    snapshot = json.loads((ROOT / "frontend" / "openapi.json").read_text("utf-8"))
    now["info"]["version"] = snapshot["info"]["version"]
    assert now == snapshot, "run `script/api-types`, then `script/npm run check`"
