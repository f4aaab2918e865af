"""The commands that ask the running server: `auralarchive search` and `auralarchive add`."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from auralarchive.runtime.api import LocalApi
from auralarchive.terminal import DataDir, Json, err, out, size, tell


def search(
    text: Annotated[str, typer.Argument(help="Title, author, anything.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Search all enabled indexers of the running server."""
    found = LocalApi.of(data_dir).post("/api/search/manual", {"query": text})
    if as_json:
        print(json.dumps(found, indent=2))
        return
    if found["results"]:
        out.print(_results(found["results"]))
    elif found["indexers"]:
        tell("Nothing found. Try fewer words, or the title alone.", to=err)
    else:
        tell("There is no indexer to ask yet. Add one under Settings in the pages.", to=err)
    for indexer in found["indexers"]:
        if indexer["status"] != "ok":
            tell(f" {indexer['error']}", f"{indexer['name']}:", "yellow", to=err)


def _results(releases: list[dict[str, Any]]) -> Table:
    table = Table("match", "quality", "title", "size", "seeders", "indexer", box=None)
    # Whole, however narrow the terminal is: it is there to be copied into `add`.
    longest = max((len(release["id"]) for release in releases), default=0)
    table.add_column("release id", no_wrap=True, min_width=longest + 2)
    for release in releases:
        table.add_row(
            f"{release['match_score']:.0f}",
            f"{release['quality_score']:.0f}",
            release["title"],
            size(release["size"]),
            str(release["seeders"] if release["seeders"] is not None else "?"),
            release["indexer"],
            release["id"],
        )
    return table


def add(
    link: Annotated[str, typer.Argument(help="A magnet, an http(s) link, a .torrent or .nzb file, or a release id.")],
    title: Annotated[str | None, typer.Option(help="The book's title.")] = None,
    author: Annotated[str | None, typer.Option(help="The book's author.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Show the progress until the book is imported.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Add a download to the running server."""
    api = LocalApi.of(data_dir)
    file = Path(link)
    if "://" not in link and not link.startswith("magnet:") and file.is_file():
        made = api.upload("/api/search/manual/upload", file, _named(title, author, file.stem))
    elif "://" in link or link.startswith("magnet:"):
        made = api.post("/api/search/manual/download", {"download_url": link, **_named(title, author, None)})
    elif file.suffix.lower() in (".torrent", ".nzb"):
        raise typer.BadParameter(f"there is no file {file}.")
    elif not re.fullmatch(r"[\w-]+", link):
        raise typer.BadParameter(
            "that is no magnet, link or file, and no release id; `auralarchive search` shows these."
        )
    else:
        made = api.post("/api/search/manual/download", {"release_id": link, **_given(title, author)})
    if as_json:
        print(json.dumps(made))
    else:
        out.print(f"Download {made['download_id']}: {made['status']}")
    if follow:
        _follow(api, int(made["download_id"]))


def _given(title: str | None, author: str | None) -> dict[str, str]:
    return {key: value for key, value in (("title", title), ("author", author)) if value}


def _named(title: str | None, author: str | None, fallback: str | None) -> dict[str, str]:
    if title is None and fallback is None:
        raise typer.BadParameter("say which book it is: --title … --author …")
    return {"title": title or fallback or "", "author": author or "Unknown Author"}


#: Statuses at which following ends, and whether that is well.
_ENDS = {"IMPORTED": True, "SEEDING": True, "SEEDING_COMPLETE": True, "CANCELLED": False, "PAUSED": False}


def _follow(api: LocalApi, download_id: int) -> None:
    """A progress bar on a terminal; changes of status, a line each, anywhere else."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    shown = ""
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("QUEUED", total=100)
        while True:
            now = api.get(f"/api/downloads/queue/{download_id}")
            status, reason = now["status"], now.get("reason") or ""
            progress.update(task, description=status, completed=now["download_progress"] or 0)
            if f"{status} {reason}" != shown:
                shown = f"{status} {reason}"
                tell(shown.strip(), to=progress.console)
            if status in _ENDS or (status.endswith("_FAILED") and not now["next_retry_at"]):
                break
            time.sleep(0.5)
    if not _ENDS.get(status, False):
        raise typer.Exit(1)
    print(now["final_file_path"])  # as it is: whoever pipes it wants no line breaks
