"""Nothing jumps while a page loads: what is on its way has its place kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import SignIn
from tests.browser.places import visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LOOKS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True},
}
#: The measure of the web's vital signs, cumulative layout shift: up to 0.1 is good.
_MOST = 0.1
_WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  const told = ({ node }) => node?.outerHTML?.slice(0, 120) ?? node?.data;
  for (const { value, sources, hadRecentInput } of list.getEntries())
    if (!hadRecentInput) shifts.push([value, ...sources.map(told)]);
}).observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_jumps_while_a_page_loads(at_home: SignIn, every_place: list[str], look: str) -> None:
    """On every place, from an empty window to the last answer of the server."""
    page = at_home(**LOOKS[look], reduced_motion="reduce")
    page.add_init_script(_WATCH)
    found = {}
    for path in every_place:
        visit(page, path)
        shifts: list[list[Any]] = page.evaluate("shifts")
        if sum(shift[0] for shift in shifts) > _MOST:
            found[path] = shifts
    assert found == {}
