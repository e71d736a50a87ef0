"""Counts and times of a service, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ServiceMetrics:
    """Nothing about photos but how many there were."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "maskwise_requests",
            "Requests by what they asked for and how they ended",
            ("path", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "maskwise_request_seconds",
            "From the first byte to the last, by what was asked for",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self.photos = Counter("maskwise_photos", "Photos by how they ended", ("outcome",), registry=registry)
        self.batches = Histogram(
            "maskwise_batch_photos",
            "Photos that were computed together",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=registry,
        )
        self.waiting = Gauge(
            "maskwise_photos_waiting", "Photos that wait or are worked on", registry=registry
        )

    def text(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)
