"""Lines of the log as browsers hear of them."""

from __future__ import annotations

import pytest

from auralarchive.domain.status import DownloadStatus as S
from auralarchive.live.messages import messages_of, progress_rows, told
from auralarchive.pipeline.live import Live
from auralarchive.ports.store import LoggedEvent
from tests.support.records import NOON


def line(event: str, old: S | None, new: S, seq: int = 9, reason: str | None = None) -> LoggedEvent:
    return LoggedEvent(seq, 4, 2, event, old, new, reason, NOON, {})


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (line("Enqueued", None, S.QUEUED), ["queue:item_added", "download:state_changed"]),
        (line("SearchStarted", S.QUEUED, S.SEARCHING), ["download:state_changed"]),
        (line("SentToClient", S.FOUND, S.DOWNLOADING), ["download:started", "download:state_changed"]),
        (line("DownloadCompleted", S.DOWNLOADING, S.COMPLETE), ["download:completed", "download:state_changed"]),
        (line("StageFailed", S.CONVERTING, S.CONVERSION_FAILED), ["download:failed", "download:state_changed"]),
        (line("PausedInClient", S.DOWNLOADING, S.PAUSED), ["download:paused", "download:state_changed"]),
        (line("ResumeRequested", S.PAUSED, S.QUEUED), ["download:resumed", "download:state_changed"]),
        (line("CancelRequested", S.QUEUED, S.CANCELLED), ["download:cancelled", "download:state_changed"]),
        (line("Waiting", S.QUEUED, S.QUEUED), []),
    ],
)
def test_every_line_says_what_it_means(event: LoggedEvent, names: list[str]) -> None:
    """And that the status changed, where it did."""
    assert [name for name, _ in messages_of(event, str)] == names


def test_a_batch_ends_with_what_has_changed() -> None:
    """Also where only a reason is new; each download once."""
    messages = told([line("Waiting", S.QUEUED, S.QUEUED, 5), line("Waiting", S.QUEUED, S.QUEUED, 6)], str)
    assert messages == [("queue:updated", {"download_ids": [4], "seq": 6})]


def test_reasons_are_redacted() -> None:
    """They quote other programs."""
    messages = told([line("StageFailed", S.FOUND, S.DOWNLOAD_FAILED, reason="key CANARY")], lambda _: "***")
    assert "CANARY" not in str(messages)


def test_only_what_moved_is_told() -> None:
    """A thousand torrents that stand still are no rows."""
    before = {1: Live(10.0), 2: Live(20.0)}
    rows = progress_rows({1: Live(10.0), 2: Live(21.0, 500), 3: Live(0.0)}, before)
    assert [row["download_id"] for row in rows] == [2, 3]
    assert set(rows[0]) == {
        *("download_id", "progress", "speed_bps", "eta_seconds", "downloaded_bytes", "total_bytes"),
        *("seeding_ratio", "seeding_seconds"),
    }


def test_what_only_grows_older_is_told_once_a_minute() -> None:
    """Ten thousand books that seed would be ten thousand rows a second; a better ratio is told at once."""
    before = {1: Live(100.0, seeding_ratio=0.501, seeding_seconds=61)}
    assert progress_rows({1: Live(100.0, seeding_ratio=0.502, seeding_seconds=62)}, before) == []
    assert (
        progress_rows({1: Live(100.0, seeding_ratio=0.501, seeding_seconds=120)}, before)[0]["seeding_seconds"] == 120
    )
    assert progress_rows({1: Live(100.0, seeding_ratio=0.514, seeding_seconds=62)}, before)[0]["seeding_ratio"] == 0.51
