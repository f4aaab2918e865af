"""The API against its own description: whatever is sent, the answer is one that the description knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.web import API_KEY, World, make_world, serving

#: Whether a body that fits the schema is accepted is not asked: some rules are beyond a schema.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer("application/zip")
def _packed(ctx: object, value: Any) -> bytes:
    """What stands for a backup is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(make_world(tmp_path_factory.mktemp("fuzz"))) as running:
        yield running


def fuzz(world: World, mode: GenerationMode, examples: int) -> int:
    """Send `examples` requests to every operation; returns how many operations there were to ask."""
    schema = schemathesis.openapi.from_dict(world.keyed().get("/api/openapi.json").json())
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    sent = 0
    for operation in operations:

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            headers = {"X-Api-Key": API_KEY}
            case.call_and_validate(base_url=world.url, headers=headers, checks=CHECKS, timeout=20)

        try:
            send()
        except Unsatisfiable:
            continue  # an operation that takes nothing cannot be asked wrongly
        sent += 1
    return sent


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described(world: World, mode: GenerationMode) -> None:
    """A few examples each, what fits and what does not."""
    assert fuzz(world, mode, 3) > 20


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described_at_length(world: World, mode: GenerationMode) -> None:
    """The same with many."""
    assert fuzz(world, mode, 200) > 20
