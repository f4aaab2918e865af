"""What copying packets costs: beside `cp` and `sync` of the same bytes, and beside the peers."""

from __future__ import annotations

from pathlib import Path

from bench.audio import peers
from bench.audio.faithful import tell_fidelity
from bench.audio.ours import Ours
from bench.audio.plan import Plan
from bench.audio.turns import Case, Outcome, cost_rows, ours, peer, phase_rows, take_turns, wall_bound
from bench.report import Bound, against_bounds, rows

LIMIT, OURS, FFMPEG = "cp and sync", "ours", "ffmpeg -c copy +faststart"
COPY, TOOL, UTIL = "cp alone", "m4b-tool without conversion (its commands)", "m4b-util (encodes all)"
#: What reading, planning and writing take, of all the phases that our engine tells of.
_WITHOUT_PROOF = ("probe", "plan", "joints", "write")


def remux(plan: Plan) -> None:
    """12 M4A and one large one. What was copied is held against the sound that the sources were made of."""
    several = _measure("12 M4A into one M4B", plan.copied.m4a(), plan, bound=2.0, all_peers=True)
    tell_fidelity("12 M4A into one M4B: how faithful", several, plan.copied.masters())
    whole = {"ours": ours(plan.encoded.whole_m4a(), Ours())}
    made = take_turns(whole, 1, plan.folder / "whole")
    tell_fidelity("12 M4A that end with whole packets: how faithful", made, plan.encoded.whole_masters())
    large = plan.copied.big_m4a(plan.megabytes)
    _measure(f"One M4A of {plan.megabytes} MB", (large,), plan, bound=1.5, all_peers=False)


def _measure(title: str, sources: tuple[Path, ...], plan: Plan, *, bound: float, all_peers: bool) -> dict[str, Outcome]:
    cases = {
        LIMIT: peer(peers.copy_and_sync, sources),
        COPY: peer(peers.copy_only, sources),
        OURS: ours(sources, Ours()),
        "ours, packets compared": ours(sources, Ours(proof="packets")),
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
        "ours, seamless": ours(sources, Ours(joints="seamless"), 1),
        TOOL: peer(peers.m4b_tool_copy, sources, plan.few),
        UTIL: peer(peers.m4b_util, sources, 1),
    }


def _bounds(outcomes: dict[str, Outcome], bound: float) -> list[Bound]:
    """All our work with its proof, and the parts of it, each held against its own limit."""
    found = wall_bound("ours, proof included / cp and sync", outcomes, OURS, LIMIT, bound)
    found += wall_bound("ours, packets compared / cp and sync", outcomes, "ours, packets compared", LIMIT, bound)
    limit, copy, mine = outcomes[LIMIT], outcomes[COPY], outcomes[OURS]
    written, proved = mine.phase(*_WITHOUT_PROOF), mine.phase("verify")
    if limit.there and written is not None:
        found.append(Bound("ours without the proof / cp and sync", written / limit.median_wall, bound))
    if copy.there and limit.there and proved is not None:
        found.append(Bound("our proof / cp", proved / copy.median_wall, 1.0))
    for name, least in ((TOOL, 1 / 5), (UTIL, 1 / 100)):
        if name in outcomes:
            found += wall_bound(f"ours / {name}", outcomes, OURS, name, least)
    return found
