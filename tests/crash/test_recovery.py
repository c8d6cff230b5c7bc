"""What deaths and losses once broke: the smallest case of each."""

from contextlib import suppress

import pytest

from dalsegno.errors import NotFoundError
from dalsegno.models import JsonObject, Task, TaskStatus, WorkflowStatus
from dalsegno_state.engine import EVALUATOR_QUEUE
from tests.crash.catalogue import (
    child,
    fork,
    inline,
    join,
    loop,
    open_in_child,
    pause,
    resume,
    retry,
    task,
    task_def,
    turns,
    workflow,
)
from tests.crash.digest import leftovers
from tests.crash.ports import Calls, Side
from tests.crash.world import DEAD_END, FAILED, ROOT, Result, Scenario, Step, World

DAY_SECONDS = 86_400


def test_loop_waits_for_a_body_that_was_not_begun() -> None:
    scenario = a_scenario(loop("l", turns("l", 2), task("a"), task("b")))

    world = died_after_write(scenario, "CreateTask", 1)  # the loop is stored, its body is not

    assert world.task("a__1") is not None
    assert world.task("b__2") is not None
    assert world.workflow().status is WorkflowStatus.COMPLETED


def test_loop_waits_for_the_retry_of_a_failed_task() -> None:
    scenario = a_scenario(
        loop("l", turns("l", 2), task("a")), task_defs=[task_def("a")], results={"a__1": [FAILED]}
    )

    world = died_after_write(scenario, "FreezeAttempt", 1)  # it failed, and is not retried yet

    retried = world.task("a__1")
    assert retried is not None
    assert (retried.status, retried.retry_count) == (TaskStatus.COMPLETED, 1)


def test_exclusive_join_waits_for_the_retry_of_a_failed_task() -> None:
    scenario = a_scenario(
        fork("f", [task("e", "EXCLUSIVE_JOIN", joinOn=["a"])], [task("b"), task("a")]),
        join("j", "e", "a"),
        task_defs=[task_def("a")],
        results={"a": [FAILED]},
    )

    world = died_after_write(scenario, "FreezeAttempt", 1)

    joined = world.task("e")
    assert joined is not None
    assert joined.output == {"by": "a", "attempt": 1}


def test_waiting_for_a_child_costs_ever_fewer_wakes() -> None:
    scenario = a_scenario(
        child("s", "small"),
        others=[workflow("small", task("w", "WAIT", inputParameters={"duration": "10 days"}))],
    )

    world = World(scenario)
    world.run()

    assert world.elapsed_seconds >= 10 * DAY_SECONDS
    assert world.calls.names.count("state.due") < 120


def test_child_ends_though_the_news_of_its_parents_end_was_lost() -> None:
    scenario = a_scenario(
        child("s", "small"),
        others=[workflow("small", task("k"))],
        held={"k": 99},
        steps=[Step(open_in_child("k"), terminate_and_lose_messages, World.has_ended)],
    )

    world = World(scenario)
    world.run()

    assert {w.status for w in world.workflows()} == {WorkflowStatus.TERMINATED}
    assert leftovers(world) == []


def test_parent_is_revived_though_the_retry_of_its_child_died() -> None:
    scenario = a_scenario(
        child("s", "small"),
        others=[workflow("small", task("k"))],
        results={"k": [DEAD_END]},
        steps=[retry(resume_children=True)],
    )
    names = calm_calls(scenario)
    going = max(n for n, name in enumerate(names) if name == "state.commit FreezeAttempt") - 1

    world = World(scenario, Calls(crashes={going: Side.BEFORE}), repeats=False)
    world.run()

    assert {w.status for w in world.workflows()} == {WorkflowStatus.COMPLETED}


def test_work_that_nobody_defined_is_handed_out_again_when_its_worker_dies() -> None:
    scenario = a_scenario(
        task(
            "f",
            "FORK_JOIN_DYNAMIC",
            inputParameters={"forkTaskInputs": [1], "forkTaskName": "k"},
        ),
        task("j", "JOIN"),
        results={"_k_0": [None]},
    )

    world = World(scenario)
    world.run()

    done = world.task("_k_0")
    assert done is not None
    assert (done.status, done.retry_count) == (TaskStatus.COMPLETED, 1)


def test_failure_workflow_of_a_child_is_not_told_to_its_parent() -> None:
    scenario = a_scenario(
        child("s", "small", optional=True),
        others=[
            workflow("small", task("k"), failureWorkflow="sorry"),
            workflow("sorry", inline("i", "1")),
        ],
        results={"k": [DEAD_END]},
    )

    world = World(scenario)
    world.run()

    told = world.task("s")
    assert told is not None
    assert told.output == {"subWorkflowId": told.sub_workflow_id}


def test_resuming_goes_on_soon_though_its_caller_died() -> None:
    scenario = paused_for_an_hour()

    world = died_after_write(scenario, "UpdateWorkflow", 2)  # the first is the pause

    assert world.elapsed_seconds < after_calm(scenario, seconds=120)


def test_message_lost_after_a_long_rest_is_repeated_soon() -> None:
    scenario = paused_for_an_hour()

    world = died_after_write(scenario, "CreateTask", 2)  # its message is not sent

    assert world.elapsed_seconds < after_calm(scenario, seconds=300)


@pytest.mark.parametrize("call", ["queues.delete", "secrets.secret"])
def test_refusal_while_a_task_is_handed_out_loses_no_task(call: str) -> None:
    scenario = a_scenario(task("a", inputParameters={"s": "${workflow.secrets.token}"}))

    world = refused(scenario, call, nth=1)

    assert not world.lost_hands
    assert world.elapsed_seconds <= 30  # until the message shows again
    assert [t.retry_count for t in world.stored.state.all_tasks(ROOT)] == [0]
    assert world.workflow().status is WorkflowStatus.COMPLETED


def test_refusal_while_a_child_is_started_fails_no_task() -> None:
    scenario = a_scenario(child("s", "small"), others=[workflow("small", task("k"))])

    world = refused(scenario, "state.create_workflow", nth=2)

    assert {w.status for w in world.workflows()} == {WorkflowStatus.COMPLETED}


@pytest.mark.parametrize("refs", ["st", "ts"])
def test_slot_of_a_rate_limit_is_used_though_an_earlier_start_queues_later(refs: str) -> None:
    limited = workflow(
        "limited",
        inline("i", "1"),
        rateLimitConfig={"rateLimitKey": "k", "concurrentExecLimit": 1},
    )
    both = fork("f", *([child(ref, "limited")] for ref in refs))
    scenario = a_scenario(both, join("j", "s", "t"), others=[limited])
    # The first child is stored but does not wait yet; the second takes the slot, unnoted.
    refusals = [("documents.create", 0), ("state.commit PullWake", 0)]

    world = World(scenario, Calls(refusals=refusals))
    world.run()

    assert len(world.calls.died_at) == len(refusals)
    assert leftovers(world) == []


@pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
def test_forgotten_turn_is_not_brought_back_by_whoever_slept_through_it(*, dies: bool) -> None:
    scenario = a_scenario(
        loop("l", turns("l", 6), task("a"), task("b"), inputParameters={"keepLastN": 1}),
        task_defs=[task_def("a", retryDelaySeconds=600)],
        results={"a__5": [FAILED]},  # there is time for a wake
    )
    creations = [n for n, name in enumerate(calm_calls(scenario)) if name.endswith("CreateTask")]
    creation = creations[2]  # of b__1, behind l and a__1
    calls = Calls(crashes={creation: Side.AFTER} if dies else {})
    world = ForgetfulWorld(scenario, calls)

    def sleep_through_two_turns() -> None:
        while len(calls.names) == creation + 1 or turn_of(world, "l") < 4:
            assert world.turn() or world._let_time_pass()

    calls.interrupt = lambda: (
        sleep_through_two_turns() if len(calls.names) == creation + 1 else None
    )
    world.run()

    assert turn_of(world, "l") == 6
    assert {task.ref for task in world.stored.state.all_tasks(ROOT)} == {"l", "a__6", "b__6"}
    assert sorted(world.handed_out) == sorted(set(world.handed_out))
    assert calls.died_at == ([creation] if dies else [])


class ForgetfulWorld(World):
    """A world in which a worker may hear that the task it reported on is forgotten by now."""

    def _update(self, task: Task, result: Result) -> None:
        with suppress(NotFoundError):
            super()._update(task, result)


def turn_of(world: World, ref: str) -> int:
    """Return the turn that a loop is in, 0 if it has not begun."""
    found = world.task(ref)
    return 0 if found is None else found.turn


def paused_for_an_hour() -> Scenario:
    """Return a scenario in which wakes have become rare when the second task is created."""
    return a_scenario(
        task("a"), task("z"), held={"a": 1}, steps=[pause(lambda w: w.is_open("a")), resume()]
    )


def after_calm(scenario: Scenario, *, seconds: float) -> float:
    """Return how long a run takes in which nothing dies, and some more."""
    world = World(scenario)
    world.run()
    return world.elapsed_seconds + seconds


def a_scenario(
    *tasks: JsonObject, others: list[JsonObject] | None = None, **fields: object
) -> Scenario:
    """Return a scenario of a workflow of these tasks."""
    return Scenario("case", [workflow("case", *tasks), *(others or [])], **fields)  # type: ignore[arg-type]


def calm_calls(scenario: Scenario) -> list[str]:
    """Return the calls of a run in which nothing dies."""
    world = World(scenario)
    world.run()
    return world.calls.names


def died_after_write(scenario: Scenario, kind: str, nth: int) -> World:
    """Return the world after a death behind the n-th write of a kind, with its trigger lost."""
    numbers = [n for n, name in enumerate(calm_calls(scenario)) if name == f"state.commit {kind}"]
    world = World(scenario, Calls(crashes={numbers[nth - 1]: Side.AFTER}), repeats=False)
    world.run()
    return world


def terminate_and_lose_messages(world: World) -> None:
    """Terminate the workflow, and lose what this sends to the evaluator."""
    world.engine.executions.terminate(ROOT, "enough")
    for message in world.stored.queues.receive(
        EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
    ):
        world.stored.queues.delete(EVALUATOR_QUEUE, [message.receipt])


def refused(scenario: Scenario, call: str, *, nth: int) -> World:
    """Return the world after the n-th call of a kind was refused, and was tried again."""
    numbers = [number for number, name in enumerate(calm_calls(scenario)) if name == call]
    world = World(scenario, Calls(crashes={numbers[nth - 1]: Side.REFUSED}))
    world.run()
    return world
