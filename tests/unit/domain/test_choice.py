"""Which client gets a download, from values alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.domain.choice import Candidate, Choice, Chosen, NoClient, Rule, Wait, Why, choose
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadType
from tests.support.records import a_download

TORRENT, NZB = frozenset({DownloadType.TORRENT}), frozenset({DownloadType.NZB})
DOWN = "it does not answer"


def a_client(name: str, priority: int = 1, **more: object) -> Candidate:
    return replace(Candidate(name, TORRENT, priority), **more)  # type: ignore[arg-type]  # a test's choice


def asked(**more: object) -> Download:
    return replace(a_download(), **more)  # type: ignore[arg-type]  # a test's choice


def test_the_smaller_priority_number_comes_first() -> None:
    clients = [a_client("b", 2), a_client("a", 1)]
    assert choose(asked(), clients) == Chosen("a", Why.PREFERRED)
    assert choose(asked(), clients[:1]) == Chosen("b", Why.ONLY)


def test_only_those_of_the_protocol_count() -> None:
    clients = [a_client("torrents"), a_client("usenet", 9, protocols=NZB)]
    assert choose(asked(download_type=DownloadType.NZB), clients) == Chosen("usenet", Why.ONLY)
    refused = choose(asked(download_type=DownloadType.NZB), clients[:1])
    assert refused == NoClient("No download client for nzb is enabled.", "Enable one in the settings, then retry.")


def test_a_persons_choice_comes_before_everything() -> None:
    """Before priority, before rules, and it is waited for rather than passed over."""
    away = a_client("b", 9, rule=Rule(indexers=frozenset({"Other"})))
    clients = [a_client("a"), away]
    assert choose(asked(chosen_client="b"), clients) == Chosen("b", Why.CHOSEN)
    waiting = choose(asked(chosen_client="b"), [clients[0], replace(away, trouble=DOWN)])
    assert waiting == Wait("Waiting for b: it does not answer")
    gone = choose(asked(chosen_client="c"), clients)
    assert isinstance(gone, Wait)
    assert "switched off or no longer there" in gone.reason
    wrong = choose(asked(chosen_client="a", download_type=DownloadType.NZB), clients)
    assert isinstance(wrong, NoClient)
    assert wrong.reason == "The client a takes no nzb."


RULES: list[tuple[Rule, dict[str, object], bool]] = [
    (Rule(), {}, True),
    (Rule(indexers=frozenset({"Alpha"})), {"indexer": "alpha"}, True),
    (Rule(indexers=frozenset({"Alpha"})), {"indexer": "Beta"}, False),
    (Rule(indexers=frozenset({"Alpha"})), {"indexer": None}, False),
    (Rule(categories=frozenset({3030})), {"categories": (3030, 100_063)}, True),
    (Rule(categories=frozenset({3000})), {"categories": (3030,)}, True),
    (Rule(categories=frozenset({3000})), {"categories": (4030,)}, False),
    (Rule(categories=frozenset({3030})), {"categories": (3000,)}, False),
    (Rule(categories=frozenset({3030})), {"categories": ()}, False),
    (Rule(categories=frozenset({101_000})), {"categories": (101_030,)}, False),
    (Rule(tags=frozenset({"Kids", "german"})), {"tags": ("kids",)}, True),
    (Rule(tags=frozenset({"kids"})), {"tags": ("adults",)}, False),
    (Rule(frozenset({"Alpha"}), frozenset({3030})), {"indexer": "Alpha", "categories": (3030,)}, True),
    (Rule(frozenset({"Alpha"}), frozenset({3030})), {"indexer": "Alpha", "categories": (7000,)}, False),
]


@pytest.mark.parametrize(("rule", "fields", "admitted"), RULES)
def test_every_part_of_a_rule_has_to_fit(rule: Rule, fields: dict[str, object], admitted: bool) -> None:
    """Within a part one value is enough; a whole thousand stands for all of its numbers, an indexer's own do not."""
    assert rule.admits(asked(**fields)) is admitted


def test_a_rule_that_fits_beats_a_better_priority_and_one_that_does_not_keeps_out() -> None:
    mine = a_client("mine", 9, rule=Rule(tags=frozenset({"mine"})))
    clients = [a_client("any", 1), mine]
    assert choose(asked(tags=("mine",)), clients) == Chosen("mine", Why.RULE)
    assert choose(asked(), clients) == Chosen("any", Why.ONLY)
    nowhere = choose(asked(), [mine])
    assert isinstance(nowhere, NoClient)
    assert "rules of mine" in nowhere.reason


def test_who_is_down_is_passed_over_and_waited_for_where_none_is_left() -> None:
    first, second = a_client("a", 1, trouble=DOWN), a_client("b", 2)
    assert choose(asked(), [first, second]) == Chosen("b", Why.STAND_IN)
    assert choose(asked(), [first, replace(second, trouble="asleep")]) == Wait(
        "Waiting for a: it does not answer; b: asleep"
    )


def test_a_client_for_others_is_no_stand_in() -> None:
    other = a_client("other", rule=Rule(indexers=frozenset({"Other"})))
    assert isinstance(choose(asked(), [a_client("a", trouble=DOWN), other]), Wait)


def test_equals_take_turns() -> None:
    """By the id alone: each gets its share, whoever is down leaves its own to the next, and nothing is remembered."""
    equals = [a_client(name) for name in "cab"]
    shares = Counter(_name(choose(asked(id=number), equals)) for number in range(1, 31))
    assert shares == {"a": 10, "b": 10, "c": 10}
    assert choose(asked(id=3), equals) == Chosen("a", Why.TURN)
    assert choose(asked(id=4), equals) == Chosen("b", Why.TURN)
    lame = [replace(one, trouble=DOWN if one.name == "b" else None) for one in equals]
    kept = {number: _name(choose(asked(id=number), lame)) for number in range(1, 31)}
    for number, name in kept.items():
        before = _name(choose(asked(id=number), equals))
        assert name == ("c" if before == "b" else before)


def _name(choice: Choice) -> str:
    assert isinstance(choice, Chosen)
    return choice.client


words = st.sampled_from(["one", "Two", "three"])
rules = st.builds(
    Rule, st.frozensets(words), st.frozensets(st.sampled_from([3000, 3030, 7020, 100_001])), st.frozensets(words)
)
clients = st.lists(
    st.builds(
        Candidate,
        words,
        st.sampled_from([TORRENT, NZB, TORRENT | NZB]),
        st.integers(0, 3),
        rules,
        st.sampled_from([None, DOWN]),
    ),
    max_size=6,
    unique_by=lambda one: one.name,
)
downloads = st.builds(
    lambda number, kind, indexer, categories, tags: asked(
        id=number, download_type=kind, indexer=indexer, categories=categories, tags=tags
    ),
    st.integers(1, 1000),
    st.sampled_from([DownloadType.TORRENT, DownloadType.NZB]),
    st.one_of(st.none(), words),
    st.tuples(st.sampled_from([3030, 7020, 100_001])),
    st.tuples(words),
)


@given(downloads, clients)
def test_whoever_gets_it_is_well_able_and_let_by_its_rule(download: Download, clients: list[Candidate]) -> None:
    """And nobody gets it only where nobody could."""
    able = [one for one in clients if download.download_type in one.protocols and one.rule.admits(download)]
    well = [one for one in able if one.trouble is None]
    match choose(download, clients):
        case Chosen(client, _):
            chosen = next(one for one in clients if one.name == client)
            assert chosen in well
            assert all((not one.rule, one.priority) >= (not chosen.rule, chosen.priority) for one in well)
        case Wait(reason):
            assert able
            assert not well
            assert all(one.name in reason for one in able)
        case NoClient():
            assert not able


@given(downloads, clients, st.randoms())
def test_the_order_in_which_they_are_named_means_nothing(
    download: Download, clients: list[Candidate], dice: object
) -> None:
    shuffled = list(clients)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    one, other = choose(download, clients), choose(download, shuffled)
    assert type(one) is type(other)
    if isinstance(one, Chosen):
        assert one == other
