"""Retry: an operator has an ended workflow do again what went wrong."""

from collections.abc import Callable

import pytest

from dalsegno.errors import ConflictError, NotFoundError
from tests.engine.world import (
    Work,
    World,
    done,
    fails,
    fails_for_good,
    simple,
    system,
    task_of,
    trace,
)


@pytest.fixture(autouse=True)
def _definitions(world: World) -> None:
    for name in ("a", "b", "k"):
        world.define(name, retryCount=0, retryDelaySeconds=60)


def test_failed_task_gets_another_attempt_at_once(world: World) -> None:
    w = world.run(simple("a"), simple("z"), workers={"a": fails("no luck")}).workflow_id
    world.clock.advance(100)

    world.retry(w)

    workflow = world.workflow(w)
    assert (workflow.status, workflow.reason_for_incompletion) == ("RUNNING", None)
    assert workflow.last_retried_time == world.clock.now()
    assert trace(workflow) == ["a:a:FAILED", "a:a:SCHEDULED"]
    new = task_of(workflow, "a")
    assert (new.retry_count, new.reason_for_incompletion) == (1, None)
    assert world.play(w).status == "COMPLETED"


def test_input_is_evaluated_again(world: World) -> None:
    task = simple("a", inputParameters={"n": "${b.output.n}", "me": "${CPEWF_TASK_ID}"})
    w = world.run(simple("b"), task, workers={"a": fails(), "b": done(n=1)}).workflow_id

    world.retry(w)

    new = world.task(w, "a")
    assert new.input_data == {"n": 1, "me": new.task_id}


def test_retry_can_be_repeated(world: World) -> None:
    w = world.run(simple("a"), workers={"a": fails()}).workflow_id

    for _ in range(3):
        world.retry(w)
        world.play(w, {"a": fails()})

    assert world.trace(w) == ["a:a:FAILED"] * 4
    assert world.workflow(w).status == "FAILED"


def test_automatic_retries_count_from_the_manual_one(world: World) -> None:
    world.define("c", retryCount=2)
    w = world.run(simple("c"), workers={"c": fails_for_good()}).workflow_id
    world.retry(w)

    world.play(w, {"c": fails()})

    assert [t.retry_count for t in world.workflow(w).tasks] == [0, 1, 2]


@pytest.mark.parametrize("status", ["FAILED", "FAILED_WITH_TERMINAL_ERROR", "CANCELED"])
def test_every_bad_end_is_retried(world: World, status: str) -> None:
    w = world.run(simple("a"), workers={"a": Work(status)}).workflow_id

    world.retry(w)

    assert world.play(w).status == "COMPLETED"


def test_timed_out_task_is_retried(world: World) -> None:
    world.define("t", retryCount=0, timeoutSeconds=20, responseTimeoutSeconds=20)
    world.register(simple("t"))
    w = world.start()
    world.take("t")
    world.advance(20)
    assert world.workflow(w).status == "TIMED_OUT"

    world.retry(w)

    assert world.play(w).status == "COMPLETED"


def test_timed_out_workflow_goes_on(world: World) -> None:
    world.register(simple("a"), timeoutSeconds=20, timeoutPolicy="TIME_OUT_WF")
    w = world.start()
    world.advance(20)

    world.retry(w)
    world.advance(19)

    assert world.play(w).status == "COMPLETED"


def test_terminated_workflow_goes_on(world: World) -> None:
    world.register(simple("a"), simple("z"))
    w = world.start()
    world.terminate(w, "wait")

    world.retry(w)

    assert world.trace(w) == ["a:a:CANCELED", "a:a:SCHEDULED"]
    assert world.play(w).status == "COMPLETED"


def test_fork_goes_on_with_what_had_not_ended_well(world: World) -> None:
    world.register(
        system(
            "FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")], [simple("c"), simple("d")]]
        ),
        system("JOIN", "j", joinOn=["a", "b", "d"]),
    )
    w = world.start()
    world.report(world.take("c"), done(n=1))
    world.report(world.take("d"), done(n=2))
    world.report(world.take("a"), fails())
    join_id = world.task(w, "j").task_id
    assert world.task(w, "b").status == "CANCELED"

    world.retry(w)

    assert world.task(w, "j").status == "IN_PROGRESS"
    assert world.task(w, "j").task_id == join_id
    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert set(task_of(workflow, "j").output_data) == {"a", "b", "d"}
    assert [t.retry_count for t in workflow.tasks if t.reference_task_name in "cd"] == [0, 0]


def test_failed_join_waits_again(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a", permissive=True)], [simple("b")]]),
        system("JOIN", "j", joinOn=["a", "b"]),
    )
    w = world.play(world.start(), {"a": fails()}).workflow_id
    assert world.task(w, "j").status == "FAILED"

    world.retry(w)
    assert world.task(w, "j").status == "IN_PROGRESS"

    assert world.play(w).status == "COMPLETED"


def test_loop_goes_on_in_the_turn_it_was_in(world: World) -> None:
    loop = system("DO_WHILE", "l", loopOver=[simple("a")], loopCondition="$.l['iteration'] < 3")
    w = world.run(loop, workers={"a__2": fails()}).workflow_id
    assert world.workflow(w).status == "FAILED"

    world.retry(w)

    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert trace(workflow)[1:] == [
        "a:a__1:COMPLETED",
        "a:a__2:FAILED",
        "a:a__2:COMPLETED",
        "a:a__3:COMPLETED",
    ]


def test_failing_condition_is_asked_again(world: World) -> None:
    loop = system(
        "DO_WHILE", "l", loopOver=[simple("a")], loopCondition="$.l['iteration'] < $.v.max"
    )
    loop["inputParameters"] = {"v": "${workflow.env.LIMIT}"}
    w = world.run(loop).workflow_id
    assert world.task(w, "l").status == "FAILED_WITH_TERMINAL_ERROR"
    world.ports.secrets.put_environment("LIMIT", '{"max": 2}')

    world.retry(w)

    assert world.play(w).status == "COMPLETED"
    assert world.task(w, "l").output_data["iteration"] == 2


@pytest.mark.parametrize("type_", ["WAIT", "HUMAN"])
def test_canceled_wait_waits_again(world: World, type_: str) -> None:
    world.register(system(type_, "w"), simple("z"))
    w = world.start()
    world.terminate(w)

    world.retry(w)
    world.advance(86_400)

    assert world.trace(w) == [f"{type_}:w:CANCELED", f"{type_}:w:IN_PROGRESS"]
    world.tell(w, "w", done())
    assert world.play(w).status == "COMPLETED"


def test_failed_switch_chooses_again(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "${workflow.env.KIND}"},
        evaluatorType="javascript",
        expression="$.v.kind",
        decisionCases={"x": [simple("t1")]},
        defaultCase=[simple("t0")],
    )
    w = world.run(switch).workflow_id
    assert world.trace(w) == ["SWITCH:s:FAILED"]
    world.ports.secrets.put_environment("KIND", '{"kind": "x"}')

    world.retry(w)

    assert world.trace(w) == ["SWITCH:s:FAILED", "SWITCH:s:COMPLETED", "t1:t1:SCHEDULED"]
    shown = world.task(w, "s").input_data
    assert (shown["case"], shown["hasChildren"]) == ("x", "true")


def test_loop_that_timed_out_has_all_its_time_again(world: World) -> None:
    world.define("l", retryCount=0, timeoutSeconds=20, responseTimeoutSeconds=20)
    loop = system("DO_WHILE", "l", loopOver=[simple("a")], loopCondition="false")
    world.register(loop)
    w = world.start()
    world.advance(20)
    assert world.workflow(w).status == "TIMED_OUT"

    world.retry(w)
    world.advance(19)

    assert world.play(w).status == "COMPLETED"


def test_task_beyond_its_total_time_has_all_of_it_again(world: World) -> None:
    world.define("t", retryCount=0, totalTimeoutSeconds=20)
    world.register(simple("t"))
    w = world.start()
    world.advance(20)
    assert world.workflow(w).status == "TIMED_OUT"

    world.retry(w)
    world.advance(19)

    assert world.play(w).status == "COMPLETED"


def test_sub_workflow_starts_anew(world: World) -> None:
    world.register(simple("k"), name="child")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})
    w = world.run(sub, workers={"k": fails()}).workflow_id
    first = world.child(w, "s").workflow_id

    world.retry(w)

    assert world.child(w, "s").workflow_id != first
    assert world.play(w).status == "COMPLETED"
    assert world.workflow(first).status == "FAILED"


def test_deepest_failure_is_retried_in_place_and_its_parents_revived(world: World) -> None:
    world.register(simple("k"), name="leaf")
    world.register(system("SUB_WORKFLOW", "m", subWorkflowParam={"name": "leaf"}), name="middle")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "middle"})
    w = world.run(sub, simple("z"), workers={"k": fails()}).workflow_id
    middle = world.child(w, "s").workflow_id
    leaf = world.child(middle, "m").workflow_id

    world.retry(w, deepest=True)

    assert world.trace(leaf) == ["k:k:FAILED", "k:k:SCHEDULED"]
    assert world.trace(middle) == ["SUB_WORKFLOW:m:IN_PROGRESS"]
    assert world.trace(w) == ["SUB_WORKFLOW:s:IN_PROGRESS"]
    assert world.play(w).status == "COMPLETED"
    assert world.workflow(middle).status == "COMPLETED"


def test_retry_of_a_child_revives_its_parents_and_their_other_branches(world: World) -> None:
    world.register(simple("k"), name="child")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[sub], [simple("b")]]),
        system("JOIN", "j", joinOn=["s", "b"]),
    )
    w = world.start()
    world.report(world.take("k"), fails())
    assert world.task(w, "b").status == "CANCELED"
    child = world.child(w, "s").workflow_id

    world.retry(child)

    assert world.workflow(w).status == "RUNNING"
    assert world.task(w, "j").status == "IN_PROGRESS"
    assert world.child(w, "s").workflow_id == child
    assert world.play(w).status == "COMPLETED"


def test_running_workflow_is_not_retried(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(NotFoundError, match="Workflow is still running"):
        world.retry(w)


def test_completed_workflow_has_nothing_to_retry(world: World) -> None:
    w = world.run(simple("a")).workflow_id

    with pytest.raises(ConflictError, match="There are no retryable tasks"):
        world.retry(w)


# -- sub-workflows that were cut short ---------------------------------------------------------

Revival = Callable[[World, str, str], None]

REVIVALS: dict[str, Revival] = {
    "retry of the failed child": lambda world, _, failed: world.retry(failed),
    "retry of the parent": lambda world, parent, _: world.retry(parent),
    "retry of the deepest failure": lambda world, parent, _: world.retry(parent, deepest=True),
    "rerun of the failed child's task": lambda world, parent, failed: world.rerun(
        parent, reRunFromTaskId=world.task(failed, "a").task_id
    ),
    "rerun of the failed child": lambda world, parent, failed: world.rerun(
        failed, reRunFromTaskId=world.task(failed, "a").task_id
    ),
}


@pytest.mark.parametrize("first", ["failing", "working"])
@pytest.mark.parametrize("way", REVIVALS)
def test_cancelled_child_goes_on_where_it_was(world: World, way: str, first: str) -> None:
    world.register(simple("a"), name="failing")
    world.register(simple("b"), simple("z"), name="deep")
    world.register(
        simple("b1"), system("SUB_WORKFLOW", "d", subWorkflowParam={"name": "deep"}), name="working"
    )
    names = [first, "working" if first == "failing" else "failing"]
    branches = [[system("SUB_WORKFLOW", name, subWorkflowParam={"name": name})] for name in names]
    world.register(system("FORK_JOIN", "f", forkTasks=branches), system("JOIN", "j", joinOn=names))
    parent = world.start()
    world.report(world.take("b1"), done())
    world.report(world.take("b"), done())
    child = world.child(parent, "working").workflow_id
    grandchild = world.child(child, "d").workflow_id
    failed = world.child(parent, "failing").workflow_id
    world.report(world.take("a"), fails())
    assert [world.workflow(w).status for w in (parent, child, grandchild)] == [
        "FAILED",
        "TERMINATED",
        "TERMINATED",
    ]

    REVIVALS[way](world, parent, failed)

    assert world.child(parent, "working").workflow_id == child
    assert world.child(child, "d").workflow_id == grandchild
    assert (world.poll("b1"), world.poll("b")) == ([], [])
    world.advance(700)
    assert (world.poll("b1"), world.poll("b")) == ([], [])
    world.play(parent)
    assert {world.workflow(w).status for w in (parent, child, grandchild)} == {"COMPLETED"}


def test_two_failed_children_are_both_taken_up_when_one_is_retried(world: World) -> None:
    world.register(simple("k"), simple("a"), name="left")
    world.register(simple("k"), simple("b"), name="right")
    branches = [
        [system("SUB_WORKFLOW", name, subWorkflowParam={"name": name})]
        for name in ("left", "right")
    ]
    world.register(
        system("FORK_JOIN", "f", forkTasks=branches),
        system("JOIN", "j", joinOn=["left", "right"]),
    )
    parent = world.start()
    for _ in range(2):
        world.report(world.take("k"), done())
    left, right = (world.child(parent, name).workflow_id for name in ("left", "right"))
    world.report(world.take("a"), fails())

    world.retry(left)

    assert world.child(parent, "right").workflow_id == right
    assert world.poll("k") == []
    assert world.play(parent).status == "COMPLETED"
