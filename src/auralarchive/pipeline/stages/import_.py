"""IMPORTING: publish the book into the library, all of it or nothing, and keep its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.status import DownloadType
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.released import book_of, manifest_of
from auralarchive.pipeline.tools import Job, Tools
from auralarchive.ports.errors import NeedsPerson
from auralarchive.ports.library import ImportRequest


def run(job: Job, tools: Tools) -> e.Event:
    """`ImportDone`. Raises `ports.errors.AuralError`."""
    download = job.download
    recipe = tools.store.recipes.get(download.id)
    if recipe is None or not Path(recipe["path"]).is_file():
        raise NeedsPerson("The converted file is gone.", "Retry to download it again.", kind=FailureKind.SOURCE_LOST)
    book = book_of(download, manifest_of(download, tools))
    failpoint("import.before_publish_book")
    published = tools.library.publish(
        _request(job, book, recipe), lambda part: tools.live.progress(download.id, part), job.cancel
    )
    failpoint("import.book_published")
    tools.store.books.save(
        download.id,
        book,
        published.files,
        recipe["duration_seconds"],
        recipe["chapters"],
        tools.clock.now(),
        token=job.token,
    )
    failpoint("import.manifest_saved")
    tools.library.discard(job.token)  # the manifest knows now what the note told
    method = published.files[0].method
    return e.ImportDone(str(published.path), len(published.files), method, _source_may_go(download, tools))


def _source_may_go(download: Download, tools: Tools) -> bool:
    """Torrents stay for others until their goal is met; of what nobody is seeded from, the book is all we want."""
    return (
        tools.settings.remove_unseeded
        and download.download_type is not DownloadType.TORRENT
        and download.download_client_id is not None
        and not download.adopted
    )


def _request(job: Job, book: Book, recipe: Mapping[str, Any]) -> ImportRequest:
    return ImportRequest(
        download_id=job.download.id,
        token=job.token,
        book=book,
        audio=Path(recipe["path"]),
        audio_sha256=recipe["sha256"],
        private=recipe["mode"] != "keep",
        cover=Path(recipe["cover"]) if recipe["cover"] else None,
        companions=tuple(Path(path) for path in recipe["companions"]),
        keeps_note=True,
    )
