"""What every ``StateStore`` promises of tasks and their attempts."""

from dataclasses import replace
from typing import Any

import pytest

from dalsegno.models import TaskStatus
from dalsegno_state.execution import Membership, Operation, PayloadRef, TaskState
from dalsegno_state.ports import NotJsonError, Ports, StateStore
from dalsegno_state.writes import CreateTask, DeleteTask, FreezeAttempt, Lost, ReplaceTask
from tests.builders import NOW, a_task, a_workflow_state
from tests.eventually import eventually
from tests.race import race


def finish(task: TaskState, **changes: Any) -> ReplaceTask:
    """Return the write that ends an attempt, if it is still as it was seen."""
    finished = replace(
        task, **{"status": TaskStatus.COMPLETED, "revision": task.revision + 1, **changes}
    )
    return ReplaceTask(finished, task.task_id, task.revision)


def test_task_is_read_back_as_it_was_stored(store: StateStore) -> None:
    task = a_task(
        "charge__2__13",
        status=TaskStatus.IN_PROGRESS,
        revision=3,
        retry_count=1,
        input={"amount": 19.99, "items": [1, None, {"sku": "a"}]},
        output=PayloadRef(key="w1/abc", size_bytes=70_000),
        started_at=NOW + 1,
        worker_id="worker-1",
        domain="eu",
        reason="slow",
        node={"name": "charge"},
        membership=Membership(join_ref="join", index=4, size=5),
        wait_until=NOW + 60_000,
        sequence=2**40,
    )

    store.commit([CreateTask(task)])

    assert store.tasks("w1", ["charge__2__13"]) == {"charge__2__13": task}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "\x00\x1f\u2028",
        "Grüße, 世界 🎼",
        "half a pair: \ud83d",
        0.1 + 0.2,
        -1.5e300,
        2**53 + 1,
        -(2**200),
        True,
        None,
        [[[]], {}],
        {"": {"a.b": 1, "Straße": []}},
    ],
)
def test_json_values_survive(store: StateStore, value: Any) -> None:
    task = a_task(input={"value": value})

    store.commit([CreateTask(task)])

    stored = store.tasks("w1", ["charge"])["charge"]
    assert stored == task
    assert type(stored.input["value"]) is type(value)  # type: ignore[index]  # no PayloadRef


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_json_are_refused(store: StateStore, number: float) -> None:
    with pytest.raises(NotJsonError):
        store.commit([CreateTask(a_task(input={"number": number}))])

    assert store.tasks("w1", ["charge"]) == {}


@pytest.mark.parametrize(
    "lookalike",
    [{"key": "w1/abc", "size_bytes": 3}, {"input_ref": ["w1/abc", 3]}, {"output_ref": None}],
)
def test_user_data_is_never_taken_for_a_payload_reference(
    store: StateStore, lookalike: Any
) -> None:
    task = a_task(input=lookalike, output=lookalike)
    workflow = a_workflow_state(input=lookalike, output=lookalike)

    store.commit([CreateTask(task)])
    store.create_workflow(workflow)

    assert store.tasks("w1", ["charge"]) == {"charge": task}
    assert store.workflow("w1") == workflow


def test_tasks_returns_those_that_exist(store: StateStore) -> None:
    store.commit([CreateTask(a_task("a")), CreateTask(a_task("b"))])

    assert store.tasks("w1", ["b", "c", "a"]).keys() == {"a", "b"}
    assert store.tasks("w1", []) == {}
    assert store.tasks("w2", ["a"]) == {}


def test_many_tasks_are_read_at_once(store: StateStore) -> None:
    refs = [f"task{number}" for number in range(1200)]
    store.commit([CreateTask(a_task(ref)) for ref in refs])

    assert store.tasks("w1", refs).keys() == set(refs)


def test_second_creator_loses_and_gets_the_stored_task(store: StateStore) -> None:
    first = a_task(output={"case": "A"})
    store.commit([CreateTask(first)])
    second = CreateTask(a_task(output={"case": "B"}))

    lost = store.commit([second, CreateTask(a_task("after"))])

    assert lost == Lost(second, first)
    assert store.tasks("w1", ["charge", "after"]) == {"charge": first}


def test_finished_attempt_is_stored(store: StateStore) -> None:
    task = a_task()
    store.commit([CreateTask(task)])
    write = finish(task, output={"paid": True})

    assert store.commit([write]) is None

    assert store.tasks("w1", ["charge"]) == {"charge": write.task}


def test_second_finisher_of_an_attempt_loses(store: StateStore) -> None:
    task = a_task()
    store.commit([CreateTask(task)])
    first, second = finish(task), finish(task, status=TaskStatus.TIMED_OUT)
    store.commit([first])

    lost = store.commit([second, CreateTask(a_task("after"))])

    assert lost == Lost(second, first.task)
    assert store.tasks("w1", ["charge", "after"]) == {"charge": first.task}


def test_finisher_of_an_earlier_attempt_loses(store: StateStore) -> None:
    task = a_task()
    retry = a_task(retry_count=1, revision=1)
    store.commit([CreateTask(task), ReplaceTask(retry, task.task_id, task.revision)])
    late = ReplaceTask(replace(task, revision=2), task.task_id, retry.revision)

    assert store.commit([late]) == Lost(late, retry)


def test_finisher_of_an_absent_task_loses(store: StateStore) -> None:
    write = finish(a_task())

    assert store.commit([write]) == Lost(write, None)


def test_writes_before_a_lost_one_stay(store: StateStore) -> None:
    task = a_task()
    store.commit([CreateTask(task)])
    lost = ReplaceTask(task, "another", 7)

    assert store.commit([CreateTask(a_task("before")), lost, CreateTask(a_task("after"))])

    assert store.tasks("w1", ["before", "after"]).keys() == {"before"}


def test_nothing_to_write_is_fine(store: StateStore) -> None:
    assert store.commit([]) is None


def test_one_of_many_creators_wins(store: StateStore) -> None:
    writes = [CreateTask(a_task(output={"creator": number})) for number in range(8)]

    losses = race(8, lambda number: store.commit([writes[number]]))

    (winner,) = [write for write, lost in zip(writes, losses, strict=True) if lost is None]
    assert store.tasks("w1", ["charge"]) == {"charge": winner.task}
    assert {lost.task.output["creator"] for lost in losses if lost and lost.task} == {  # type: ignore[index]
        winner.task.output["creator"]  # type: ignore[index]  # no PayloadRef
    }


def test_one_of_many_finishers_of_an_attempt_wins(store: StateStore) -> None:
    for turn in range(20):
        task = a_task(f"charge__{turn}")
        store.commit([CreateTask(task)])
        writes = [finish(task, worker_id=f"worker-{number}") for number in range(8)]

        losses = race(8, lambda number, writes=writes: store.commit([writes[number]]))  # type: ignore[misc]

        (winner,) = [write for write, lost in zip(writes, losses, strict=True) if lost is None]
        assert store.tasks("w1", [task.ref]) == {task.ref: winner.task}


def test_latest_iteration_is_by_number(store: StateStore) -> None:
    store.commit([CreateTask(a_task(f"charge__{turn}")) for turn in (9, 10, 1)])

    latest = store.latest("w1", "charge")

    assert latest is not None
    assert latest.ref == "charge__10"


def test_latest_iteration_of_nested_loops_goes_by_the_outer_one_first(store: StateStore) -> None:
    store.commit([CreateTask(a_task(f"charge__{turns}")) for turns in ("2__9", "10__1", "2__10")])

    latest = store.latest("w1", "charge")

    assert latest is not None
    assert latest.ref == "charge__10__1"


def test_latest_of_a_task_outside_loops_is_the_task(store: StateStore) -> None:
    task = a_task()
    store.commit([CreateTask(task), CreateTask(a_task("charger__2"))])

    assert store.latest("w1", "charge") == task
    assert store.latest("w1", "refund") is None
    assert store.latest("w2", "charge") is None


def test_all_tasks_come_in_order_of_sequence(store: StateStore) -> None:
    tasks = [a_task(f"t{(number * 7) % 500}", sequence=number) for number in range(500)]
    store.commit([CreateTask(task) for task in reversed(tasks)])
    store.commit([CreateTask(a_task(workflow_id="w2"))])

    assert list(store.all_tasks("w1")) == tasks
    assert list(store.all_tasks("w3")) == []


def test_earlier_attempts_are_kept_beside_the_current_one(store: StateStore) -> None:
    first = a_task(status=TaskStatus.FAILED)
    second = a_task(retry_count=1, revision=1)
    store.commit([CreateTask(first)])

    store.commit([FreezeAttempt(first), ReplaceTask(second, first.task_id, first.revision)])

    assert list(store.attempts("w1")) == [first]
    assert store.attempt("w1", "charge", first.task_id) == first
    assert store.attempt("w1", "charge", second.task_id) is None
    assert store.tasks("w1", ["charge"]) == {"charge": second}


def test_freezing_an_attempt_again_is_harmless(store: StateStore) -> None:
    task = a_task(status=TaskStatus.FAILED)

    for _ in range(2):
        assert store.commit([FreezeAttempt(task)]) is None

    assert list(store.attempts("w1")) == [task]


def test_deleted_task_is_forgotten_with_its_attempts(store: StateStore) -> None:
    task, other = a_task(), a_task("other")
    store.commit([CreateTask(task), FreezeAttempt(task), CreateTask(other), FreezeAttempt(other)])

    for _ in range(2):
        assert store.commit([DeleteTask("w1", "charge")]) is None

    assert list(store.all_tasks("w1")) == [other]
    assert list(store.attempts("w1")) == [other]


def test_deleted_reference_can_be_taken_again(store: StateStore) -> None:
    store.commit([CreateTask(a_task())])
    again = a_task(task_id="again")

    assert store.commit([DeleteTask("w1", "charge"), CreateTask(again)]) is None

    assert store.tasks("w1", ["charge"]) == {"charge": again}


def test_another_handle_sees_what_was_committed(ports: Ports, second_ports: Ports) -> None:
    task = a_task()
    ports.state.create_workflow(a_workflow_state(operation=Operation(kind="retry")))
    ports.state.commit([CreateTask(task)])
    second_ports.state.commit([finish(task)])

    assert second_ports.state.workflow("w1") == ports.state.workflow("w1")
    assert ports.state.tasks("w1", ["charge"])["charge"].status is TaskStatus.COMPLETED


def test_one_of_two_handles_wins(ports: Ports, second_ports: Ports) -> None:
    stores = [ports.state, second_ports.state]
    for turn in range(20):
        write = CreateTask(a_task(f"charge__{turn}"))

        losses = race(2, lambda number, write=write: stores[number].commit([write]))  # type: ignore[misc]

        assert sorted(lost is None for lost in losses) == [False, True]


def test_recent_task_is_one_that_was_stored(store: StateStore) -> None:
    store.commit([CreateTask(a_task())])

    assert eventually(lambda: store.recent("w1", "charge"), bool) == a_task()
    assert store.recent("w1", "refund") is None
