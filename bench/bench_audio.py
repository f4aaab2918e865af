"""What a conversion costs and how faithful it is: ours beside plain FFmpeg, the peers and the machine's limit.

    .venv/bin/python -m bench.bench_audio [--quick] [--books FOLDER] [--rounds N] […] [PART…]

Only ratios are worth reading: figures of one machine under one load compare with nothing else. Cases take turns, and
each figure is a median. The books are hours of synthetic speech (espeak-ng; without it a babble, of which figures of
quality mean little), made once, which takes some minutes. m4b-util and PESQ come from the package index into
environments of their own beside the books; m4b-tool and Audiobookshelf are their FFmpeg commands. What fails or cannot
be had is a row that says so.

    remux     12 M4A and a large one: cost, phases, bounds, fidelity, read by others
    encode    12 MP3, one MP3, FLAC, Opus: the same, and quality
    parts     400 short MP3: probing, length
    long      20 hours: length, memory
    memory    of all processes together, and of each
    refusals  sources that no good book can be made of
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench.audio.books import Books, bench_folder
from bench.audio.encoding import encode
from bench.audio.lengths import long, memory, parts
from bench.audio.plan import Plan
from bench.audio.refusals import refusals
from bench.audio.remuxing import remux

PARTS: dict[str, Callable[[Plan], None]] = {
    "remux": remux,
    "encode": encode,
    "parts": parts,
    "long": long,
    "memory": memory,
    "refusals": refusals,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="which (default: all)")
    parser.add_argument("--quick", action="store_true", help="one small round: whether all runs, not what it costs")
    parser.add_argument("--books", type=Path, metavar="FOLDER", help=f"where books are kept (else {bench_folder()})")
    parser.add_argument("--rounds", type=int, help="of each measured pair (default: 5); slow peers take fewer")
    parser.add_argument("--minutes", type=float, help="of each of the 12 chapters that are encoded (default: 6)")
    parser.add_argument("--hours", type=float, help="of the long book (default: 20)")
    wanted = parser.parse_args()
    unknown = set(wanted.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}: {', '.join(PARTS)}")
    if wanted.books:
        os.environ["AURALARCHIVE_BENCH_DIR"] = str(wanted.books.absolute())
    bench_folder().mkdir(parents=True, exist_ok=True)
    # Beside the books: a copy of half a gigabyte belongs on a disk, and on the same one.
    with tempfile.TemporaryDirectory(dir=bench_folder(), prefix="work-") as name:
        plan = _plan(Path(name), wanted)
        for part in wanted.parts or PARTS:
            _timed(part, plan)


def _plan(folder: Path, wanted: argparse.Namespace) -> Plan:
    plan = Plan.quick(folder) if wanted.quick else Plan(folder)
    if wanted.rounds:
        plan = replace(plan, rounds=wanted.rounds, few=min(plan.few, wanted.rounds))
    if wanted.minutes:
        plan = replace(plan, encoded=Books(wanted.minutes))
    return replace(plan, hours=wanted.hours) if wanted.hours else plan


def _timed(part: str, plan: Plan) -> None:
    started = time.perf_counter()
    try:
        PARTS[part](plan)
    except (OSError, ValueError, KeyError, RuntimeError, subprocess.CalledProcessError):
        # The other parts are still worth their minutes.
        traceback.print_exc()
    Console().print(f"{part}: {time.perf_counter() - started:.0f} s in all\n", highlight=False)


if __name__ == "__main__":
    main()
