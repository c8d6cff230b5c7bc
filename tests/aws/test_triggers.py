"""Triggers on AWS: one execution, and no call that the function has no right to."""

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno.errors import InvalidRequestError
from dalsegno.models import WorkflowDef
from dalsegno_functions.triggers import trigger_of
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.sandbox import SandboxedScripts
from tests.aws.deployment import deployed, settings_of
from tests.clock import ManualClock
from tests.cloud.strict import StrictCloud, strict_cloud
from tests.engine.world import ScriptedHttp

GONE = "workflow/input/0190f000-0000-4000-8000-000000000000.json"


@pytest.fixture
def cloud() -> StrictCloud:
    return strict_cloud(settings_of("triggers"))


@pytest.fixture
def engine(scripts: SandboxedScripts, cloud: StrictCloud) -> Iterator[Engine]:
    with mock_aws(), deployed("triggers", ManualClock(), None, cloud) as ports:
        engine = Engine(ports, scripts, ScriptedHttp())
        definition = {
            "name": "order",
            "version": 1,
            "tasks": [{"name": "step", "taskReferenceName": "step"}],
            "rateLimitConfig": {"rateLimitKey": "orders", "concurrentExecLimit": 1},
        }
        engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition), overwrite=True)
        # As the stack makes it.
        ports.queues.receive(EVALUATOR_QUEUE, count=1, wait_seconds=0, visibility_seconds=1)
        yield engine


def test_a_message_that_comes_twice_starts_one_workflow(engine: Engine, cloud: StrictCloud) -> None:
    with cloud.running("Triggers"):
        first, second = (engine.triggers.start(trigger_of(_message(size=size))) for size in (1, 2))

    assert first == second
    assert engine.queries.workflow(first, include_tasks=True).input == {"order": "x"}


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_trigger_asks_for_nothing_that_it_may_not(
    engine: Engine, cloud: StrictCloud, size: int
) -> None:
    """Whatever it starts has a key and a rate limit; the second has to wait for the first."""
    with cloud.running("Triggers"):
        started = [
            engine.triggers.start(trigger_of(_message(size, idempotencyKey=key))) for key in "ab"
        ]

    assert len(set(started)) == 2


def test_a_trigger_learns_that_its_payload_is_gone(engine: Engine, cloud: StrictCloud) -> None:
    request = {"name": "order", "externalInputPayloadStoragePath": GONE}
    at = "2026-03-01T12:00:00Z"
    message = json.dumps({"identity": "gone", "at": at, "request": request})

    with cloud.running("Triggers"), pytest.raises(InvalidRequestError):
        engine.triggers.start(trigger_of(message))


def _message(size: int, **options: str) -> str:
    request = {"name": "order", "input": {"order": "x" * size}, **options}
    at = "2026-03-01T12:00:00Z"
    identity = f"schedule/{at}/{options}"
    return json.dumps({"identity": identity, "at": at, "request": request})
