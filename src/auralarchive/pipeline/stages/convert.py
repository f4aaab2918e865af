"""CONVERTING: one verified M4B out of whatever the client has downloaded."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auralarchive.domain import events as e
from auralarchive.domain.failures import FailureKind
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.released import book_of, manifest_of, sections_of
from auralarchive.pipeline.tools import Job, Tools
from auralarchive.ports.audio import ConvertRequest, ConvertResult
from auralarchive.ports.errors import NeedsPerson


def run(job: Job, tools: Tools) -> e.Event:
    """`ConversionDone`; the recipe and where everything lies are kept before it is told.

    Raises `ports.errors.AuralError`.
    """
    download = job.download
    source = Path(download.temp_file_path or "")
    if not download.temp_file_path or _bytes_at(source) < max(1, download.file_size or 0):
        raise NeedsPerson(
            f"Downloaded files are gone from {source}.",
            "Retry to download them again.",
            kind=FailureKind.SOURCE_LOST,
        )
    work_dir = _fresh_work_folder(tools, download.id, job.token)
    failpoint("convert.work_dir_made")
    manifest = manifest_of(download, tools)
    request = ConvertRequest(
        sources=(source,),
        work_dir=work_dir,
        book=book_of(download, manifest),
        bitrate_kbps=tools.settings.bitrate_kbps,
        jobs=tools.settings.jobs,
        sections=sections_of(manifest),
        accept_damage=_damage_accepted(tools, download.id),
        resume_dir=units_folder(tools, download.id),
    )
    try:
        result = tools.converter.convert(request, lambda part: tools.live.progress(download.id, part), job.cancel)
        failpoint("convert.converted")
        tools.store.recipes.save(download.id, recipe_of(result), token=job.token)
    except BaseException:
        shutil.rmtree(work_dir, ignore_errors=True)
        raise
    failpoint("convert.recipe_saved")
    return e.ConversionDone(str(result.path), result.mode, len(result.chapters), result.duration_seconds)


def _damage_accepted(tools: Tools, download_id: int) -> bool:
    """Whether a person has said so, of the files that there are: their word stands in the log."""
    accepted = False
    for event in tools.store.downloads.events(download_id):
        if event.event == e.RetryRequested.__name__:
            accepted = bool(event.data.get("accept_damage"))
        elif event.event == e.ReleaseChosen.__name__:
            accepted = False
    return accepted


def _bytes_at(source: Path) -> int:
    """What is there of the download, by size: half a book must not become a book."""
    files = source.rglob("*") if source.is_dir() else [source]
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


def work_folder(tools: Tools, download_id: int, token: str) -> Path:
    """The folder of one claim; its name tells the sweeper whose it is."""
    return tools.settings.work_root / f"{download_id}-{token}"


def units_folder(tools: Tools, download_id: int) -> Path:
    """Where the parts of an encode that are finished outlive the claim: the next one goes on from there."""
    return tools.settings.work_root / f"{download_id}.units"


def _fresh_work_folder(tools: Tools, download_id: int, token: str) -> Path:
    """Our own empty folder; those of earlier claims are of no use, their workers are dead or fenced off."""
    for stale in tools.settings.work_root.glob(f"{download_id}-*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = work_folder(tools, download_id, token)
    folder.mkdir(parents=True)
    return folder


def recipe_of(result: ConvertResult) -> dict[str, Any]:
    """The result as JSON: enough to import it, and to tell for ever how it was made."""
    return {
        "path": str(result.path),
        "mode": result.mode,
        "duration_seconds": result.duration_seconds,
        "chapters": [asdict(chapter) for chapter in result.chapters],
        "chapters_from": result.chapters_from,
        "sha256": result.sha256,
        "size": result.size,
        "codec": result.codec,
        "bitrate_kbps": result.bitrate_kbps,
        "cover": str(result.cover) if result.cover else None,
        "companions": [str(path) for path in result.companions],
        "warnings": list(result.warnings),
        "recipe": result.recipe,
    }
