"""The parts of a running application that its routes share."""

from dataclasses import dataclass, field

from maskwise.serving.batching import Batcher
from maskwise.serving.decoding_budget import DecodingBudget
from maskwise.serving.limits import BusyError
from maskwise.serving.memory_budget import MemoryBudget
from maskwise.serving.pixel_limiter import PixelLimiter
from maskwise.serving.saliency import Explainer
from maskwise.serving.service import Service
from maskwise.serving.service_metrics import ServiceMetrics


@dataclass
class Runtime:
    """One application's service with its metrics, budgets and threads."""

    service: Service
    metrics: ServiceMetrics
    memory: MemoryBudget
    pixels: PixelLimiter
    decoding: DecodingBudget
    explainer: Explainer | None
    batcher: Batcher | None = field(default=None)  # between start-up and shutdown

    @property
    def ready(self) -> bool:
        """Whether photos are accepted."""
        return self.batcher is not None and self.batcher.alive

    def running_batcher(self) -> Batcher:
        """The batcher.

        Raises:
            BusyError: before the start-up is done, and after the shutdown has begun.
        """
        if self.batcher is None:
            raise BusyError
        return self.batcher


def create_runtime(service: Service) -> Runtime:
    """The runtime of a service, not started yet."""
    limits, pixels = service.limits, PixelLimiter(service.limits.pixels)
    explainer = (
        Explainer(service.explained, limits, pixels, service.predictor.face_finder)
        if service.explained
        else None
    )
    memory, decoding = MemoryBudget(limits.memory_bytes), DecodingBudget(limits)
    return Runtime(service, ServiceMetrics(), memory, pixels, decoding, explainer)
