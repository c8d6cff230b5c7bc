"""What a step costs, as counts: the budgets that the bill follows from."""

import pytest

from dalsegno.models import TaskDef, TaskStatus, WorkflowDef
from dalsegno_state.aws.capacity import item_bytes
from dalsegno_state.aws.items import task_item
from dalsegno_state.execution import TaskState
from dalsegno_state.ids import task_id
from dalsegno_state.scripts import Scripts
from dalsegno_state.writes import Arrival
from tests.aws.metered import INPUT, MeteredEngine, metered_engine

TASKS = ("charge", "pack", "ship")


def simple(name: str) -> dict[str, object]:
    inputs = {name: f"${{workflow.input.{name}}}" for name in INPUT}
    return {"name": name, "taskReferenceName": name, "type": "SIMPLE", "inputParameters": inputs}


def run(metered: MeteredEngine) -> str:
    workflow_id = metered.start()
    for name in TASKS:
        metered.work(name)
    return workflow_id


def test_workflow_of_three_tasks_takes_14_write_units(metered: MeteredEngine) -> None:
    metered.define(*map(simple, TASKS))
    run(metered)  # what is written once per process and definition
    ran: list[str] = []

    usage = metered.usage_of(lambda: ran.append(run(metered)))

    assert metered.is_completed(ran[0])
    assert usage.write_units == 14
    assert usage.sqs_requests == 9  # three for each task: send, receive, delete


def test_workflow_that_is_to_be_removed_in_time_takes_one_more(scripts: Scripts) -> None:
    with metered_engine(scripts, lists_ended=True) as metered:
        metered.define(*map(simple, TASKS))
        run(metered)

        usage = metered.usage_of(lambda: run(metered))

    assert usage.write_units == 15


def test_sequential_task_takes_3_write_units_whatever_the_history(metered: MeteredEngine) -> None:
    loop = {
        "name": "loop",
        "taskReferenceName": "loop",
        "type": "DO_WHILE",
        "inputParameters": {},
        "loopCondition": "$.loop.iteration < 40",
        "loopOver": [simple("charge")],
    }
    metered.define(loop)
    metered.engine.metadata.create_task_defs([TaskDef(name="charge")])
    metered.start()

    costs = [metered.usage_of(lambda: metered.work("charge")) for _ in range(30)]

    # The loop's own item and what follows are part of a turn: a constant, not a growing one.
    assert {usage.write_units for usage in costs[2:]} == {costs[2].write_units}
    assert costs[2].write_units <= 4
    assert len({sum(usage.requests.values()) for usage in costs[2:]}) == 1


@pytest.mark.parametrize("branches", [50, 150])
def test_task_of_a_joined_fork_takes_4_write_units(metered: MeteredEngine, branches: int) -> None:
    fork = {
        "name": "fork",
        "taskReferenceName": "fork",
        "type": "FORK_JOIN_DYNAMIC",
        "inputParameters": {name: f"${{workflow.input.{name}}}" for name in ("tasks", "inputs")},
        "dynamicForkTasksParam": "tasks",
        "dynamicForkTasksInputParamName": "inputs",
    }
    join = {"name": "join", "taskReferenceName": "join", "type": "JOIN"}
    metered.engine.metadata.create_workflow_def(
        WorkflowDef.model_validate({"name": "flow", "version": 1, "tasks": [fork, join]}),
        overwrite=True,
    )
    refs = [f"branch{number}" for number in range(branches)]
    inputs = {
        "tasks": [{"name": "charge", "taskReferenceName": ref, "type": "SIMPLE"} for ref in refs],
        "inputs": {ref: INPUT for ref in refs},
    }
    started: list[str] = []

    def play() -> None:
        started.append(metered.start(inputs=inputs))
        metered.evaluate()
        while metered.work("charge", 10):
            metered.evaluate()

    usage = metered.usage_of(play)

    assert metered.is_completed(started[0])
    assert usage.write_units <= 4 * branches + 14


def test_arrival_takes_one_write_unit_and_one_request(metered: MeteredEngine) -> None:
    for member in range(99):
        metered.ports.state.arrive(Arrival("w1", "join", "", member))

    usage = metered.usage_of(lambda: metered.ports.state.arrive(Arrival("w1", "join", "", 99)))

    assert usage.write_units == 1
    assert usage.requests == {"dynamodb.UpdateItem": 1}


def test_finished_task_with_payloads_of_300_bytes_fits_into_a_write_unit() -> None:
    workflow_id = "01977420-dc80-7abc-8def-0123456789ab"
    ref = "charge_credit_card"
    task = TaskState(
        workflow_id=workflow_id,
        ref=ref,
        base_ref=ref,
        task_id=task_id(workflow_id, 0, 0, ref),
        revision=2,
        task_type=ref,
        name=ref,
        status=TaskStatus.COMPLETED,
        sequence=1_750_000_000_000_001,
        input={"text": "i" * 288},
        output={"text": "o" * 288},
        scheduled_at=1_750_000_000_001,
        first_scheduled_at=1_750_000_000_001,
        started_at=1_750_000_000_002,
        ended_at=1_750_000_000_003,
        updated_at=1_750_000_000_003,
        poll_count=1,
        worker_id="ip-10-0-12-34.eu-central-1.compute.internal",
    )

    item = task_item(task)

    assert "S" in item["d"]
    assert item_bytes(item) < 1024
