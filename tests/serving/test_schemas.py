"""The service against its own OpenAPI page: whatever fits it, or nearly fits it, is answered as documented."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from maskwise.serving.app import create_app
from tests.opened import create_service


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_is_answered_as_documented(tiny_run: Path, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(create_service(tiny_run)))
    tested = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def answered(case: schemathesis.Case) -> None:
            # A body of the right shape may still hold no photo, and is then refused.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])
            tested.add(case.operation.label)

        if mode.is_positive or operation.body:  # what takes nothing can't be given anything wrong
            answered()
    assert tested >= {"POST /v1/predict", "POST /v1/explain"}
