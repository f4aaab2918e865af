"""How every bench measures and says so: side by side, taken in turns, against a reference.

    def main() -> None:
        compare("Join ten parts", {"ours": run_ours, "ffmpeg alone": run_ffmpeg}, reference="ffmpeg alone")

A machine drifts while one measures: other programs start, it grows warm. So the cases take turns (a, b, c, a, b,
c, …), and what is told is the median of each and its ratio to the reference's, with the range beside it.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
WIDTH = 140

# A case is timed; or measures something itself and returns the figure.
Case = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Result:
    """What one case showed: each repetition's figure, their median, and the ratio to the reference's median."""

    name: str
    figures: list[float]
    median: float
    ratio: float


def compare(
    title: str, cases: Mapping[str, Case], *, reference: str, unit: str = "s", repetitions: int = 5, warm_up: int = 1
) -> list[Result]:
    """Run every case `repetitions` times in turns, print the table, keep it in bench/results, and return it.

    `warm_up` rounds go before and are not counted. KeyError when `reference` is none of the cases.
    """
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(warm_up + repetitions):
        for name, case in cases.items():
            figure = _measure(case)
            if turn >= warm_up:
                figures[name].append(figure)
    base = statistics.median(figures[reference])
    results = [_result(name, taken, base) for name, taken in figures.items()]
    _print(title, results, reference, unit)
    _keep(title, results, reference, unit)
    return results


def _measure(case: Case) -> float:
    start = time.perf_counter()
    figure = case()
    return time.perf_counter() - start if figure is None else figure


def _result(name: str, figures: list[float], base: float) -> Result:
    median = statistics.median(figures)
    return Result(name, figures, median, median / base if base else float("nan"))


def _print(title: str, results: list[Result], reference: str, unit: str) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("case")
    for heading in (f"median ({unit})", "lowest", "highest", f"ratio to {reference}"):
        table.add_column(heading, justify="right")
    for result in results:
        spread = (result.median, min(result.figures), max(result.figures))
        table.add_row(result.name, *(f"{figure:.4g}" for figure in spread), f"{result.ratio:.2f}")
    Console(width=WIDTH).print(table)


def _keep(title: str, results: list[Result], reference: str, unit: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    system = f"{platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    content = {
        "title": title,
        "unit": unit,
        "reference": reference,
        "machine": system,
        "results": [asdict(result) for result in results],
    }
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Bound:
    """One figure beside the bound that we hold ourselves to."""

    name: str
    figure: float
    bound: float


def against_bounds(title: str, figures: list[Bound], unit: str) -> None:
    """Print figures with their bounds and the ratio of both, and keep them in bench/results."""
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for heading in (f"measured ({unit})", f"bound ({unit})", "ratio"):
        table.add_column(heading, justify="right")
    for one in figures:
        ratio = f"{one.figure / one.bound:.2f}" if one.bound else "-"
        table.add_row(one.name, f"{one.figure:.4g}", f"{one.bound:.4g}", ratio)
    Console(width=WIDTH).print(table)
    _keep_rows(title, [asdict(one) for one in figures], unit)


def rows(title: str, found: Sequence[Mapping[str, object]]) -> None:
    """Print rows as a table, the first column's text to the left, and keep them in bench/results.

    The headings are the rows' keys, in the order of their appearance. What a row lacks is left empty.
    """
    headings = list(dict.fromkeys(heading for row in found for heading in row))
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for row in found:
        table.add_row(*(_shown(row.get(heading)) for heading in headings))
    Console(width=WIDTH).print(table)
    _keep_rows(title, [dict(row) for row in found], "")


def _shown(value: object) -> str:
    if value is None:
        return ""
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))


def _keep_rows(title: str, rows: list[dict[str, object]], unit: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    content = json.dumps({"title": title, "unit": unit, "rows": rows}, indent=2)
    (RESULTS / f"{name}.json").write_text(content, encoding="utf-8")
