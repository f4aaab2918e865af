"""The commands that examine an instance: `auralarchive doctor` and `auralarchive fsck`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import typer

from auralarchive.ports.clients import Finding
from auralarchive.runtime.api import LocalApi, NoServer
from auralarchive.runtime.core import open_core
from auralarchive.runtime.doctor import diagnose
from auralarchive.runtime.fsck import fsck as check_invariants
from auralarchive.terminal import Config, DataDir, Json, out, tell


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
        with closing(open_core({"data_dir": data_dir}, toml=config)) as core:
            yield from diagnose(core)


def fsck(data_dir: DataDir = None, config: Config = None, as_json: Json = False) -> None:
    """Check the invariants of an instance that does not run; exit with 1 on any violation."""
    with closing(open_core({"data_dir": data_dir}, toml=config)) as core:
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
