"""Counters for Prometheus."""

from __future__ import annotations

from auralarchive.observability.metrics import Metrics


def test_requests_and_gauges_are_shown() -> None:
    """What was counted, and what is read at that moment."""
    metrics = Metrics(lambda: {"auralarchive_downloads": ("Downloads by status.", "status", {"QUEUED": 3.0})})
    metrics.request("GET", "/api/x", 200, 0.01)
    metrics.request("NONSENSE", "/api/x", 405, 0.01)
    text, content_type = metrics.render()
    assert b'auralarchive_http_requests_total{method="GET",route="/api/x",status="200"} 1.0' in text
    assert b'method="other"' in text
    assert b'auralarchive_downloads{status="QUEUED"} 3.0' in text
    assert content_type.startswith("text/plain")


def test_two_applications_do_not_mix() -> None:
    """Each has a registry of its own."""
    one, two = Metrics(), Metrics()
    one.request("GET", "/only-one", 200, 0.01)
    assert b"only-one" not in two.render()[0]
