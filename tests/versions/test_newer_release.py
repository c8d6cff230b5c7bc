"""What a newer release stores and sends is kept, or left to it: never lost, and never changed."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="moto is not installed")
pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from moto import mock_aws

from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_functions.function_results import read_result
from dalsegno_functions.sweeper import sweep
from dalsegno_functions.triggers import trigger_of
from dalsegno_state.aws.bodies import decode_body
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.codec import pack, unpack
from dalsegno_state.aws.items import task_key, workflow_key
from dalsegno_state.events import decode_message
from dalsegno_state.incoming_event import decode_incoming_event
from dalsegno_state.ports import Ports
from dalsegno_state.sqlite import open_ports
from dalsegno_state.versions import FORMAT, NewerVersionError
from dalsegno_state.writes import CreateTask, ReplaceTask, UpdateWorkflow
from tests.aws.deployment import REGION, deployed, settings_of
from tests.builders import NOW, a_task, a_workflow_state
from tests.clock import ManualClock
from tests.versions.samples import messages

NEWER: dict[str, Any] = {"zz": 1, "zy": ["a", {"b": None}], "zx*": ["w1/abc", 7]}
READERS: dict[str, Callable[[str], object]] = {
    "_evaluator": decode_message,
    "_results": read_result,
    "_events": decode_incoming_event,
    "_triggers": trigger_of,
    "timers": decode_body,
}


@dataclass(frozen=True)
class Shelf:
    """A store, and its documents as a newer version could write them.

    Attributes:
        status: The name of a status in a document.
    """

    ports: Ports
    status: str
    read: Callable[[str], dict[str, Any]]
    write: Callable[[str, dict[str, Any]], None]

    def add(self, kind: str, **newer: Any) -> None:
        """Change fields of the stored workflow or task, whichever ``kind`` says."""
        self.write(kind, {**self.read(kind), **newer})


@pytest.fixture(params=["sqlite", "aws"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """Give a store with one workflow and one task of it."""
    if request.param == "sqlite":
        ports = open_ports(tmp_path, ManualClock())
        shelf = _on_sqlite(ports, tmp_path / "dalsegno.db")
        _fill(ports)
        yield shelf
        ports.close()
        return
    with mock_aws(), deployed("test", ManualClock(), None) as aws_ports:
        _fill(aws_ports)
        yield _on_aws(aws_ports)


def test_unknown_fields_are_written_back_as_they_were(shelf: Shelf) -> None:
    shelf.add("workflow", **NEWER)
    shelf.add("task", **NEWER)
    state = shelf.ports.state
    workflow, task = state.workflow("w1"), state.tasks("w1", ["charge"])["charge"]
    assert workflow is not None

    changed = replace(workflow, reason="why", revision=1)
    started = replace(task, status=TaskStatus.IN_PROGRESS, revision=1)
    assert state.commit([UpdateWorkflow(changed, 0)]) is None
    assert state.commit([ReplaceTask(started, task.task_id, 0)]) is None

    assert state.workflow("w1") == changed
    assert state.tasks("w1", ["charge"])["charge"] == started
    for kind in ("workflow", "task"):
        assert shelf.read(kind).items() >= NEWER.items()


def test_references_to_secrets_in_unknown_fields_stay_what_they_are(shelf: Shelf) -> None:
    text = "${workflow.secrets.KEY}"
    marks = "sx" if shelf.status == "s" else "secrets"
    shelf.add("workflow", zz=text, **{marks: [[["zz"], [[0, len(text)]]]]})
    workflow = shelf.ports.state.workflow("w1")
    assert workflow is not None

    shelf.ports.state.commit([UpdateWorkflow(replace(workflow, revision=1), 0)])

    assert shelf.read("workflow")[marks] == [[["zz"], [[0, len(text)]]]]


@pytest.mark.parametrize("kind", ["workflow", "task"])
def test_unknown_status_is_left_to_the_newer_version(shelf: Shelf, kind: str) -> None:
    shelf.add(kind, **{shelf.status: "DREAMING"})
    before = shelf.read(kind)

    with pytest.raises(NewerVersionError, match="DREAMING") as refused:
        _look(shelf.ports, kind)

    assert (refused.value.status, refused.value.retryable) == (503, True)
    assert shelf.read(kind) == before


def test_unknown_shape_of_a_known_field_is_left_to_the_newer_version(shelf: Shelf) -> None:
    name = "mb" if shelf.status == "s" else "membership"
    shelf.add("task", **{name: ["join", 1, 2, "more"]})

    with pytest.raises(NewerVersionError):
        _look(shelf.ports, "task")


def test_workflow_of_a_newer_format_is_refused_and_never_changed() -> None:
    with mock_aws(), deployed("test", ManualClock(), None) as ports:
        _fill(ports)
        client, table = Clients(REGION).dynamodb, settings_of("test").execution_table
        item = {**client.get_item(TableName=table, Key=workflow_key("w1"))["Item"]}
        assert item["fm"] == {"N": str(FORMAT)}
        item["fm"] = {"N": str(FORMAT + 1)}
        client.put_item(TableName=table, Item=item)

        with pytest.raises(NewerVersionError, match=f"format {FORMAT + 1}") as refused:
            ports.state.workflow("w1")
        with pytest.raises(NewerVersionError):
            ports.state.create_workflow(a_workflow_state())

        assert (refused.value.status, refused.value.retryable) == (503, True)
        assert client.get_item(TableName=table, Key=workflow_key("w1"))["Item"] == item


def test_workflow_of_a_newer_format_keeps_no_other_from_being_swept() -> None:
    with mock_aws(), deployed("test", ManualClock(), None) as ports:
        for name in ("w1", "w2"):
            ports.state.create_workflow(a_workflow_state(name, wake_at=NOW - 3_600_000))
        client, table = Clients(REGION).dynamodb, settings_of("test").execution_table
        item = {**client.get_item(TableName=table, Key=workflow_key("w1"))["Item"]}
        client.put_item(TableName=table, Item={**item, "fm": {"N": "9"}})

        assert sweep(ports).due == 2


@pytest.mark.parametrize("queue", sorted(READERS))
def test_message_that_says_more_is_left_to_the_newer_version(queue: str) -> None:
    for body in messages()[queue]:
        with pytest.raises(NewerVersionError):
            READERS[queue](_newer(queue, body))


def test_unknown_kind_of_event_is_left_to_the_newer_version() -> None:
    with pytest.raises(NewerVersionError, match="evaluator queue"):
        decode_message('{"workflow_id": "w1", "event": {"kind": "dream"}}')


def _newer(queue: str, body: str) -> str:
    if queue == "timers":
        parts = json.loads(body.removeprefix("timer:"))
        return "timer:" + json.dumps([*parts, "more"])
    document = json.loads(body)
    if queue == "_results":  # like Conductor's, whose unknown fields are ignored
        return json.dumps({**document, "status": "DREAMING"})
    return json.dumps({**document, "zz": 1})


def _fill(ports: Ports) -> None:
    ports.state.create_workflow(a_workflow_state(status=WorkflowStatus.RUNNING))
    ports.state.commit([CreateTask(a_task())])


def _look(ports: Ports, kind: str) -> None:
    if kind == "workflow":
        ports.state.workflow("w1")
    else:
        ports.state.tasks("w1", ["charge"])


def _on_sqlite(ports: Ports, path: Path) -> Shelf:
    def read(kind: str) -> dict[str, Any]:
        with closing(sqlite3.connect(path)) as connection, connection:
            rows = connection.execute(f"SELECT document FROM {kind}s")  # noqa: S608  # ours
            (text,) = rows.fetchone()
        document: dict[str, Any] = json.loads(text)
        return document

    def write(kind: str, document: dict[str, Any]) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            statement = f"UPDATE {kind}s SET document = ?"  # noqa: S608  # ours
            connection.execute(statement, (json.dumps(document),))

    return Shelf(ports, "status", read, write)


def _on_aws(ports: Ports) -> Shelf:
    client, table = Clients(REGION).dynamodb, settings_of("test").execution_table
    keys = {"workflow": workflow_key("w1"), "task": task_key("w1", "charge")}

    def item(kind: str) -> dict[str, Any]:
        return dict(client.get_item(TableName=table, Key=keys[kind])["Item"])

    def read(kind: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(unpack(item(kind)["d"]))
        return document

    def write(kind: str, document: dict[str, Any]) -> None:
        client.put_item(TableName=table, Item={**item(kind), "d": pack(json.dumps(document))})

    return Shelf(ports, "s", read, write)
