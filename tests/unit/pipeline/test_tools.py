"""What stages are handed."""

from __future__ import annotations

from auralarchive.domain.seeding import SeedGoal
from auralarchive.pipeline.tools import SeedGoals
from tests.support.scripted import Bench


def test_an_indexers_goal_stands_above_the_general_one_value_by_value() -> None:
    goals = SeedGoals(SeedGoal(2.0, 3600), lambda: {"Strict": SeedGoal(seconds=7200)})
    assert goals.of("Strict") == SeedGoal(2.0, 7200)
    assert goals.of("Another") == SeedGoal(2.0, 3600)
    assert goals.of(None) == SeedGoal(2.0, 3600)


def test_a_tag_names_instance_and_download(bench: Bench) -> None:
    """Several instances may share one client: each touches only its own."""
    assert bench.tools.tag(12) == "auralarchive-test-12"
