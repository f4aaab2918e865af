"""SEARCHING: ask the indexers for a wanted book and take the best release that fits."""

from __future__ import annotations

from dataclasses import dataclass

from auralarchive.domain import events as e
from auralarchive.domain.book import Book, is_real_asin
from auralarchive.domain.download import Download
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.commands import chosen_event
from auralarchive.pipeline.searching import SearchReport
from auralarchive.pipeline.tools import Job, Tools


def run(job: Job, tools: Tools) -> e.Event:
    """`ReleaseChosen`, or `StageFailed` with what the indexers said."""
    download = job.download
    failpoint("search.before")
    report = tools.searcher.search(query_for(download.book), cancel=job.cancel)
    failpoint("search.after")
    spent = _already_tried(download, tools)
    usable = _usable(report.results, tools)
    fitting = [r for r in usable if _fits(r, tools.settings.minimum_match_score) and r not in spent]
    if fitting:
        best = max(fitting, key=lambda release: (round(release.match_score / 10), release.quality_score))
        return chosen_event(best, tools.goals)
    return e.StageFailed(_nothing(report, bool(spent.offers)))


def query_for(book: Book) -> SearchQuery:
    """What to ask for a book: its ASIN only where it is a real one."""
    return SearchQuery(
        title=book.title,
        author=book.author,
        narrator=book.narrator,
        asin=book.asin if is_real_asin(book.asin) else None,
        language=book.language,
    )


def _usable(releases: tuple[Release, ...], tools: Tools) -> tuple[Release, ...]:
    """Those of a kind that a client takes: an NZB is no choice where there are torrent clients only.

    Without any client all stay: then the grab says what is missing.
    """
    kinds = {kind for client in tools.clients.all() for kind in client.protocols}
    return tuple(release for release in releases if release.download_type in kinds) if kinds else releases


def _fits(release: Release, minimum: float) -> bool:
    return not release.rejections and release.match_score >= minimum


@dataclass(frozen=True, slots=True)
class _Spent:
    """What a download has had before: a release that failed is not grabbed for ever.

    From the log, which outlives the search results: by the time that a torrent has stalled for a week, the
    result that it came from is forgotten.
    """

    offers: frozenset[tuple[str | None, str | None, int | None]]
    hashes: frozenset[str]
    releases: tuple[Release, ...]

    def __contains__(self, release: Release) -> bool:
        return (
            (release.title, release.indexer, release.size) in self.offers
            or release.info_hash in self.hashes
            or any(_same(release, other) for other in self.releases)
        )


def _already_tried(download: Download, tools: Tools) -> _Spent:
    log = tools.store.downloads.events(download.id)
    chosen = [row.data for row in log if row.event == "ReleaseChosen"]
    stored = [row.data for row in log if row.event == "PayloadStored"]
    found = (tools.store.releases.get(str(data["release_id"])) for data in chosen if data.get("release_id"))
    return _Spent(
        frozenset((data.get("release_title"), data.get("indexer"), data.get("size")) for data in chosen),
        frozenset(str(data[key]) for data in stored for key in ("info_hash_v1", "info_hash_v2") if data.get(key)),
        tuple(release for release in found if release is not None),
    )


def _same(release: Release, other: Release) -> bool:
    return (
        release.download_url == other.download_url
        or (release.info_hash is not None and release.info_hash == other.info_hash)
        or (release.guid is not None and (release.guid, release.indexer) == (other.guid, other.indexer))
    )


def _nothing(report: SearchReport, tried: bool) -> Failure:
    if not report.indexers:
        return Failure(
            FailureKind.NOTHING_FOUND,
            "No indexer is enabled.",
            "Add one in the settings, then retry.",
            Disposition.NEEDS_PERSON,
        )
    silent = [outcome for outcome in report.indexers if outcome.status != "ok"]
    if len(silent) == len(report.indexers):
        said = "; ".join(f"{outcome.name}: {outcome.error}" for outcome in silent)
        return Failure(
            FailureKind.INDEXERS_UNREACHABLE,
            f"No indexer could be asked ({said}).",
            "It is tried again by itself.",
            Disposition.TRANSIENT,
        )
    what = "Nothing else that fits was found" if tried else "Nothing that fits was found"
    return Failure(
        FailureKind.NOTHING_FOUND,
        f"{what} among {len(report.results)} results.",
        "Pick a release by hand on the search page, or search for it again.",
        Disposition.TRANSIENT,
    )
