"""Counters and timings of the service in Prometheus' format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ServiceMetrics:
    """All metrics of one application; of the photos they hold nothing but their number."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "maskwise_requests",
            "Requests by path and status",
            ("path", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "maskwise_request_seconds",
            "Seconds from the start of a request to its answer, by path",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self.photos = Counter(
            "maskwise_photos", "Photos by outcome: answered or unreadable", ("outcome",), registry=registry
        )
        self.batches = Histogram(
            "maskwise_batch_photos",
            "Photos per batch of the model",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=registry,
        )
        self.waiting = Gauge(
            "maskwise_photos_waiting", "Photos that are queued or computed", registry=registry
        )

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
