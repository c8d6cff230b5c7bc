"""What the last release stored and sent is read by this one: see ``record``."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytest.importorskip("moto", reason="moto is not installed")
pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from moto import mock_aws

from dalsegno_functions.function_results import read_result
from dalsegno_functions.triggers import trigger_of
from dalsegno_state.aws.bodies import decode_body
from dalsegno_state.aws.client import Clients
from dalsegno_state.events import decode_message
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.incoming_event import decode_incoming_event
from dalsegno_state.ports import Ports
from dalsegno_state.sqlite import open_ports
from dalsegno_state.writes import ReplaceTask, UpdateWorkflow
from tests.aws.deployment import REGION, deployed, settings_of
from tests.builders import NOW
from tests.clock import ManualClock
from tests.versions import samples
from tests.versions.record import PLACE, RECORDED, TABLES

State = TypeVar("State", WorkflowState, TaskState)

READERS = {
    "_evaluator": decode_message,
    "_results": read_result,
    "_events": decode_incoming_event,
    "_triggers": trigger_of,
    "timers": decode_body,
}


@pytest.fixture(params=["sqlite", "aws"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    """Give ports on what the last release has stored."""
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "dalsegno.db")) as connection:
            connection.executescript((RECORDED / "database.sql").read_text())
        ports = open_ports(tmp_path, ManualClock())
        yield ports
        ports.close()
        return
    with mock_aws(), deployed(PLACE, ManualClock(), None) as aws_ports:
        settings, client = settings_of(PLACE), Clients(REGION).dynamodb
        recorded = json.loads((RECORDED / "items.json").read_text(), object_hook=_bytes)
        for table in TABLES:
            for item in recorded[table]:
                client.put_item(TableName=getattr(settings, table), Item=item)
        yield aws_ports


def test_workflows_and_tasks_are_read_as_they_were_meant(ports: Ports) -> None:
    workflows, tasks = samples.stored(ports)

    assert workflows == [_recorded(workflow) for workflow in samples.WORKFLOWS]
    assert sorted(tasks, key=_ref) == sorted(map(_recorded, samples.TASKS), key=_ref)
    assert list(ports.state.attempts("w-full")) == [_recorded(samples.ATTEMPT)]
    assert ports.state.arrivals("w-full", "join", "").members == {samples.ARRIVAL.member}


def test_workflows_and_tasks_are_changed(ports: Ports) -> None:
    workflows, tasks = samples.stored(ports)

    lost = [
        *(ports.state.commit([UpdateWorkflow(each, each.revision)]) for each in workflows),
        *(ports.state.commit([ReplaceTask(each, each.task_id, each.revision)]) for each in tasks),
    ]

    assert lost == [None] * len(lost)
    assert samples.stored(ports) == (workflows, tasks)


def test_what_stands_beside_executions_is_read(ports: Ports) -> None:
    document = ports.documents.get("event-handler", "h")

    assert document is not None
    assert document.body == {"name": "h"}
    assert ports.definitions.workflow_def("order") == samples.WORKFLOW_DEF
    assert ports.definitions.task_def("charge") == samples.TASK_DEF
    assert ports.definitions.snapshot("abc") == b"{}"
    assert ports.logs.lines("w-full", samples.ATTEMPT.task_id) == [samples.LOG]
    assert ports.polls.polls() == [samples.POLL]


def test_limits_still_hold_what_was_taken(ports: Ports) -> None:
    now = NOW
    slot = ports.limits.acquire_slot("charge", "another", limit=1, until=now + 9, now=now)
    retry_at = ports.limits.acquire_rate("charge", limit=1, window_ms=60_000, now=now)

    assert not slot
    assert retry_at is not None


@pytest.mark.parametrize("queue", sorted(READERS))
def test_messages_are_read_as_they_are_when_sent_now(queue: str) -> None:
    recorded = json.loads((RECORDED / "messages.json").read_text())[queue]
    read = READERS[queue]

    assert recorded
    assert [read(body) for body in recorded] == [read(body) for body in samples.messages()[queue]]


@pytest.mark.parametrize("full", [samples.WORKFLOWS[1], samples.TASKS[1]], ids=["workflow", "task"])
def test_samples_set_every_field(full: WorkflowState | TaskState) -> None:
    unset = {name for name, default in _defaults(full).items() if getattr(full, name) == default}

    assert unset == {"unread"}


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def _recorded(sample: State) -> State:
    """Return a sample as it was recorded: fields that are newer hold their defaults."""
    known = json.loads((RECORDED / "fields.json").read_text())[type(sample).__name__]
    newer = {name: value for name, value in _defaults(sample).items() if name not in known}
    return replace(sample, **newer)


def _defaults(state: WorkflowState | TaskState) -> dict[str, Any]:
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(state)
    }


def _ref(task: TaskState) -> str:
    return task.ref
