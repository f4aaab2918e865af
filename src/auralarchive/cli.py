"""The command `auralarchive`. Every command explains itself with `--help`.

What a command needs is loaded when that command is given: a server that runs for months holds no converter, and
the overview is there at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version as version_of
from typing import Annotated, Any, NamedTuple

import typer
from pydantic_core import ValidationError
from typer.core import TyperCommand, TyperGroup

from auralarchive.ports.errors import AuralError
from auralarchive.terminal import err, tell


class Listed(NamedTuple):
    """A command in the overview: the module under `commands` that has it, and its first line of help."""

    module: str
    help: str


COMMANDS = {
    "serve": Listed("serving", "Start the application: pages, monitor and runner in one process. Stop it with Ctrl-C."),
    "demo": Listed(
        "serving",
        "Your first minute: a small spoken book, shared on this machine only, to search, download and hear.",
    ),
    "search": Listed("asking", "Search all enabled indexers of the running server."),
    "add": Listed("asking", "Add a download to the running server."),
    "convert": Listed(
        "convert", "Make one verified M4B of audio files or a folder, with the same engine as the server's."
    ),
    "doctor": Listed(
        "checks", "Check clients, indexers, paths, hard links, FFmpeg and space; exit with 1 if anything is wrong."
    ),
    "fsck": Listed("checks", "Check the invariants of an instance that does not run; exit with 1 on any violation."),
    "backup": Listed(
        "keeping", "Write database and settings into one file, also while the server runs; never the library."
    ),
    "restore": Listed(
        "keeping", "Put a backup in place of what is there, which is kept beside it; the server must not run."
    ),
    "import-config": Listed(
        "keeping", "Take over settings of the old INI form, such as [qbittorrent] and [download_management]."
    ),
}
_MANNERS: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "markdown",
}


class LaterCommand(TyperCommand):
    """What the overview tells of a command, and no more until it is given."""

    def __init__(self, name: str, listed: Listed) -> None:
        super().__init__(name=name, help=listed.help, callback=None)
        self._name, self._module = name, listed.module

    def loaded(self) -> Any:
        """The command itself, with all that it needs."""
        module = import_module(f"auralarchive.commands.{self._module}")
        alone = typer.Typer(**_MANNERS)
        alone.command(self._name)(getattr(module, self._name.replace("-", "_")))
        return typer.main.get_command(alone)

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        return self.loaded().make_context(*arguments, **more)


class _Overview(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, listed in COMMANDS.items():
            self.add_command(LaterCommand(name, listed))


app = typer.Typer(
    help="From “I'd like to hear that” to a perfect, chaptered audiobook in your own library.",
    cls=_Overview,
    no_args_is_help=True,
    **_MANNERS,
)


def main() -> None:
    """The program's entry: errors that we know end with their remedy and exit code 1, never a traceback."""
    try:
        app()
    except AuralError as error:
        tell(f" {error}", "Error:", "red", to=err)
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            tell(f" {problem['msg']}", f"Setting {'.'.join(map(str, problem['loc']))}:", "red", to=err)
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version_of("auralarchive"))
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the program itself; `--help` after a command explains that command."""
