"""What every ``StateStore`` promises of workflow items, their wakes and their JOINs."""

from dataclasses import replace

import pytest

from dalsegno.models import JsonObject, WorkflowStatus
from dalsegno_state.execution import Operation, PayloadRef
from dalsegno_state.expressions import SecretText, secret_places
from dalsegno_state.ports import Due, Ports, StateStore
from dalsegno_state.writes import (
    Arrival,
    Arrivals,
    CreateTask,
    DeleteTask,
    FreezeAttempt,
    Lost,
    PullWake,
    SetWake,
    UpdateWorkflow,
)
from tests.builders import NOW, a_task, a_workflow_state
from tests.race import race


def test_workflow_is_read_back_as_it_was_stored(store: StateStore) -> None:
    workflow = a_workflow_state(
        input={"order": 7},
        output=PayloadRef(key="w1/abc", size_bytes=70_000),
        variables={"total": 1.5},
        task_to_domain={"*": "eu"},
        correlation_id="c1",
        priority=9,
        parent_workflow_id="w0",
        parent_task_id="t0",
        failed_refs=("a", "b"),
        followers=("t1", "t2"),
        applied_actions=("c", "d"),
        operation=Operation(kind="rerun", arguments={"task": "a"}),
        rate_limit_key="eu",
        rate_limited=True,
        unpublished=(".3.RUNNING",),
        closing=True,
        wake_at=NOW + 60_000,
        wake_interval_ms=60_000,
    )

    assert store.create_workflow(workflow) == workflow

    assert store.workflow("w1") == workflow
    assert store.workflow("w2") is None


def test_references_to_secrets_are_told_from_text_that_reads_the_same(store: StateStore) -> None:
    text = "key: ${workflow.secrets.KEY}"
    reference = SecretText(text, ((5, len(text)),))
    payload: JsonObject = {"text": text, "own": [reference, {"deep": reference}]}
    aside = PayloadRef(key="w1/abc", size_bytes=9, secrets=((("own", 0), ((0, 9), (12, 20))),))
    store.create_workflow(a_workflow_state(input=payload, output=payload, variables=payload))
    store.commit([CreateTask(a_task(input=payload, output=aside))])

    workflow, task = store.workflow("w1"), store.tasks("w1", ["charge"])["charge"]

    assert workflow is not None
    for stored in (workflow.input, workflow.output, workflow.variables, task.input):
        assert stored == payload
        assert isinstance(stored, dict)
        assert sorted(secret_places(stored)) == sorted(secret_places(payload))
    assert task.output == aside


def test_second_creator_of_a_workflow_gets_the_stored_one(store: StateStore) -> None:
    first = a_workflow_state(input={"first": True}, wake_at=NOW)
    store.create_workflow(first)

    assert store.create_workflow(a_workflow_state(wake_at=NOW + 9)) == first

    assert store.workflow("w1") == first


def test_one_of_many_creators_of_a_workflow_wins(store: StateStore) -> None:
    stored = race(
        8, lambda number: store.create_workflow(a_workflow_state(input={"creator": number}))
    )

    assert all(workflow == stored[0] for workflow in stored)


def test_updated_workflow_keeps_its_wake(store: StateStore) -> None:
    workflow = a_workflow_state(wake_at=NOW, wake_interval_ms=5)
    store.create_workflow(workflow)
    updated = replace(workflow, revision=1, variables={"a": 1}, wake_at=None, wake_interval_ms=0)

    assert store.commit([UpdateWorkflow(updated, 0)]) is None

    assert store.workflow("w1") == replace(updated, wake_at=NOW, wake_interval_ms=5)


def test_update_can_clear_the_wake(store: StateStore) -> None:
    workflow = a_workflow_state(wake_at=NOW)
    store.create_workflow(workflow)
    ended = replace(workflow, revision=1, status=WorkflowStatus.COMPLETED)

    assert store.commit([UpdateWorkflow(ended, 0, clears_wake=True)]) is None

    stored = store.workflow("w1")
    assert stored is not None
    assert stored.wake_at is None
    assert store.due(NOW, 10) == []


@pytest.mark.parametrize("status", [WorkflowStatus.TERMINATED, WorkflowStatus.PAUSED])
def test_second_updater_of_a_workflow_loses(store: StateStore, status: WorkflowStatus) -> None:
    workflow = a_workflow_state(wake_at=NOW)
    store.create_workflow(workflow)
    first = replace(workflow, revision=1, status=WorkflowStatus.PAUSED)
    store.commit([UpdateWorkflow(first, 0)])
    # One that changes nothing searchable may be stored by another way.
    second = replace(workflow, revision=1, status=status, variables={"x": 1})
    write = UpdateWorkflow(second, 0, clears_wake=True)

    lost = store.commit([write, CreateTask(a_task("after"))])

    assert lost == Lost(write)
    assert store.workflow("w1") == first
    assert store.tasks("w1", ["after"]) == {}


def test_updater_of_an_absent_workflow_loses(store: StateStore) -> None:
    write = UpdateWorkflow(a_workflow_state(), 0)

    assert store.commit([write]) == Lost(write)
    assert store.workflow("w1") is None


def test_wake_is_pulled_nearer_only(store: StateStore) -> None:
    store.create_workflow(a_workflow_state(wake_at=NOW + 100, wake_interval_ms=7))

    store.commit([PullWake("w1", NOW + 200)])
    assert store.workflow("w1") == a_workflow_state(wake_at=NOW + 100, wake_interval_ms=7)

    store.commit([PullWake("w1", NOW + 50)])
    assert store.workflow("w1") == a_workflow_state(wake_at=NOW + 50, wake_interval_ms=7)


def test_wake_is_pulled_where_there_was_none(store: StateStore) -> None:
    store.create_workflow(a_workflow_state())

    assert store.commit([PullWake("w1", NOW), PullWake("absent", NOW)]) is None

    assert store.due(NOW, 10) == [Due("w1", NOW)]


def test_wake_is_set_unless_it_moved(store: StateStore) -> None:
    store.create_workflow(a_workflow_state(wake_at=NOW))

    store.commit([SetWake("w1", NOW, NOW + 9, 9)])
    assert store.workflow("w1") == a_workflow_state(wake_at=NOW + 9, wake_interval_ms=9)

    moved = store.commit([SetWake("w1", NOW, None, 0), CreateTask(a_task())])
    assert moved is None
    assert store.workflow("w1") == a_workflow_state(wake_at=NOW + 9, wake_interval_ms=9)
    assert store.tasks("w1", ["charge"])


def test_wake_is_removed_and_set_again(store: StateStore) -> None:
    store.create_workflow(a_workflow_state(wake_at=NOW))

    store.commit([SetWake("w1", NOW, None, 0)])
    assert store.due(NOW, 10) == []

    store.commit([SetWake("w1", None, NOW, 1)])
    assert store.due(NOW, 10) == [Due("w1", NOW)]


def test_wake_that_was_none_is_not_set_over_one_that_came_meanwhile(store: StateStore) -> None:
    store.create_workflow(a_workflow_state(wake_at=NOW))

    store.commit([SetWake("w1", None, NOW + 9, 9)])

    stored = store.workflow("w1")
    assert stored is not None
    assert stored.wake_at == NOW


def test_wake_of_a_workflow_that_is_not_there_is_not_set(store: StateStore) -> None:
    store.commit([SetWake("w1", None, NOW, 9)])

    assert store.workflow("w1") is None
    assert store.due(NOW, limit=10) == []


def test_due_workflows_come_earliest_first(store: StateStore) -> None:
    for workflow_id, wake_at in (("b", 20), ("a", 30), ("c", 10), ("d", 31), ("e", None)):
        store.create_workflow(a_workflow_state(workflow_id, wake_at=wake_at))

    assert store.due(30, 10) == [Due("c", 10), Due("b", 20), Due("a", 30)]
    assert store.due(30, 2) == [Due("c", 10), Due("b", 20)]
    assert store.due(9, 10) == []


def test_arrival_returns_the_whole_shard(store: StateStore) -> None:
    store.arrive(Arrival("w1", "join", "", 3))
    store.arrive(Arrival("w1", "join", "1", 9))

    arrived = store.arrive(Arrival("w1", "join", "", 5, flagged=True))

    assert arrived == Arrivals(frozenset({3, 5}), frozenset({5}))
    assert store.arrivals("w1", "join", "") == arrived
    assert store.arrivals("w1", "join", "1") == Arrivals(frozenset({9}))
    assert store.arrivals("w1", "other", "") == Arrivals()
    assert store.arrivals("w2", "join", "") == Arrivals()


def test_arriving_again_is_harmless_and_keeps_the_flag(store: StateStore) -> None:
    store.arrive(Arrival("w1", "join", "", 3, flagged=True))

    assert store.arrive(Arrival("w1", "join", "", 3)) == Arrivals(frozenset({3}), frozenset({3}))


def test_arriving_again_in_plain_success_sets_no_flag(store: StateStore) -> None:
    store.arrive(Arrival("w1", "join", "", 3))

    assert store.arrive(Arrival("w1", "join", "", 3)) == Arrivals(frozenset({3}))


def test_flag_can_follow_the_arrival(store: StateStore) -> None:
    store.arrive(Arrival("w1", "join", "", 3))

    arrived = store.arrive(Arrival("w1", "join", "", 3, flagged=True))

    assert arrived == Arrivals(frozenset({3}), frozenset({3}))


def test_deleted_join_forgets_who_arrived(store: StateStore) -> None:
    for shard in ("", "0", "1"):
        store.arrive(Arrival("w1", "join", shard, 3))
        store.arrive(Arrival("w1", "join__2", shard, 3))

    assert store.commit([DeleteTask("w1", "join")]) is None

    for shard in ("", "0", "1"):
        assert store.arrivals("w1", "join", shard) == Arrivals()
        assert store.arrivals("w1", "join__2", shard) == Arrivals(frozenset({3}))


def test_one_of_many_arrivals_completes_the_set(store: StateStore) -> None:
    for turn in range(20):
        join_ref = f"join__{turn}"

        seen = race(
            8,
            lambda member, join_ref=join_ref: store.arrive(Arrival("w1", join_ref, "", member)),  # type: ignore[misc]
        )

        assert sum(len(arrivals.members) == 8 for arrivals in seen) == 1


def test_children_are_found_by_their_parent(store: StateStore) -> None:
    for workflow_id, parent in (("c1", "p1"), ("c2", "p2"), ("c3", "p1"), ("c4", None)):
        store.create_workflow(a_workflow_state(workflow_id, parent_workflow_id=parent))

    assert sorted(store.children("p1")) == ["c1", "c3"]
    assert list(store.children("c1")) == []


def test_removed_workflow_leaves_nothing(store: StateStore) -> None:
    for workflow_id in ("w1", "w2"):
        task = a_task(workflow_id=workflow_id)
        store.create_workflow(
            a_workflow_state(workflow_id, wake_at=NOW, parent_workflow_id="parent")
        )
        store.commit([CreateTask(task), FreezeAttempt(task)])
        store.arrive(Arrival(workflow_id, "join", "", 1))

    for _ in range(2):
        store.remove("w1")

    assert store.workflow("w1") is None
    assert list(store.all_tasks("w1")) == list(store.attempts("w1")) == []
    assert store.latest("w1", "charge") is None
    assert store.arrivals("w1", "join", "") == Arrivals()
    assert [due.workflow_id for due in store.due(NOW, 10)] == ["w2"]
    assert list(store.children("parent")) == ["w2"]
    assert store.tasks("w2", ["charge"])
    assert store.arrivals("w2", "join", "") == Arrivals(frozenset({1}))


def test_what_belongs_to_a_workflow_is_cleared_in_parts(store: StateStore) -> None:
    store.create_workflow(a_workflow_state())
    for number in range(5):
        task = a_task(f"t{number}")
        store.commit([CreateTask(task), FreezeAttempt(task)])
        store.arrive(Arrival("w1", "join", "", number))
    store.commit([CreateTask(a_task(workflow_id="w2"))])

    parts = [store.clear("w1", 4) for _ in range(5)]

    # A shard of arrivals is one item in some stores, and one for each member in others.
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (False, True)
    assert store.workflow("w1") == a_workflow_state()
    assert list(store.all_tasks("w1")) == list(store.attempts("w1")) == []
    assert store.arrivals("w1", "join", "") == Arrivals()
    assert store.tasks("w2", ["charge"])


def _ended(store: StateStore, workflow_id: str, ended_at: int) -> None:
    """End a workflow, as its last task does."""
    running = a_workflow_state(workflow_id, wake_at=NOW + 60_000)
    store.create_workflow(running)
    ended = replace(running, status=WorkflowStatus.COMPLETED, revision=1, ended_at=ended_at)
    assert store.commit([UpdateWorkflow(ended, 0, clears_wake=True)]) is None


def test_ended_workflows_come_earliest_first(store: StateStore) -> None:
    store.create_workflow(a_workflow_state("open", wake_at=1))
    for workflow_id, ended_at in (("b", 20), ("a", 30), ("c", 10), ("d", 31)):
        _ended(store, workflow_id, ended_at)

    assert store.ended(30, 10) == ["c", "b", "a"]
    assert store.ended(30, 2) == ["c", "b"]
    assert store.ended(9, 10) == []


def test_ended_workflows_are_not_due_and_have_no_wake(store: StateStore) -> None:
    _ended(store, "w1", NOW)

    stored = store.workflow("w1")
    assert stored is not None
    assert stored.wake_at is None
    assert store.due(NOW * 2, 10) == []


def test_workflow_whose_wake_found_it_ended_is_listed_by_its_end(store: StateStore) -> None:
    ended = a_workflow_state(status=WorkflowStatus.FAILED, ended_at=NOW - 9, wake_at=NOW)
    store.create_workflow(ended)

    store.commit([SetWake("w1", NOW, None, 0, ended_at=NOW - 9)])

    assert store.ended(NOW - 9, 10) == ["w1"]
    assert store.workflow("w1") == replace(ended, wake_at=None)


def test_workflow_that_runs_again_is_due_and_not_ended(store: StateStore) -> None:
    _ended(store, "w1", NOW)
    again = a_workflow_state(revision=2)

    store.commit([PullWake("w1", NOW + 30_000), UpdateWorkflow(again, 1)])

    assert store.ended(NOW * 2, 10) == []
    assert store.due(NOW + 30_000, 10) == [Due("w1", NOW + 30_000)]
    assert store.workflow("w1") == replace(again, wake_at=NOW + 30_000)


def test_another_handle_sees_arrivals(ports: Ports, second_ports: Ports) -> None:
    ports.state.arrive(Arrival("w1", "join", "", 1))

    assert second_ports.state.arrive(Arrival("w1", "join", "", 2)).members == frozenset({1, 2})
    assert ports.state.arrivals("w1", "join", "").members == frozenset({1, 2})
