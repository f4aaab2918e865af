"""What copying packets costs: beside `cp` and `sync` of the same bytes, and beside the peers."""

from __future__ import annotations

from pathlib import Path

from bench.audio import peers
from bench.audio.faithful import tell_fidelity
from bench.audio.ours import Ours
from bench.audio.plan import Plan
from bench.audio.turns import Case, Outcome, cost_rows, ours, peer, phase_rows, take_turns, wall_bound
from bench.report import Bound, against_bounds, rows

LIMIT, FFMPEG = "cp and sync", "ffmpeg -c copy +faststart"
OURS, COMPARED = "ours", "ours, packets compared"
COPY, TOOL, UTIL = "cp alone", "m4b-tool without conversion (its commands)", "m4b-util (encodes all)"
#: What reading, planning and writing take, of all the phases that our engine tells of.
_WITHOUT_PROOF = ("probe", "plan", "joints", "write")


def remux(plan: Plan) -> None:
    """12 M4A and one large one. What was copied is held against the sound that the sources were made of."""
    several = _measure("12 M4A into one M4B", plan.copied.m4a(), plan, bound=2.0, all_peers=True)
    del several[COMPARED]  # the same book once more
    tell_fidelity("12 M4A into one M4B: how faithful", several, plan.copied.masters())
    _without_gaps(plan)
    large = plan.copied.big_m4a(plan.megabytes)
    _measure(f"One M4A of {plan.megabytes} MB", (large,), plan, bound=1.5, all_peers=False)


def _without_gaps(plan: Plan) -> None:
    """The two ways to no gap at all: parts that are whole packets, and the wish for a seamless book."""
    books = plan.encoded
    whole = take_turns({OURS: ours(books.whole_m4a(), Ours())}, 1, plan.folder / "whole")
    tell_fidelity("12 M4A that end with whole packets: how faithful", whole, books.whole_masters())
    seamless = take_turns({"ours, seamless": ours(books.m4a(), Ours(joints="seamless"))}, 1, plan.folder / "seamless")
    tell_fidelity("12 M4A made seamless: how faithful", seamless, books.masters())


def _measure(title: str, sources: tuple[Path, ...], plan: Plan, *, bound: float, all_peers: bool) -> dict[str, Outcome]:
    cases = {
        LIMIT: peer(peers.copy_and_sync, sources),
        COPY: peer(peers.copy_only, sources),
        OURS: ours(sources, Ours()),
        COMPARED: ours(sources, Ours(proof="packets")),
        FFMPEG: peer(peers.stream_copy, sources, plan.few),
    }
    if all_peers:
        cases |= _more(sources, plan)
    outcomes = take_turns(cases, plan.rounds, plan.folder / "remux")
    rows(title, cost_rows(outcomes, LIMIT))
    rows(f"{title}: our phases, s", phase_rows(outcomes))
    against_bounds(f"{title}: bounds", _bounds(outcomes, bound), "ratio")
    return outcomes


def _more(sources: tuple[Path, ...], plan: Plan) -> dict[str, Case]:
    return {
        "ours, joints closed": ours(sources, Ours(joints="close"), plan.few),
        TOOL: peer(peers.m4b_tool_copy, sources, plan.few),
        UTIL: peer(peers.m4b_util, sources, 1),
    }


def _bounds(outcomes: dict[str, Outcome], bound: float) -> list[Bound]:
    """All our work with its proof, and the parts of it, each held against its own limit."""
    found: list[Bound] = []
    for case in (OURS, COMPARED):
        found += wall_bound(f"{case}, proof included / {LIMIT}", outcomes, case, LIMIT, bound)
        found += _phase_bound(f"{case}, without its proof / {LIMIT}", outcomes, case, _WITHOUT_PROOF, LIMIT, bound)
        found += _phase_bound(f"{case}, its proof / {LIMIT}", outcomes, case, ("verify",), LIMIT, 1.0)
        found += _phase_bound(f"{case}, its proof / {COPY}", outcomes, case, ("verify",), COPY, 1.0)
    for name, least in ((TOOL, 1 / 5), (UTIL, 1 / 100)):
        if name in outcomes:
            found += wall_bound(f"ours / {name}", outcomes, OURS, name, least)
    return found


def _phase_bound(
    title: str, outcomes: dict[str, Outcome], case: str, phases: tuple[str, ...], limit: str, bound: float
) -> list[Bound]:
    taken = outcomes[case].phase(*phases)
    if taken is None or not outcomes[limit].there:
        return []
    return [Bound(title, taken / outcomes[limit].median_wall, bound)]
