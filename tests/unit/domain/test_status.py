"""The words of the lifecycle and what they carry."""

from auralarchive.domain.status import DownloadStatus, Owner


def test_every_status_names_its_owner_and_only_settled_ones_are_nobodys() -> None:
    for status in DownloadStatus:
        assert status == status.value
        assert (status.owner is Owner.NOBODY) == status.terminal


def test_failed_statuses_are_known_by_their_name() -> None:
    failed = {status for status in DownloadStatus if status.failed}
    assert {status.name for status in failed} == {
        "SEARCH_FAILED",
        "DOWNLOAD_FAILED",
        "CONVERSION_FAILED",
        "IMPORT_FAILED",
    }
