"""What the system's pages are given: the parts of the runtime are what they expect."""

from __future__ import annotations

from pathlib import Path

from auralarchive.observability.health import Health
from auralarchive.observability.redaction import Redactor
from auralarchive.observability.ring import LogRing
from auralarchive.runtime.backup import Instance, Plan, Shelf
from auralarchive.runtime.restore import Restorer
from auralarchive.runtime.tasks import TaskList
from auralarchive.web.upkeep import Upkeep
from tests.support.web import SystemClock


def test_the_real_parts_fit(tmp_path: Path) -> None:
    """Types are checked by mypy; and what is empty answers as such."""
    instance, clock = Instance(tmp_path, f"sqlite:///{tmp_path / 'x.db'}", "1"), SystemClock()
    upkeep = Upkeep(
        Health({}, clock),
        LogRing(Redactor()),
        TaskList(),
        Shelf(instance, lambda: Plan(1, 7, tmp_path / "none"), clock),
        Restorer(instance, clock, lambda *_: True),
        dict,
    )
    assert upkeep.health.checked() == ()
    assert (upkeep.log.last, upkeep.log.find().lines) == (0, ())
    assert upkeep.tasks.all() == ()
    assert upkeep.shelf.all() == ()
    assert upkeep.restorer.state() == ("none", None)
