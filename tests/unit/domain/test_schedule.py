"""When failed stages are tried again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auralarchive.domain.download import Attempts
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.schedule import RetryPolicy, attempts_of, backoff
from auralarchive.domain.status import DownloadStatus, Stage
from tests.support.records import NOON, a_download

LIMITS = {Stage.SEARCH: 3, Stage.DOWNLOAD: 2, Stage.CONVERSION: 1, Stage.IMPORT: 2}
POLICY = RetryPolicy(LIMITS)


def failure(disposition: Disposition, kind: FailureKind = FailureKind.ENCODER_FAILED) -> Failure:
    return Failure(kind, "It failed.", "", disposition)


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        (DownloadStatus.SEARCHING, "search"),
        (DownloadStatus.FOUND, "download"),
        (DownloadStatus.CONVERTING, "conversion"),
        (DownloadStatus.IMPORTING, "import_"),
    ],
)
def test_each_stage_has_a_limit_of_its_own(status: DownloadStatus, stage: str) -> None:
    limit = LIMITS[status.stage]
    below = replace(a_download(status), attempts=Attempts(**{stage: limit - 1}))
    at = replace(a_download(status), attempts=Attempts(**{stage: limit}))
    transient = failure(Disposition.TRANSIENT)
    assert POLICY.retry_at(below, transient, NOON, 0.0) is not None
    assert POLICY.retry_at(at, transient, NOON, 0.0) is None
    assert attempts_of(at.attempts, status.stage) == limit


def test_only_what_time_can_mend_is_tried_again() -> None:
    download = a_download(DownloadStatus.CONVERTING)
    assert POLICY.retry_at(download, failure(Disposition.PERMANENT), NOON, 0.0) is None
    assert POLICY.retry_at(download, failure(Disposition.NEEDS_PERSON), NOON, 0.0) is None


def test_a_full_disk_is_waited_for_however_long_it_takes() -> None:
    worn = replace(a_download(DownloadStatus.CONVERTING), attempts=Attempts(conversion=99))
    assert POLICY.retry_at(worn, failure(Disposition.TRANSIENT, FailureKind.NO_SPACE), NOON, 0.0) is not None


def test_a_full_disk_is_asked_ever_less_often_but_every_quarter_of_an_hour() -> None:
    """Its waits do not depend on what failed before: they grow by themselves, and not for ever."""
    full = failure(Disposition.TRANSIENT, FailureKind.NO_SPACE)
    waits = []
    for number in (0, 1, 2, 3, 4, 100):
        worn = replace(a_download(DownloadStatus.CONVERTING), attempts=Attempts(conversion=9, surroundings=number))
        again = POLICY.retry_at(worn, full, NOON, 0.0)
        assert again is not None
        waits.append((again - NOON).total_seconds())
    assert waits == [60, 120, 240, 480, 900, 900]


def test_waits_grow_and_are_scattered_and_scaled() -> None:
    transient = failure(Disposition.TRANSIENT)
    first = POLICY.retry_at(a_download(), transient, NOON, 0.0)
    second = POLICY.retry_at(replace(a_download(), attempts=Attempts(search=1)), transient, NOON, 0.0)
    scattered = POLICY.retry_at(a_download(), transient, NOON, 1.0)
    assert first == NOON + timedelta(seconds=60)
    assert second == NOON + timedelta(seconds=300)
    assert scattered == NOON + timedelta(seconds=66)
    assert RetryPolicy(LIMITS, scale=0.5).retry_at(a_download(), transient, NOON, 0.0) == NOON + timedelta(seconds=30)


def test_a_failing_neighbour_is_left_alone_ever_longer_but_not_for_ever() -> None:
    waits = [backoff(failures, first=2.0, most=60.0) for failures in range(1, 1000)]
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(waits) == 60.0
