"""The list of every place must find them: what it leaves out, the tests of every page leave out."""

from __future__ import annotations

import pytest

from tests.browser.conftest import SignIn
from tests.browser.places import pages, places

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_every_kind_of_place_is_found(at_home: SignIn) -> None:
    """Pages by the router's list, the rest by links."""
    found = places(at_home())
    assert {"/", "/search", "/downloads", "/library", "/settings", "/system"} <= set(pages()) <= set(found)
    assert any(path.startswith("/downloads/") for path in found)
    assert len(found) == len(set(found))
