"""What only a newer version can read is left as it is, and holds up nothing else."""

from dataclasses import replace
from sqlite3 import Connection

import pytest

from dalsegno_state.execution import Operation
from dalsegno_state.sqlite.state import SqliteStateStore
from dalsegno_state.versions import NewerVersionError
from dalsegno_state.waking import MAX_FAILED_WAKES
from dalsegno_state.writes import UpdateWorkflow
from tests.engine.world import World, done, simple


def give_status(world: World, table: str, workflow_id: str, status: str) -> None:
    """Write a status into the stored workflow or its tasks, known to this version or not."""
    state = world.ports.state
    assert isinstance(state, SqliteStateStore)

    def change(connection: Connection) -> None:
        connection.execute(
            f"UPDATE {table} SET document = json_set(document, '$.status', ?) "  # noqa: S608  # ours
            "WHERE workflow_id = ?",
            (status, workflow_id),
        )

    state._database.write(change)


@pytest.mark.parametrize("table", ["workflows", "tasks"])
def test_task_that_cannot_be_read_keeps_no_other_from_its_worker(world: World, table: str) -> None:
    world.register(simple("a"))
    newer, other = world.start(), world.start()
    give_status(world, table, newer, "DREAMING")

    assert [task.workflow_instance_id for task in world.poll("a", count=5)] == [other]

    give_status(world, table, newer, "RUNNING" if table == "workflows" else "SCHEDULED")
    world.advance(61)
    assert [task.workflow_instance_id for task in world.poll("a", count=5)] == [newer]


def test_workflow_that_cannot_be_read_is_not_failed_by_its_wakes(world: World) -> None:
    world.register(simple("a"))
    workflow_id = world.start()
    give_status(world, "workflows", workflow_id, "DREAMING")

    for _ in range(MAX_FAILED_WAKES + 1):
        world.clock.advance(600)
        world.engine.sweep()

    with pytest.raises(NewerVersionError):
        world.workflow(workflow_id)
    give_status(world, "workflows", workflow_id, "RUNNING")
    assert world.play(workflow_id, {"a": done()}).status == "COMPLETED"


def test_unknown_operation_is_not_held_against_its_workflow(world: World) -> None:
    world.register(simple("a"))
    workflow_id = world.start()
    stored = world.ports.state.workflow(workflow_id)
    assert stored is not None
    begun = replace(stored, operation=Operation(kind="dream"), revision=stored.revision + 1)
    world.ports.state.commit([UpdateWorkflow(begun, stored.revision)])

    for _ in range(MAX_FAILED_WAKES + 1):
        world.clock.advance(600)
        world.engine.sweep()

    assert world.workflow(workflow_id).status == "RUNNING"
    after = world.ports.state.workflow(workflow_id)
    assert after is not None
    assert (after.operation, after.failed_wakes) == (Operation(kind="dream"), 0)
