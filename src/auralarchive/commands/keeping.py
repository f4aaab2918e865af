"""The commands for what is to be kept: `auralarchive backup`, `restore` and `import-config`."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from auralarchive import settings as tree
from auralarchive.runtime.backup import make_backup
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.core import instance_of, locked, make_folders, open_core
from auralarchive.runtime.import_config import import_config as take_over
from auralarchive.runtime.restore import restore_now
from auralarchive.terminal import Config, DataDir, tell

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="A file whose first line seals or opens the secrets. Also by AURALARCHIVE_BACKUP__PASSPHRASE.",
    ),
]


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


def import_config(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old config.txt.")],
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Take over settings of the old INI form, such as [qbittorrent] and [download_management]."""
    with closing(open_core({"data_dir": data_dir}, toml=config)) as core:
        result = take_over(file, core.holder)
    for name in result.taken:
        tell(f" {name}", "taken", "green")
    for name in result.left:
        tell(f" {name}", "left ", "yellow")
