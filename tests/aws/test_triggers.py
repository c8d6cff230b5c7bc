"""Triggers on AWS: one execution, and no call that the function has no right to."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno.models import WorkflowDef
from dalsegno_functions.triggers import trigger_of
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.sandbox import SandboxedScripts
from tests.aws.deployment import deployed
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

# Of what ``Rights.trigger`` grants; batches are asked for under the names of their members.
GRANTED = {
    ("dynamodb", "GetItem"),
    ("dynamodb", "PutItem"),
    ("dynamodb", "Query"),
    ("s3", "PutObject"),
    ("sqs", "GetQueueUrl"),
    ("sqs", "SendMessageBatch"),
}


@pytest.fixture
def called() -> set[tuple[str, str]]:
    """What was asked of AWS, by service and operation."""
    return set()


@pytest.fixture
def engine(scripts: SandboxedScripts, called: set[tuple[str, str]]) -> Iterator[Engine]:
    def watch(client: Any) -> None:
        service = client.meta.service_model.service_name
        client.meta.events.register(
            "before-call", lambda model, **_: called.add((service, model.name))
        )

    with mock_aws(), deployed("triggers", ManualClock(), None, [watch]) as ports:
        engine = Engine(ports, scripts, ScriptedHttp())
        step = {"name": "step", "taskReferenceName": "step"}
        definition = {"name": "order", "version": 1, "tasks": [step]}
        engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition), overwrite=True)
        ports.queues.receive(EVALUATOR_QUEUE, count=1, wait_seconds=0, visibility_seconds=1)
        called.clear()
        yield engine


def test_a_message_that_comes_twice_starts_one_workflow(engine: Engine) -> None:
    first, second = (engine.triggers.start(trigger_of(_message(size=size))) for size in (1, 2))

    assert first == second
    assert engine.queries.workflow(first, include_tasks=True).input == {"order": "x"}


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_trigger_asks_for_nothing_that_it_may_not(
    engine: Engine, called: set[tuple[str, str]], size: int
) -> None:
    engine.triggers.start(trigger_of(_message(size)))

    assert called <= GRANTED


def _message(size: int) -> str:
    request = {"name": "order", "input": {"order": "x" * size}}
    at = "2026-03-01T12:00:00Z"
    return json.dumps({"identity": f"schedule/{at}", "at": at, "request": request})
