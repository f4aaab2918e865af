"""The command `auralarchive`, as a person types it: each command in a process of its own."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from auralarchive.cli import COMMANDS, LaterCommand, Listed
from tests.support.commands import run

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_help_teaches_and_the_reference_names_every_option(tmp_path: Path) -> None:
    """A command or option that the page does not name is looked for in vain."""
    page = REFERENCE.read_text("utf-8")
    overview = run(tmp_path, "--help").stdout
    for command in re.findall(r"^## `auralarchive ([a-z-]+)`", page, re.MULTILINE):
        assert re.search(rf"\b{command}  +\S", overview)
    section = page.partition("## `auralarchive convert`")[2].partition("\n## ")[0]
    for option in set(re.findall(r"--[a-z][a-z-]+", run(tmp_path, "convert", "--help").stdout)) - {"--help"}:
        assert f"`{option}`" in section


def test_the_version(tmp_path: Path) -> None:
    assert re.match(r"\d+\.\d+", run(tmp_path, "--version").stdout)


@pytest.mark.parametrize(("name", "listed"), COMMANDS.items())
def test_the_overview_says_of_a_command_what_it_says_of_itself(name: str, listed: Listed) -> None:
    """The overview is read before the command is loaded, so its line is written twice."""
    help_ = LaterCommand(name, listed).loaded().help
    assert listed.help == " ".join(inspect.cleandoc(help_).partition("\n\n")[0].split())


def test_the_overview_loads_no_command(tmp_path: Path) -> None:
    """Help that takes a second is not asked for."""
    told = run(tmp_path, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert "auralarchive.cli" in told.stderr
    assert not set(
        re.findall(r"\| +(auralarchive\.(?:commands|runtime|store)|sqlalchemy|fastapi)$", told.stderr, re.MULTILINE)
    )
