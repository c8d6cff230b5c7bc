"""Retry, rerun, restart, revival, upgrade and jump, and what they go on with."""

from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from dalsegno_state import ids
from dalsegno_state.execution import Operation
from dalsegno_state.operations import jump_obstacle, retriable, set_going, upgrade_obstacles
from dalsegno_state.view import View
from tests.builders import a_workflow_state
from tests.decider.builders import (
    NOW,
    SECOND,
    WOKEN,
    Definition,
    a_fork,
    a_join,
    a_loop,
    a_plan,
    a_switch,
    a_workflow,
    after,
    decided,
    ended,
    id_of,
    in_progress,
    looked_at,
    operated,
    ruled,
    scheduled,
    simple,
    system,
)

CHAIN = [simple("a"), simple("b"), simple("c")]


def under(kind: str, *nodes: Definition, tasks: Any, **arguments: Any) -> View:
    """Return a workflow that such an operation has set going, as its first run."""
    operation = Operation(kind=kind, arguments=arguments)
    return a_workflow(*nodes, tasks=tasks, run=1, operation=operation)


# -- setting a workflow going ------------------------------------------------------------------


def test_ended_workflow_is_set_going_again() -> None:
    state = a_workflow_state(
        status=WorkflowStatus.FAILED,
        revision=4,
        reason="broken",
        failed_task_id="x",
        failed_refs=("a",),
        ended_at=NOW,
        closing=True,
    )

    going = set_going(state, Operation(kind="retry"), NOW + 5)

    assert (going.status, going.run, going.revision) == ("RUNNING", 1, 5)
    assert (going.reason, going.failed_task_id, going.failed_refs) == (None, None, ())
    assert (going.ended_at, going.closing, going.last_retried_at) == (0, False, NOW + 5)


@pytest.mark.parametrize("event", [looked_at("a"), WOKEN])
def test_nothing_new_begins_while_an_operation_is_under_way(event: Any) -> None:
    view = under("retry", *CHAIN, tasks=[ended("a")])

    assert decided(view, event).created == []


def test_operation_that_is_done_is_taken_off() -> None:
    change = operated(under("retry", *CHAIN, tasks=[ended("a"), ended("b", "FAILED")]))

    assert change.workflow.operation is None
    assert change.replaced_revisions == [0]


def test_operation_that_is_cut_short_stays() -> None:
    fork = a_fork("f", *[[simple(f"t{n}")] for n in range(5)])
    view = under("retry", fork, a_join("j"), tasks=[ended(f"t{n}", "FAILED") for n in range(5)])

    first = operated(view, max_writes=4)
    second = operated(after(first), max_writes=40)

    assert first.replaced_revisions == []
    assert second.workflow.operation is None
    assert set(first.changed) | set(second.changed) == {f"t{n}" for n in range(5)}
    assert not set(first.changed) & set(second.changed)


def test_without_an_operation_nothing_is_done() -> None:
    assert operated(a_workflow(*CHAIN, tasks=[ended("a", "FAILED")])).does_nothing


# -- retry -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", ["FAILED", "TIMED_OUT", "FAILED_WITH_TERMINAL_ERROR", "CANCELED"]
)
def test_retry_gives_what_ended_badly_another_attempt(status: str) -> None:
    task = ended("b", status, retry_count=3, first_scheduled_at=NOW - 99, reason="no luck")

    change = operated(under("retry", *CHAIN, tasks=[ended("a"), task]), now=NOW + SECOND)

    again = change.stores("b")
    assert change.changed == {"b": "SCHEDULED"}
    assert change.frozen == [task.task_id]
    assert (again.task_id, again.retry_count) == (id_of("b", 4, run=1), 4)
    assert (again.reason, again.first_scheduled_at) == (None, NOW + SECOND)
    assert change.looks_later == [("b", 0)]


@pytest.mark.parametrize("status", ["COMPLETED", "COMPLETED_WITH_ERRORS", "SKIPPED"])
def test_retry_leaves_what_ended_well(status: str) -> None:
    view = under("retry", *CHAIN, tasks=[ended("a", status), in_progress("b")])

    assert operated(view).changed == {}


def test_retry_leaves_its_own_attempt_that_failed_again() -> None:
    view = under("retry", *CHAIN, tasks=[ended("a", "FAILED", retry_count=1, run=1)])

    assert operated(view).changed == {}


@pytest.mark.parametrize("kind", ["JOIN", "DO_WHILE"])
def test_retry_reopens_operators_in_place(kind: str) -> None:
    node = system(kind, "x", loopOver=[simple("a")])
    view = under("retry", node, tasks=[ended("x", "CANCELED", turn=3, retry_count=1)])

    change = operated(view)

    task = change.stores("x")
    assert (task.status, task.turn, task.retry_count) == ("IN_PROGRESS", 3, 2)
    assert (task.task_id, change.frozen) == (id_of("x", 1), [])


def test_retry_of_a_wait_goes_on_waiting() -> None:
    task = ended("w", "CANCELED", wait_until=NOW + 500)

    again = operated(under("retry", system("WAIT", "w"), tasks=[task])).stores("w")

    assert (again.status, again.wait_until) == ("IN_PROGRESS", NOW + 500)


@pytest.mark.parametrize(
    ("kind", "node", "task"),
    [
        ("retry", simple("x"), {}),
        ("retry", system("DO_WHILE", "x", loopOver=[simple("a")]), {"turn": 1}),
        ("retry", system("WAIT", "x"), {}),
        ("revive", system("SUB_WORKFLOW", "x"), {"sub_workflow_id": "child"}),
    ],
)
def test_reopened_task_does_not_end_the_workflow_for_its_last_timeout(
    kind: str, node: Definition, task: dict[str, Any]
) -> None:
    timed_out = ended("x", "TIMED_OUT", ends_workflow=True, **task)

    change = operated(under(kind, node, tasks=[timed_out], ref="x"))

    assert not change.stores("x").ends_workflow


def test_what_a_retry_would_do_again() -> None:
    tasks = [ended("a"), ended("b", "FAILED"), in_progress("c"), ended("d", "CANCELED")]

    assert [task.ref for task in retriable(tasks)] == ["b", "d"]


# -- revival -----------------------------------------------------------------------------------


def test_revival_takes_up_the_same_child_and_what_was_cut_short() -> None:
    task = ended("s", "FAILED", sub_workflow_id="child", reason="no luck")
    fork = a_fork("f", [system("SUB_WORKFLOW", "s")], [simple("b")])
    tasks = [ended("f"), task, ended("b", "CANCELED")]

    change = operated(under("revive", fork, a_join("j", "s", "b"), tasks=tasks, ref="s"))

    revived = change.stores("s")
    assert (revived.status, revived.task_id) == ("IN_PROGRESS", id_of("s"))
    assert (revived.sub_workflow_id, revived.reason) == ("child", None)
    assert change.changed == {"s": "IN_PROGRESS", "b": "SCHEDULED"}


# -- restart and rerun -------------------------------------------------------------------------


def test_restart_forgets_everything() -> None:
    change = operated(under("restart", *CHAIN, tasks=[ended("a"), ended("b", "FAILED")]))

    assert change.deleted == ["a", "b"]
    assert decided(after(change), looked_at()).stores("a").task_id == id_of("a", run=1)


def test_restart_keeps_what_is_of_its_own_run() -> None:
    change = operated(under("restart", *CHAIN, tasks=[scheduled("a", run=1), ended("b")]))

    assert change.deleted == ["b"]


@pytest.mark.parametrize(("given", "inputs"), [({}, {"x": 5}), ({"taskInput": {"y": 1}}, {"y": 1})])
def test_rerun_does_a_task_again_and_forgets_what_came_behind(
    given: dict[str, Any], inputs: dict[str, Any]
) -> None:
    nodes = [simple("a"), {**simple("b"), "inputParameters": {"x": "${a.output.x}"}}, simple("c")]
    tasks = [ended("a", output={"x": 5}), ended("b"), ended("c", "FAILED")]

    change = operated(under("rerun", *nodes, tasks=tasks, ref="b", **given))

    assert change.deleted == ["c", "b"]
    assert change.created == ["b"]
    assert change.stores("b").input == inputs
    assert change.stores("b").task_id == id_of("b", run=1)


def test_rerun_repeated_does_nothing_more() -> None:
    change = operated(under("rerun", *CHAIN, tasks=[ended("a"), ended("b"), ended("c")], ref="b"))
    again = under("rerun", *CHAIN, tasks=[t for t in after(change).all_tasks()], ref="b")

    assert operated(again).changed == {}


def test_rerun_in_a_loop_goes_back_to_its_turn() -> None:
    tasks = [ended("l", turn=3), ended("a__1"), ended("a__2"), ended("a__3"), ended("z")]
    view = under("rerun", a_loop("l", simple("a")), simple("z"), tasks=tasks, ref="a__2")

    change = operated(view)

    assert sorted(change.deleted) == ["a__2", "a__3", "z"]
    assert (change.stores("l").turn, change.stores("l").status) == (2, "IN_PROGRESS")


def test_rerun_in_a_branch_leaves_the_other_branches() -> None:
    fork = a_fork("f", [simple("a"), simple("b")], [simple("c")])
    tasks = [ended("f"), ended("a"), ended("c"), ended("b"), ended("j"), ended("z")]
    view = under("rerun", fork, a_join("j", "b", "c"), simple("z"), tasks=tasks, ref="a")

    assert sorted(operated(view).deleted) == ["a", "b", "j", "z"]


def test_rerun_in_a_branch_gives_what_ended_badly_beside_it_another_attempt() -> None:
    fork = a_fork("f", [simple("a")], [simple("c")], [simple("d")])
    tasks = [ended("f"), ended("a"), ended("c", "CANCELED"), ended("d"), ended("j", "CANCELED")]
    view = under("rerun", fork, a_join("j", "a", "c", "d"), tasks=tasks, ref="a")

    change = operated(view)

    assert sorted(change.deleted) == ["a", "j"]
    assert change.changed == {"a": "SCHEDULED", "c": "SCHEDULED"}
    assert change.stores("c").task_id == id_of("c", 1, run=1)


# -- jump --------------------------------------------------------------------------------------


def test_jump_forwards_steps_over_what_lies_between() -> None:
    view = under("jump", *CHAIN, tasks=[in_progress("a")], ref="c", taskInput={"x": 1})

    change = operated(view)

    assert change.changed == {"a": "SKIPPED", "b": "SKIPPED", "c": "SCHEDULED"}
    assert change.stores("c").input == {"x": 1}


def test_jump_back_forgets_what_came_behind() -> None:
    tasks = [ended("a"), ended("b"), in_progress("c")]

    change = operated(under("jump", *CHAIN, tasks=tasks, ref="a"))

    assert sorted(change.deleted) == ["a", "b", "c"]
    assert change.created == ["a"]


def test_jump_into_a_case_chooses_it() -> None:
    switch = a_switch("s", "x", x=[simple("a")], y=[simple("b")])
    tasks = [ended("s", output={"evaluationResult": ["x"]}), in_progress("a")]

    change = operated(under("jump", switch, tasks=tasks, ref="b", taskInput={}))

    assert change.changed == {"a": "SKIPPED", "s": "COMPLETED", "b": "SCHEDULED"}
    assert change.stores("s").output == {"evaluationResult": ["y"], "selectedCase": "y"}


def test_jump_ends_the_children_that_it_steps_over() -> None:
    tasks = [in_progress("s", sub_workflow_id="child")]
    view = under("jump", system("SUB_WORKFLOW", "s"), simple("z"), tasks=tasks, ref="z")

    change = operated(view)

    assert [workflow_id for workflow_id, _, _ in change.evaluates] == ["child"]


def test_child_that_is_not_known_yet_is_ended_all_the_same() -> None:
    view = under("jump", system("SUB_WORKFLOW", "s"), simple("z"), tasks=[scheduled("s")], ref="z")

    (told, _, _) = operated(view).evaluates[0]

    assert told == ids.child_workflow_id(id_of("s"), NOW)


@pytest.mark.parametrize(
    ("ref", "obstacle"),
    [
        ("z", None),
        ("a", None),
        ("nowhere", "does not exist"),
        ("j", "is a JOIN"),
        ("b", "is part of l, which has not begun"),
    ],
)
def test_where_an_execution_cannot_go_on(ref: str, obstacle: str | None) -> None:
    plan = a_plan(
        a_fork("f", [simple("a")]), a_join("j", "a"), a_loop("l", simple("b")), simple("z")
    )

    found = jump_obstacle(plan, [ended("f")], ref)

    assert found is None if obstacle is None else obstacle in str(found)


# -- upgrade -----------------------------------------------------------------------------------


def test_upgrade_gives_an_output_to_what_it_has_passed() -> None:
    nodes = [simple("new"), simple("a"), a_switch("s", "x", x=[simple("q")]), simple("b")]
    view = under("upgrade", *nodes, tasks=[ended("a"), in_progress("b")], taskOutput={"x": 1})

    change = operated(view)

    assert change.changed == {"new": "COMPLETED", "s": "SKIPPED"}
    assert change.stores("new").output == {"x": 1}


def test_upgrade_leaves_what_is_yet_to_come() -> None:
    view = under("upgrade", *CHAIN, tasks=[in_progress("a")], taskOutput={})

    assert operated(view).changed == {}


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ([simple("a"), simple("b"), simple("more")], None),
        ([simple("b")], "task a has been executed, and is not in version 1"),
        ([system("HUMAN", "a"), simple("b")], "task a has been executed as SIMPLE, and is HUMAN"),
        ([a_switch("s", 1, x=[simple("a")])], "task a has been executed, and is in another place"),
    ],
)
def test_what_keeps_an_execution_from_an_upgrade(new: list[Definition], says: str | None) -> None:
    found = list(upgrade_obstacles(a_plan(simple("a"), simple("b")), a_plan(*new), [ended("a")]))

    assert found == ([] if says is None else [says])


def test_join_that_waits_already_keeps_what_it_waits_for() -> None:
    fork = a_fork("f", [simple("a")], [simple("b")])
    old, new = a_plan(fork, a_join("j", "a", "b")), a_plan(fork, a_join("j", "a"))

    found = list(upgrade_obstacles(old, new, [ended("a"), in_progress("j")]))

    assert found == ["JOIN j waits for its tasks already, and joins others"]


# -- after an operation ------------------------------------------------------------------------


def test_operators_attempt_is_not_given_a_kept_output() -> None:
    node = ruled("a", retryCount=0)
    node["cacheConfig"] = {"key": "k", "ttlInSecond": 60}
    view = under("rerun", node, tasks=[ended("a", "FAILED")], ref="a")

    assert operated(view).changed == {"a": "SCHEDULED"}
