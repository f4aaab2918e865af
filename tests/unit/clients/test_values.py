"""Fields of answers: what makes no sense is unknown."""

from __future__ import annotations

import pytest

from auralarchive.clients.values import LARGEST, number_of, text_of, whole_of

NONSENSE: list[object] = [None, True, "7", [], {}, -1, -0.5, float("nan"), float("inf"), LARGEST, 10**30]


def test_what_makes_sense_is_taken() -> None:
    """Whole numbers arrive as fractions and the other way round."""
    fields = {"name": "Emma", "share": 0.5, "size": 7.9, "none": 0}
    assert text_of(fields, "name") == "Emma"
    assert (number_of(fields, "share"), number_of(fields, "none")) == (0.5, 0.0)
    assert (whole_of(fields, "size"), whole_of(fields, "none")) == (7, 0)


@pytest.mark.parametrize("value", NONSENSE)
def test_what_is_no_number_is_unknown(value: object) -> None:
    """An answer of any shape, and fields that are not there, never raise."""
    assert number_of({"x": value}, "x") is None
    assert whole_of({"x": value}, "x") is None
    assert number_of({}, "x") is None


@pytest.mark.parametrize("value", [None, 7, b"Emma", ["Emma"]])
def test_what_is_no_text_is_unknown(value: object) -> None:
    assert text_of({"x": value}, "x") is None
