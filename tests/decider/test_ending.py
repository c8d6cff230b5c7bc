"""How a workflow ends: its output, what is cancelled, who is told."""

from typing import Any

import pytest

from dalsegno.models import WorkflowDef, WorkflowStatus
from dalsegno_state import ids
from dalsegno_state.ending import failure_workflow_follows
from dalsegno_state.events import ChildNews, Terminate
from dalsegno_state.execution import Membership
from dalsegno_state.view import View
from tests.builders import a_workflow_state
from tests.decider.builders import (
    NOW,
    WOKEN,
    a_fork,
    a_join,
    a_loop,
    a_workflow,
    close,
    closed,
    decided,
    ended,
    id_of,
    in_progress,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
    system,
    terminated,
)

FAILED = {"status": WorkflowStatus.FAILED, "closing": True, "ended_at": NOW, "reason": "broken"}


# -- output ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "output"),
    [
        ({}, {"y": 2}),
        ({"x": "${a.output.x}", "who": "${workflow.input.who}"}, {"x": 1, "who": "me"}),
        ({"gone": "${nothing.output.x}"}, {"gone": None}),
    ],
)
def test_output_is_what_the_definition_says_or_the_last_tasks(
    parameters: dict[str, Any], output: dict[str, Any]
) -> None:
    view = a_workflow(
        simple("a"),
        simple("b"),
        tasks=[ended("a", output={"x": 1}), in_progress("b")],
        definition={"outputParameters": parameters},
        input={"who": "me"},
    )

    assert decided(view, reported("b", output={"y": 2})).workflow.output == output


def test_output_of_a_failed_workflow_is_computed_all_the_same() -> None:
    view = a_workflow(
        ruled("a", retryCount=0),
        tasks=[in_progress("a")],
        definition={"outputParameters": {"x": "${a.output.x}"}},
    )

    change = decided(view, reported("a", "FAILED", output={"x": 1}))

    assert (change.ends_workflow_as, change.workflow.output) == ("FAILED", {"x": 1})


def test_output_beyond_all_bounds_fails_the_workflow() -> None:
    big = ended("a", output={"x": "x" * 6_000_000})
    view = a_workflow(
        simple("a"),
        simple("b"),
        tasks=[big, in_progress("b")],
        definition={"outputParameters": {"x": "${a.output.x}", "y": "${a.output.x}"}},
    )

    change = decided(view, reported("b"))

    assert change.ends_workflow_as == "FAILED"
    assert "is greater than the permissible limit" in str(change.workflow.reason)


def test_task_output_beyond_all_bounds_fails_the_task() -> None:
    view = a_workflow(ruled("a", retryCount=3), tasks=[in_progress("a")])

    change = decided(view, reported("a", output={"x": "x" * 11_000_000}))

    assert change.changed == {"a": "FAILED_WITH_TERMINAL_ERROR"}
    assert change.stores("a").output == {}


@pytest.mark.parametrize(("value", "ends_as"), [(1, "COMPLETED"), ("text", "FAILED")])
def test_output_that_breaks_its_schema_fails_the_workflow(value: Any, ends_as: str) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    definition = {"outputSchema": {"name": "out", "type": "JSON", "data": schema}}
    view = a_workflow(simple("a"), tasks=[in_progress("a")], definition=definition)

    assert decided(view, reported("a", output={"x": value})).ends_workflow_as == ends_as


# -- what follows the end ----------------------------------------------------------------------


def test_plain_end_needs_no_closing_and_no_wake() -> None:
    change = decided(a_workflow(simple("a"), tasks=[in_progress("a")]), reported("a"))

    assert change.then == []
    assert (change.workflow.closing, change.clears_wake) == (False, True)
    assert change.workflow.ended_at == NOW


@pytest.mark.parametrize(
    "awaited",
    [{"parent_task_id": id_of("s")}, {"followers": (id_of("s"),)}, {"rate_limit_key": "k"}],
)
def test_awaited_end_is_closed_first(awaited: dict[str, Any]) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")], **awaited)

    change = decided(view, reported("a"))

    assert change.then == [close(left_open=False)]
    assert (change.workflow.closing, change.clears_wake) == (True, False)


@pytest.mark.parametrize("how", ["fails", "is terminated"])
def test_bad_end_is_closed_with_what_it_left_open(how: str) -> None:
    view = a_workflow(ruled("a", retryCount=0), tasks=[in_progress("a")])
    event = reported("a", "FAILED") if how == "fails" else terminated()

    change = decided(view, event)

    assert change.then == [close()]
    assert change.workflow.closing
    assert not change.clears_wake


def test_closing_cancels_what_is_open_and_nothing_else() -> None:
    tasks = [ended("f"), scheduled("a"), in_progress("b"), ended("c"), in_progress("j")]
    fork = a_fork("f", [simple("a")], [simple("b")], [simple("c")])
    view = a_workflow(fork, a_join("j", "a", "b", "c"), tasks=tasks, **FAILED)

    change = decided(view, close(), now=NOW + 5)

    assert change.changed == {"a": "CANCELED", "b": "CANCELED", "j": "CANCELED"}
    assert change.stores("a").ended_at == NOW + 5
    assert change.then == [closed()]


def test_closing_of_many_tasks_goes_on_in_another_decision() -> None:
    fork = a_fork("f", *[[simple(f"t{n}")] for n in range(6)])
    tasks = [in_progress(f"t{n}") for n in range(6)]
    view = a_workflow(fork, a_join("j"), tasks=tasks, **FAILED)

    change = decided(view, close(), max_writes=4)

    assert len(change.changed) == 4
    assert change.then == [close()]


def test_workflow_that_ran_to_its_end_reads_nothing_to_close() -> None:
    view = a_workflow(
        simple("a"),
        read=[],
        status=WorkflowStatus.COMPLETED,
        closing=True,
        parent_task_id=ids.task_id("p", 0, 0, "s"),
    )

    change = decided(view, close(left_open=False))

    assert change.changed == {}
    assert change.evaluates == [
        ("p", ChildNews(task_id=ids.task_id("p", 0, 0, "s"), child_id="w1"), 0)
    ]


def test_closing_tells_parent_and_followers() -> None:
    parent, follower = ids.task_id("p", 0, 0, "s"), ids.task_id("q", 0, 0, "s")
    view = a_workflow(parent_task_id=parent, followers=(follower,), **FAILED)

    change = decided(view, close())

    assert [workflow_id for workflow_id, _, _ in change.evaluates] == ["p", "q"]


@pytest.mark.parametrize("status", ["SCHEDULED", "IN_PROGRESS", "CANCELED"])
def test_closing_ends_the_children_that_run(status: str) -> None:
    own = ids.child_workflow_id(id_of("s"), NOW)
    task = ended("s", status) if status == "CANCELED" else in_progress("s", sub_workflow_id=own)
    view = a_workflow(system("SUB_WORKFLOW", "s"), tasks=[task], **FAILED)

    change = decided(view, close())

    reason = "Parent workflow has been terminated with status FAILED"
    assert change.evaluates == [(own, Terminate(reason=reason), 0)]


@pytest.mark.parametrize(
    "task", [ended("s"), ended("s", "FAILED"), in_progress("s", sub_workflow_id="another")]
)
def test_closing_leaves_other_workflows_alone(task: Any) -> None:
    view = a_workflow(system("SUB_WORKFLOW", "s"), tasks=[task], **FAILED)

    assert decided(view, close()).evaluates == []


@pytest.mark.parametrize(
    ("status", "by_wake", "clears"),
    [("COMPLETED", False, True), ("FAILED", False, False), ("FAILED", True, False)],
)
def test_closed_workflow_keeps_its_wake_for_a_last_look(
    status: str, by_wake: bool, clears: bool
) -> None:
    view = a_workflow(**{**FAILED, "status": WorkflowStatus(status)})

    change = decided(view, closed())

    assert not change.workflow.closing
    assert change.clears_wake is clears


def test_failure_workflow_is_named_in_the_output() -> None:
    change = decided(a_workflow(output={"x": 1}, **FAILED), closed("f1"))

    assert change.workflow.output == {"x": 1, "conductor.failure_workflow": "f1"}


@pytest.mark.parametrize("event", [close(), closed()])
def test_running_workflow_is_not_closed(event: Any) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")])

    assert decided(view, event).does_nothing


def test_workflow_is_closed_once() -> None:
    view = a_workflow(**{**FAILED, "closing": False})

    assert decided(view, closed("f1")).does_nothing


@pytest.mark.parametrize(
    ("status", "failed_task", "follows"),
    [
        ("FAILED", None, True),
        ("TIMED_OUT", None, True),
        ("TERMINATED", None, False),
        ("TERMINATED", id_of("t"), True),
        ("COMPLETED", None, False),
    ],
)
def test_which_ends_a_failure_workflow_follows(
    status: str, failed_task: str | None, follows: bool
) -> None:
    state = a_workflow_state(status=WorkflowStatus(status), failed_task_id=failed_task)

    assert failure_workflow_follows(state, WorkflowDef(failure_workflow="sorry")) is follows
    assert not failure_workflow_follows(state, WorkflowDef())


# -- an operator's end -------------------------------------------------------------------------


def test_terminated_workflow_says_why() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")], status=WorkflowStatus.PAUSED)

    change = decided(view, terminated("enough"))

    assert change.ends_workflow_as == "TERMINATED"
    assert (change.workflow.reason, change.workflow.failed_task_id) == ("enough", None)
    assert (change.replaced_revisions, change.workflow.revision) == ([0], 1)


@pytest.mark.parametrize(
    ("status", "becomes"), [("COMPLETED", None), ("FAILED", "TERMINATED"), ("TERMINATED", None)]
)
def test_ended_workflow_is_terminated_once(status: str, becomes: str | None) -> None:
    view = a_workflow(**{**FAILED, "status": WorkflowStatus(status)})

    change = decided(view, terminated("enough"))

    assert change.ends_workflow_as == becomes
    assert change.then == ([] if status == "COMPLETED" else [close()])


# -- an open task in an ended workflow ---------------------------------------------------------


def test_open_task_met_in_an_ended_workflow_has_it_closed_again() -> None:
    nodes = [simple("a"), simple("b")]
    view = a_workflow(*nodes, tasks=[ended("a"), scheduled("b")], **{**FAILED, "closing": False})

    assert decided(view, looked_at("b")).then == [close()]
    assert decided(view, looked_at("a")).does_nothing


@pytest.mark.parametrize(
    ("closing", "task", "again"),
    [(True, ended("a"), True), (False, scheduled("a"), True), (False, ended("a"), False)],
)
def test_wake_of_an_ended_workflow_closes_it_until_nothing_is_open(
    closing: bool, task: Any, again: bool
) -> None:
    view: View = a_workflow(simple("a"), tasks=[task], **{**FAILED, "closing": closing})

    change = decided(view, WOKEN)

    assert change.then == ([close()] if again else [])
    if not again:
        assert change.moves_wake_by is None


def test_optional_loop_that_is_given_up_leaves_its_turn_to_be_cancelled() -> None:
    loop = a_loop("l", simple("a"), optional=True)
    tasks = [ended("l", "COMPLETED_WITH_ERRORS", turn=1), scheduled("a__1"), in_progress("z")]

    change = decided(a_workflow(loop, simple("z"), tasks=tasks), reported("z"))

    assert change.then == [close()]


def test_workflow_that_gives_up_for_two_reasons_at_once_is_closed_once() -> None:
    named = [simple("taken"), simple("taken_too")]
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": named, "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    inputs = {
        "forkedTasks": ["taken", "taken_too"],
        "forkedTaskDefs": [{**each, "type": "SIMPLE"} for each in named],
        "forkedTaskInputs": [{}, {}],
    }
    foreign = [
        ended(
            ref,
            node={**task, "type": "SIMPLE"},
            membership=Membership(join_ref="other", index=n, size=2),
        )
        for n, (ref, task) in enumerate(zip(("taken", "taken_too"), named, strict=True))
    ]
    view = a_workflow(fork, a_join("j"), tasks=[ended("f", input=inputs), *foreign])

    change = decided(view, looked_at("f"))

    assert change.ends_workflow_as == "FAILED"
    assert len(change.replaced_revisions) == 1
    assert change.then == [close()]
