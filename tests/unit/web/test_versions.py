"""A version tells whether what a person saw is still what is saved."""

from __future__ import annotations

import pytest

from auralarchive.web.errors import Problem
from auralarchive.web.versions import check_version, version_of


def test_the_same_view_has_the_same_version_in_whatever_order() -> None:
    """So that it outlives a restart, and a database that orders keys otherwise."""
    assert version_of({"a": 1, "b": [None, "ü"]}) == version_of({"b": [None, "ü"], "a": 1})
    assert version_of({"a": 1}) != version_of({"a": 2})


@pytest.mark.parametrize("header", [None, "*", '"now"', 'W/"now"', '"before", "now"', "now"])
def test_who_saw_it_may_change_it(header: str | None) -> None:
    """And who says nothing of what was seen: scripts do not have to."""
    check_version(header, "now")


@pytest.mark.parametrize("header", ['"before"', '""', '"no", "nor this"'])
def test_who_saw_another_state_may_not(header: str) -> None:
    with pytest.raises(Problem) as refused:
        check_version(header, "now")
    assert (refused.value.kind.code, refused.value.kind.status) == ("changed_by_another", 412)
