"""Bursts are fine, floods are not."""

from __future__ import annotations

from auralarchive.live.limits import MOST_KEYS, Bucket, Buckets


def test_a_bucket_lets_a_burst_through_and_then_a_rate() -> None:
    """Ten at once, then two a second."""
    bucket = Bucket(10, 2, 0.0)
    assert sum(bucket.take(0.0) for _ in range(50)) == 10
    assert sum(bucket.take(1.0) for _ in range(50)) == 2
    assert sum(bucket.take(1000.0) for _ in range(50)) == 10


def test_keys_do_not_share_and_are_forgotten() -> None:
    """Ever new peers cannot fill the memory."""
    buckets = Buckets(1, 1)
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.take("b", 0.0)
    for number in range(MOST_KEYS + 10):
        buckets.take(str(number), 0.0)
    assert len(buckets._buckets) == MOST_KEYS
