"""Payloads that clients store by themselves: taken in, worked with, and not shown."""

import pytest

from dalsegno.errors import InvalidRequestError, PayloadTooLargeError
from dalsegno.models import Task, TaskResult, TaskResultStatus
from dalsegno_state.external_paths import PayloadType, new_path
from tests.engine.world import World, simple

INPUT = new_path(PayloadType.WORKFLOW_INPUT, b"i" * 16)
OUTPUT = new_path(PayloadType.TASK_OUTPUT, b"o" * 16)


def _report(world: World, task: Task, path: str, status: str = "COMPLETED") -> None:
    result = TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        status=TaskResultStatus(status),
        external_output_payload_storage_path=path,
    )
    world.engine.tasks.update(result)
    world.pump()


def _two_steps(world: World) -> None:
    world.register(
        simple("a", inputParameters={"order": "${workflow.input.order}"}),
        simple("b", inputParameters={"paid": "${a.output.paid}"}),
        outputParameters={"paid": "${a.output.paid}"},
    )


def test_input_is_read_where_the_client_has_put_it(world: World) -> None:
    _two_steps(world)
    world.ports.external.write(INPUT, b'{"order": 7}')

    workflow_id = world.start(externalInputPayloadStoragePath=INPUT)

    workflow = world.workflow(workflow_id)
    assert workflow.external_input_payload_storage_path == INPUT
    assert workflow.input == {}
    assert world.take("a").input_data == {"order": 7}


def test_what_the_client_writes_later_changes_nothing(world: World) -> None:
    _two_steps(world)
    world.ports.external.write(INPUT, b'{"order": 7}')
    workflow_id = world.start(externalInputPayloadStoragePath=INPUT)

    world.ports.external.write(INPUT, b'{"order": 8}')
    world.ports.external.remove(INPUT)
    world.terminate(workflow_id)
    world.restart(workflow_id)

    (task,) = world.poll("a", count=2)  # beside the message of the first run, which is stale
    assert task.input_data == {"order": 7}


def test_output_is_read_where_the_worker_has_put_it(world: World) -> None:
    _two_steps(world)
    workflow_id = world.start(inputs={"order": 7})
    world.ports.external.write(OUTPUT, b'{"paid": "yes"}')

    _report(world, world.take("a"), OUTPUT)

    task = world.task(workflow_id, "a")
    assert task.external_output_payload_storage_path == OUTPUT
    assert (task.status, task.output_data) == ("COMPLETED", {})
    assert world.take("b").input_data == {"paid": "yes"}


def test_a_repeated_report_is_acknowledged_when_its_output_is_gone(world: World) -> None:
    _two_steps(world)
    world.start()
    world.ports.external.write(OUTPUT, b'{"paid": "yes"}')
    task = world.take("a")
    _report(world, task, OUTPUT)

    world.ports.external.remove(OUTPUT)
    _report(world, task, OUTPUT)

    assert world.task(task.workflow_instance_id, "a").status == "COMPLETED"


@pytest.mark.parametrize(
    ("path", "stored", "named"),
    [
        ("/etc/passwd", None, "is not a path"),
        (OUTPUT, None, "nothing is stored"),
        (OUTPUT, b"[1]", "no JSON object"),
        (OUTPUT, b"{", "no JSON object"),
    ],
)
def test_a_report_without_sound_output_changes_nothing(
    world: World, path: str, stored: bytes | None, named: str
) -> None:
    _two_steps(world)
    world.start()
    task = world.take("a")
    if stored is not None:
        world.ports.external.write(path, stored)

    with pytest.raises(InvalidRequestError, match=f"externalOutputPayloadStoragePath.*{named}"):
        _report(world, task, path)

    assert world.task(task.workflow_instance_id, "a").status == "IN_PROGRESS"


def test_output_beyond_the_limit_fails_the_task_for_good(world: World) -> None:
    _two_steps(world)
    workflow_id = world.start()
    world.ports.external.write(OUTPUT, b'{"x": "' + b"x" * 10_485_760 + b'"}')

    _report(world, world.take("a"), OUTPUT)

    task = world.task(workflow_id, "a")
    assert task.status == "FAILED_WITH_TERMINAL_ERROR"
    assert "permissible limit: 10485760" in str(task.reason_for_incompletion)


def test_a_start_without_sound_input_starts_nothing(world: World) -> None:
    _two_steps(world)
    with pytest.raises(InvalidRequestError, match="externalInputPayloadStoragePath"):
        world.start(externalInputPayloadStoragePath=INPUT)

    world.ports.external.write(INPUT, b'{"x": "' + b"x" * 10_485_760 + b'"}')
    with pytest.raises(PayloadTooLargeError, match="externalInputPayloadStoragePath"):
        world.start(externalInputPayloadStoragePath=INPUT)

    assert world.poll("a") == []
