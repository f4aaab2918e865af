"""How events become rows; order and delivery are in tests/contract/store/test_log.py."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

from auralarchive.domain import events as e
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.store import SqlStore
from auralarchive.store.eventlog import plain_fields
from tests.contract.store.support import enqueue, step

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_events_become_plain_json() -> None:
    """Enums by value, times in ISO 8601, nested values as objects; addresses not at all."""
    chosen = e.ReleaseChosen("https://x/?apikey=k", DownloadType.NZB, seed_goal=SeedGoal(1.5, None))
    plain = plain_fields(chosen)
    assert "download_url" not in plain
    assert plain["download_type"] == "nzb"
    assert plain["seed_goal"] == {"ratio": 1.5, "seconds": None}
    failed = e.StageFailed(Failure(FailureKind.STALLED, "r", "m", Disposition.TRANSIENT), NOON)
    assert json.loads(json.dumps(plain_fields(failed))) == {
        "failure": {"kind": "stalled", "reason": "r", "remedy": "m", "disposition": "transient"},
        "retry_at": "2026-05-01T12:00:00+00:00",
    }


def test_no_event_has_another_address() -> None:
    """An event that is added later and carries an address must not reach the log unseen."""
    kinds = [kind for kind in vars(e).values() if isinstance(kind, type) and is_dataclass(kind)]
    addresses = {field.name for kind in kinds for field in fields(kind) if "url" in field.name}
    assert addresses == {"download_url"}


def test_the_first_number_is_one(store: SqlStore) -> None:
    """An empty log is at 0; each row is one more."""
    assert store.downloads.last_seq() == 0
    step(store, enqueue(store), e.Waiting("x"))
    assert [event.seq for event in store.downloads.events_after(0)] == [1, 2]
