"""Scores and their intervals as pure functions on arrays: no file, no plot, no run.

The names below can be used with any model's predictions; nothing is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskwise.metrics.comparison import Comparison, compare, compare_scores, judge_together
    from maskwise.metrics.expected_cost import least_cost_decision
    from maskwise.metrics.group_intervals import macro_f1_interval, score_interval
    from maskwise.metrics.interval import Interval
    from maskwise.metrics.measures import Measure, create_measure
    from maskwise.metrics.multiple_testing import adjust_p_values

__all__ = [
    "Comparison",
    "Interval",
    "Measure",
    "adjust_p_values",
    "compare",
    "compare_scores",
    "create_measure",
    "judge_together",
    "least_cost_decision",
    "macro_f1_interval",
    "score_interval",
]

_MODULE_OF = {
    "Comparison": "comparison",
    "Interval": "interval",
    "Measure": "measures",
    "adjust_p_values": "multiple_testing",
    "compare": "comparison",
    "compare_scores": "comparison",
    "create_measure": "measures",
    "judge_together": "comparison",
    "least_cost_decision": "expected_cost",
    "macro_f1_interval": "group_intervals",
    "score_interval": "group_intervals",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names above
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
