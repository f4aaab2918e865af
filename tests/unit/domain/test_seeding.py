"""Seeding goals."""

import pytest

from auralarchive.domain.seeding import SeedGoal, choose_goal, goal_reached

NOTHING = SeedGoal()


def test_an_indexers_goal_stands_above_the_general_one() -> None:
    assert choose_goal(SeedGoal(ratio=3.0), SeedGoal(ratio=1.0, seconds=60), NOTHING) == SeedGoal(3.0, 60)


def test_the_trackers_demand_is_a_floor_for_a_goal_but_makes_none() -> None:
    assert choose_goal(NOTHING, SeedGoal(1.0, 60), SeedGoal(2.0, 30)) == SeedGoal(2.0, 60)
    assert choose_goal(NOTHING, NOTHING, SeedGoal(2.0, 30)) == NOTHING


@pytest.mark.parametrize(
    ("goal", "ratio", "seconds", "reached"),
    [
        (SeedGoal(ratio=1.0), 1.0, None, True),
        (SeedGoal(ratio=1.0), 0.99, 10**9, False),
        (SeedGoal(seconds=60), None, 60, True),
        (SeedGoal(ratio=2.0, seconds=60), 0.0, 61, True),
        (SeedGoal(ratio=0.0), 0.0, 0, True),
        (NOTHING, 1000.0, 10**9, False),
        (SeedGoal(ratio=1.0), None, None, False),
    ],
)
def test_either_part_is_enough_and_the_unknown_reaches_nothing(
    goal: SeedGoal, ratio: float | None, seconds: int | None, reached: bool
) -> None:
    assert goal_reached(goal, ratio, seconds) is reached
