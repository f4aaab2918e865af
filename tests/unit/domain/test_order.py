"""A place in the queue becomes priorities: the right ones, and few."""

from __future__ import annotations

import random

import pytest

from auralarchive.domain.order import Place, in_order, moved


def ids(queue: list[Place]) -> list[int]:
    return [place.id for place in in_order(queue)]


def written(queue: list[Place], changes: list[Place]) -> list[Place]:
    return list(({place.id: place for place in queue} | {place.id: place for place in changes}).values())


def test_to_the_top_and_to_the_end_changes_one_row() -> None:
    queue = [Place(number, 0) for number in range(1, 1001)]
    assert moved(queue, 700, before=1) == [Place(700, 1)]
    assert moved(queue, 3, after=1000) == [Place(3, -1)]


def test_whoever_stands_there_already_stays() -> None:
    queue = [Place(1, 0), Place(2, 0), Place(3, 0)]
    assert moved(queue, 2, before=3) == []
    assert moved(queue, 2, after=1) == []


def test_the_fewer_make_room() -> None:
    """Near the top those above do, near the end those below."""
    queue = [Place(number, 0) for number in range(1, 101)]
    assert len(moved(queue, 90, before=4)) == 4
    assert len(moved(queue, 5, after=97)) == 4


@pytest.mark.parametrize("seed", range(60))
def test_every_move_leads_to_its_place(seed: int) -> None:
    """Whatever priorities there are: the wanted order comes out, and all others keep theirs on the way there."""
    chance = random.Random(seed)
    queue = [Place(number, chance.randint(-3, 3)) for number in range(1, chance.randint(3, 14))]
    order = ids(queue)
    one, neighbour = chance.sample(order, 2)
    goal = [number for number in order if number != one]
    at = goal.index(neighbour)
    downwards = chance.random() < 0.5
    goal.insert(at + downwards, one)
    changes = moved(queue, one, **({"after": neighbour} if downwards else {"before": neighbour}))
    for done in range(len(changes) + 1):
        others = [number for number in ids(written(queue, changes[:done])) if number != one]
        assert others == [number for number in order if number != one]
    assert ids(written(queue, changes)) == goal


@pytest.mark.parametrize(
    "neighbours", [{}, {"before": 1, "after": 2}, {"before": 9}, {"after": 3}], ids=["none", "two", "unknown", "itself"]
)
def test_a_move_needs_one_neighbour(neighbours: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"neighbour|queue|itself"):
        moved([Place(1, 0), Place(2, 0), Place(3, 0)], 3, **neighbours)
