"""Counters for Prometheus, in a registry of their own: two applications in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

#: Name of a gauge -> (its help, the name of its one label, label -> value at this moment).
Gauges = Callable[[], Mapping[str, tuple[str, str, Mapping[str, float]]]]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What is counted as it happens, and what is read when somebody asks."""

    def __init__(self, gauges: Gauges | None = None) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "auralarchive_http_requests", "HTTP requests.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "auralarchive_http_request_seconds",
            "Seconds until an answer was sent.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        if gauges is not None:
            self._registry.register(_Gauges(gauges))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request; `route` is the pattern, not the path."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def render(self) -> tuple[bytes, str]:
        """The exposition and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Gauges(Collector):
    def __init__(self, read: Gauges) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for name, (words, label, values) in self._read().items():
            family = GaugeMetricFamily(name, words, labels=(label,))
            for value_of, value in values.items():
                family.add_metric((value_of,), value)
            yield family

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: the values are only known when asked for."""
        return iter(())
