"""Values that would break a database, or mean two things, are dealt with at the column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from auralarchive.store.columns import Utc, Whole, clean, clean_json

DIALECT = sqlite.dialect()


@given(st.text(st.characters(exclude_categories=[])))
def test_clean_text_is_always_utf8(text: str) -> None:
    """Whatever came in, what comes out can be encoded, has no NUL and keeps its length."""
    cleaned = clean(text)
    assert b"\x00" not in cleaned.encode()
    assert len(cleaned) == len(text)


def test_clean_json_goes_all_the_way_down() -> None:
    """Keys and nested strings are cleaned, numbers that JSON does not know become null."""
    dirty = {"a\x00": [float("inf"), ("\ud800", {"x": float("nan")})], "fine": [1, 1.5, True, None]}
    assert clean_json(dirty) == {"a\ufffd": [None, ["\ufffd", {"x": None}]], "fine": [1, 1.5, True, None]}


def test_moments_are_utc() -> None:
    """Another zone's moment is the same moment, a naive one is refused."""
    berlin = datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert Utc().process_bind_param(berlin, DIALECT) == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert Utc().process_result_value(datetime(2026, 5, 1, 12), DIALECT) == berlin  # noqa: DTZ001  # as SQLite returns it
    with pytest.raises(ValueError, match="naive"):
        Utc().process_bind_param(datetime(2026, 5, 1, 12), DIALECT)  # noqa: DTZ001  # that is the point


def test_whole_numbers_fit() -> None:
    """A number beyond 64 bits becomes the largest that fits."""
    assert Whole().process_bind_param(10**30, DIALECT) == 2**63 - 1
    assert Whole().process_bind_param(-(10**30), DIALECT) == -(2**63 - 1)
    assert Whole().process_bind_param(None, DIALECT) is None
