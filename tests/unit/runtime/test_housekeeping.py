"""At start, on a timer, and when told; and never the end of the process for a neighbour's sake."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from auralarchive.domain.release import SearchQuery
from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Unreachable
from auralarchive.runtime.housekeeping import RESULTS_LIVE, Housekeeper
from tests.support.processes import wait_for
from tests.support.scripted import a_bench, a_release


class Rounds:
    """A reconciler that counts its rounds, and fails when told."""

    def __init__(self) -> None:
        self.count = 0
        self.fault: Exception | None = None

    def run(self) -> tuple[Finding, ...]:
        self.count += 1
        if self.fault is not None:
            raise self.fault
        return (Finding(True, "round", str(self.count)),)


def test_a_round_at_start_and_when_told(tmp_path: Path) -> None:
    """A database that is away for a round is asked again at the next."""
    rounds = Rounds()
    with a_bench(tmp_path) as bench:
        keeper = Housekeeper(rounds, bench.store.releases, bench.clock)  # type: ignore[arg-type]  # what it uses
        thread = threading.Thread(target=keeper.run)
        thread.start()
        try:
            wait_for(lambda: keeper.findings)
            rounds.fault = Unreachable("The database does not answer.")
            keeper.wake()
            wait_for(lambda: rounds.count == 2)
            rounds.fault = None
            keeper.wake()
            wait_for(lambda: keeper.findings == (Finding(True, "round", "3"),))
            rounds.fault = PermissionError("a work folder that is another user's now")
            keeper.wake()
            wait_for(lambda: rounds.count == 4)
            rounds.fault = None
            keeper.wake()
            wait_for(lambda: keeper.findings == (Finding(True, "round", "5"),))
        finally:
            keeper.stop()
            thread.join(10)
    assert not thread.is_alive()


def test_old_results_are_forgotten(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        bench.store.releases.save(SearchQuery(text="x"), (a_release(),), bench.clock.now())
        keeper = Housekeeper(Reconciler(bench.tools, bench.workshop), bench.store.releases, bench.clock)
        keeper.round()
        assert bench.store.releases.get("release-1") is not None
        bench.held.forward((RESULTS_LIVE + timedelta(seconds=1)).total_seconds())
        keeper.round()
        assert bench.store.releases.get("release-1") is None


def test_a_round_finishes_changes_of_books_first(tmp_path: Path) -> None:
    """A crash may have left one half-done: it does not wait for clients that are slow to answer."""
    order: list[str] = []

    class Slow:
        def run(self) -> tuple[Finding, ...]:
            order.append("reconciled")
            return ()

    def settle() -> str:
        order.append("settled")
        return "All is settled."

    with a_bench(tmp_path) as bench:
        keeper = Housekeeper(Slow(), bench.store.releases, bench.clock, settle)  # type: ignore[arg-type]  # what it uses
        keeper.round()
    assert order == ["settled", "reconciled"]
