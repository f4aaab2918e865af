"""A process of its own that claims every row it can get: `claimer.py URL NAME`; prints the ids it got."""

from __future__ import annotations

import sys
from datetime import timedelta

from auralarchive.domain import events as e
from auralarchive.domain.lifecycle import apply
from auralarchive.ports.store import StaleRecord
from auralarchive.store import SecretBox, SqlStore, open_store
from tests.contract.store.support import NOON, HeldClock


def claim_everything(store: SqlStore, name: str) -> list[int]:
    """Claim until nothing is claimable; the ids that were really ours."""
    claimed = []
    while rows := store.downloads.claimable(NOON):
        for before in rows:
            event = e.SearchStarted(name, NOON + timedelta(hours=1))
            try:
                store.downloads.commit(before, apply(before, event, NOON), event)
            except StaleRecord:
                continue
            claimed.append(before.id)
    return claimed


if __name__ == "__main__":
    opened = open_store(sys.argv[1], secret_box=SecretBox.generate(), clock=HeldClock(), sole_instance=False)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(" ".join(map(str, claim_everything(opened, sys.argv[2]))))
    opened.close()
