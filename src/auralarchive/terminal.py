"""How the commands talk to a person at a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

# Names of strangers hold brackets: nothing that is printed is read as markup.
out, err = Console(markup=False, highlight=False), Console(stderr=True, markup=False, highlight=False)

# What several commands take.
DataDir = Annotated[Path | None, typer.Option(help="Folder for database, keys and logs.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(help="Settings in TOML; by default config.toml in the data folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def tell(text: str, mark: str = "", style: str = "", *, to: Console = out) -> None:
    """A coloured mark and one line, never broken: paths in it are there to be copied."""
    to.print(Text.assemble((mark, style), text), soft_wrap=True)


def size(count: int | None) -> str:
    """A number of bytes, in words."""
    if count is None:
        return "?"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
