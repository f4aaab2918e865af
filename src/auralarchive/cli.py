"""The command `auralarchive`. Every command explains itself with `--help`."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from auralarchive import settings as tree
from auralarchive.convert import convert
from auralarchive.demo import LiveDemo
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError
from auralarchive.runtime.about import VERSION
from auralarchive.runtime.api import ApiError, LocalApi, NoServer, remember_server, server_file
from auralarchive.runtime.backup import make_backup
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.core import Core, instance_of, locked, make_folders, open_core
from auralarchive.runtime.doctor import diagnose
from auralarchive.runtime.fsck import fsck as check_invariants
from auralarchive.runtime.import_config import import_config as take_over
from auralarchive.runtime.restore import restore_now
from auralarchive.runtime.serve import configure_logging
from auralarchive.runtime.serve import serve as serve_core
from auralarchive.store import DatabaseRefused
from auralarchive.terminal import err, out, size, tell

app = typer.Typer(
    help="From “I'd like to hear that” to a perfect, chaptered audiobook in your own library.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
DataDir = Annotated[Path | None, typer.Option(help="Folder for database, keys and logs.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(help="Settings in TOML; by default config.toml in the data folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def main() -> None:
    """The program's entry: errors that we know end with their remedy and exit code 1, never a traceback."""
    try:
        app()
    except (AuralError, DatabaseRefused, ApiError, NoServer) as error:
        tell(f" {error}", "Error:", "red", to=err)
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            tell(f" {problem['msg']}", f"Setting {'.'.join(map(str, problem['loc']))}:", "red", to=err)
        sys.exit(2)


@contextmanager
def _core(data_dir: Path | None, config: Path | None = None, **given: Any) -> Iterator[Core]:
    core = open_core({"data_dir": data_dir, **given}, toml=config)
    try:
        yield core
    finally:
        core.close()


def _print_version(wanted: bool) -> None:
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the program itself; `--help` after a command explains that command."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8765")] = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Start the application: pages, monitor and runner in one process. Stop it with Ctrl-C."""
    with _core(data_dir, config, **_server(host, port)) as core, LiveDemo(core) as shared:
        _serve(core, shared)


def _server(host: str | None, port: int | None) -> dict[str, Any]:
    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    return {"server": given} if given else {}


def _serve(core: Core, shared: LiveDemo, also: str = "") -> None:
    settings = core.holder.current
    configure_logging(settings, core)

    def announce(url: str, setup_token: str | None) -> None:
        remember_server(settings.data_dir, url, core.local_key)
        err.print(Text.assemble(f"AuralArchive {VERSION} answers at ", (url, "bold")), soft_wrap=True)
        if setup_token is not None:
            err.print("There is no account yet. To make it from another machine, enter there this setup token:")
            tell(f"  {setup_token}", to=err)
        if also:
            tell(also, to=err)

    try:
        asyncio.run(serve_core(core, announce=announce, demo=shared))
    finally:
        server_file(settings.data_dir).unlink(missing_ok=True)


@app.command()
def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Keep the demo here instead of a folder that goes.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8765")] = None,
) -> None:
    """Your first minute: a small spoken book, shared on this machine only, to search, download and hear.

    Everything happens on 127.0.0.1, without any account elsewhere; nothing is kept unless you name a folder.
    """
    with tempfile.TemporaryDirectory(prefix="auralarchive-demo-") as folder:
        root = data_dir or Path(folder)
        with _core(root, None, **_demo_settings(host, port)) as core, LiveDemo(core) as shared:
            shared.start()
            _serve(
                core,
                shared,
                f"1. Open the page and make an account.\n2. Search for “{shared.info.search}” and download it.\n"
                f"3. Watch it arrive in {core.holder.current.library_root}\n"
                f"End it with Ctrl-C; {'all of it goes with it' if data_dir is None else 'the folder stays'}.",
            )


def _demo_settings(host: str | None, port: int | None) -> dict[str, Any]:
    # The book is small: at the usual pace of looking it would be there before a bar has moved.
    quick = {"download_management": {"polling_interval_seconds": 0.5}}
    alone = {"embedded": {"loopback": True, "listen_port": 0}, "free_books": {"enabled": False}}
    return {**_server(host, port), **quick, **alone}


@app.command()
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


@app.command()
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


app.command()(convert)


@app.command()
def doctor(data_dir: DataDir = None, config: Config = None, as_json: Json = False) -> None:
    """Check clients, indexers, paths, hard links, FFmpeg and space; exit with 1 if anything is wrong."""
    findings = list(_examined(data_dir, config))
    if as_json:
        print(
            json.dumps([{"ok": f.ok, "subject": f.subject, "message": f.message, "remedy": f.remedy} for f in findings])
        )
    else:
        for finding in findings:
            mark, style = ("ok  ", "green") if finding.ok else ("bad ", "red")
            tell(f" {finding.subject}: {finding.message}", mark, style)
            if finding.remedy and not finding.ok:
                tell(f"      -> {finding.remedy}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _examined(data_dir: Path | None, config: Path | None) -> Iterator[Finding]:
    """Ask the running server, or examine the instance ourselves where none runs."""
    try:
        yield from LocalApi.of(data_dir).examine()
    except NoServer:
        with _core(data_dir, config) as core:
            yield from diagnose(core)


@app.command()
def fsck(data_dir: DataDir = None, config: Config = None, as_json: Json = False) -> None:
    """Check the invariants of an instance that does not run; exit with 1 on any violation."""
    with _core(data_dir, config) as core:
        violations = check_invariants(core)
    if as_json:
        print(json.dumps({"ok": not violations, "violations": violations}))
    else:
        for violation in violations:
            tell(f" {violation}", "violated", "red")
        if not violations:
            out.print("All invariants hold.")
    if violations:
        raise typer.Exit(1)


PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="A file whose first line seals or opens the secrets. Also by AURALARCHIVE_BACKUP__PASSPHRASE.",
    ),
]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make, or a folder for a file with today's name.")],
    passphrase_file: PassphraseFile = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write database and settings into one file, also while the server runs; never the library.

    With a passphrase passwords and keys are in it, sealed; without one they are left out.
    """
    settings = tree.read(toml=config, data_dir=data_dir)
    instance, passphrase = instance_of(settings), _passphrase(passphrase_file, settings)
    target = file / f"auralarchive-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.zip" if file.is_dir() else file
    manifest = make_backup(instance, target, SystemClock(), passphrase)
    told = f" {target}: {manifest.downloads} downloads, {manifest.books} books, {manifest.accounts} accounts"
    tell(f"{told}; secrets are {'sealed in it' if manifest.secrets == 'sealed' else 'left out'}.", "made", "green")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The backup.")],
    passphrase_file: PassphraseFile = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Put a backup in place of what is there, which is kept beside it; the server must not run.

    The backup is checked completely before anything is touched.
    """
    settings = tree.read(toml=config, data_dir=data_dir)
    make_folders(settings)
    passphrase = _passphrase(passphrase_file, settings)
    with locked(settings):
        made, replaced = restore_now(instance_of(settings), file, passphrase)
    told = f" the backup of {made.made_at[:16].replace('T', ' ')} UTC: {made.downloads} downloads, {made.books} books"
    tell(f"{told}, {made.accounts} accounts.", "restored", "green")
    tell(f" what it replaced is in {replaced}", "kept", "green")
    if made.secrets == "left_out":
        tell(
            " the backup's secrets were not restored; those that do not open have to be entered anew.", "note", "yellow"
        )


def _passphrase(file: Path | None, settings: tree.Settings) -> str | None:
    if file is not None:
        return file.read_text("utf-8").split("\n", 1)[0].rstrip("\r") or None
    given = settings.backup.passphrase
    return given.get_secret_value() or None if given is not None else None


@app.command("import-config")
def import_config(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old config.txt.")],
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Take over settings of the old INI form, such as [qbittorrent] and [download_management]."""
    with _core(data_dir, config) as core:
        result = take_over(file, core.holder)
    for name in result.taken:
        tell(f" {name}", "taken", "green")
    for name in result.left:
        tell(f" {name}", "left ", "yellow")
