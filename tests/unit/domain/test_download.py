"""The record of a download."""

from dataclasses import replace

from tests.support.records import a_download


def test_a_torrent_is_known_by_its_truncated_v2_hash_too() -> None:
    both = replace(a_download(), info_hash_v1="1" * 40, info_hash_v2="2" * 64)
    assert both.hashes == {"1" * 40, "2" * 64, "2" * 40}
    assert a_download().hashes == frozenset()
