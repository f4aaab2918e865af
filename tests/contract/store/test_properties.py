"""Whatever people and workers do, in whatever order: the guard holds and the log tells it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auralarchive.domain import events as e
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.lifecycle import allows, apply, public_status
from auralarchive.ports.store import StaleRecord
from auralarchive.store import SecretBox, SqlStore, open_store
from tests.contract.store.support import NOON, HeldClock, chosen, claim, enqueue

FAILURE = Failure(FailureKind.BUG, "It broke.", "Report it.", Disposition.TRANSIENT)
EVENTS = (
    claim(e.SearchStarted),
    chosen(),
    claim(e.GrabStarted),
    e.SentToClient("c", "id"),
    e.DownloadCompleted("/d", 1, seeds=True),
    e.StageFailed(FAILURE, NOON),
    e.RetryDue(),
    e.PauseRequested(),
    e.ResumeRequested(),
    e.CancelRequested(),
    e.Waiting("for something"),
    e.Released(),
)
#: Who acts: one of two, who either looks at the row anew or acts on what was seen last time.
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.sampled_from(EVENTS)), max_size=25)


def _play(store: SqlStore, steps: list[tuple[str, bool, e.Event]]) -> None:
    current = enqueue(store)
    seen = dict.fromkeys("ab", current)
    history = [public_status(current.acquisition, current.seeding)]
    for actor, looks, event in steps:
        before = seen[actor] = current if looks else seen[actor]
        if not allows(before, type(event)):
            continue
        after = apply(before, event, NOON)
        if before.version == current.version:
            store.downloads.commit(before, after, event)
            current = seen[actor] = after
            history.append(public_status(after.acquisition, after.seeding))
        else:
            with pytest.raises(StaleRecord):
                store.downloads.commit(before, after, event)
        assert store.downloads.get(current.id) == current
    log = store.downloads.events(current.id)
    assert [event.new_status for event in log] == history
    assert [event.old_status for event in log] == [None, *history[:-1]]
    assert [event.version for event in log] == list(range(1, len(history) + 1))


@settings(max_examples=60, deadline=None)
@given(plays=st.lists(STEPS, min_size=1, max_size=3))
def test_only_the_freshest_writer_writes(plays: list[list[tuple[str, bool, e.Event]]]) -> None:
    """A commit succeeds exactly when nobody wrote since its reader read, and leaves one log row each time."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'play.sqlite3'}"
        store = open_store(url, secret_box=SecretBox.generate(), clock=HeldClock())
        for play in plays:
            _play(store, play)
        assert store.integrity() == ()
        store.close()
