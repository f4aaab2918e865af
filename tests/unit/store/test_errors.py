"""What the database refuses says what to do."""

from __future__ import annotations

import pytest

from auralarchive.domain.failures import Disposition
from auralarchive.store import errors


@pytest.mark.parametrize(
    "kind",
    [
        errors.DatabaseBusy,
        errors.NetworkFileSystem,
        errors.SchemaTooNew,
        errors.DatabaseRefused,
        errors.SecretsUnreadable,
    ],
)
def test_refusals_need_a_person(kind: type[errors.DatabaseBusy]) -> None:
    """None of them goes away by trying again."""
    failure = kind("What happened.", "What to do.").failure
    assert failure.disposition is Disposition.NEEDS_PERSON
    assert str(failure) == "What happened. What to do."


def test_an_absent_database_comes_back() -> None:
    """The work waits for it and is not given up."""
    assert errors.DatabaseUnavailable("x").failure.disposition is Disposition.TRANSIENT
