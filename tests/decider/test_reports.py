"""Reports on attempts: late and repeated ones, those that keep it open, those about others."""

from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from tests.decider.builders import (
    MINUTE,
    NOW,
    SECOND,
    a_workflow,
    child_ended,
    decided,
    ended,
    id_of,
    in_progress,
    launched,
    lease_extended,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
    system,
)

STATUSES = ["COMPLETED", "FAILED", "FAILED_WITH_TERMINAL_ERROR", "IN_PROGRESS", "CANCELED"]


# -- which attempt -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stands", ["COMPLETED", "FAILED_WITH_TERMINAL_ERROR", "CANCELED"])
def test_ended_attempt_stays_as_it_ended(stands: str, status: str) -> None:
    view = a_workflow(ruled("a", optional=True), simple("b"), tasks=[ended("a", stands)])

    change = decided(view, reported("a", status, output={"late": True}))

    assert "a" not in change.changed


def test_repeated_report_sends_again_what_follows() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("a"), scheduled("b")])

    change = decided(view, reported("a"))

    assert (change.changed, change.announced) == ({}, [("b", id_of("b"), 0)])


@pytest.mark.parametrize("status", STATUSES)
def test_report_on_an_earlier_attempt_changes_nothing(status: str) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a", retry_count=1)])

    assert decided(view, reported("a", status, attempt=0)).changed == {}


@pytest.mark.parametrize("status", STATUSES)
def test_report_on_an_earlier_run_changes_nothing(status: str) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a", run=1)], run=1)

    assert decided(view, reported("a", status, run=0)).changed == {}


@pytest.mark.parametrize("status", STATUSES)
def test_report_on_a_task_that_does_not_exist_changes_nothing(status: str) -> None:
    assert decided(a_workflow(simple("a")), reported("a", status)).does_nothing


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("workflow", ["COMPLETED", "FAILED", "TERMINATED", "TIMED_OUT"])
def test_report_to_an_ended_workflow_changes_nothing(workflow: str, status: str) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")], status=WorkflowStatus(workflow))

    assert decided(view, reported("a", status)).changed == {}


def test_report_to_a_paused_workflow_is_kept_and_followed_later() -> None:
    view = a_workflow(
        simple("a"), simple("b"), tasks=[in_progress("a")], status=WorkflowStatus.PAUSED
    )

    assert decided(view, reported("a")).changed == {"a": "COMPLETED"}


def test_report_on_a_task_that_nobody_claimed_is_taken() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[scheduled("a")])

    change = decided(view, reported("a", worker_id="w7"))

    assert change.changed == {"a": "COMPLETED", "b": "SCHEDULED"}
    assert (change.stores("a").worker_id, change.stores("a").started_at) == ("w7", NOW)


def test_report_insists_on_the_revision_that_was_read() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[in_progress("a", revision=41)])

    change = decided(view, reported("a"))

    assert change.replaces("a") == [(id_of("a"), 41)]
    assert change.stores("a").revision == 42


def test_report_is_stored_as_it_came() -> None:
    task = in_progress("a", worker_id="w1", callback_after_seconds=30, started_at=NOW - 5)
    view = a_workflow(simple("a"), tasks=[task])

    fields: dict[str, Any] = {"output": {"x": 1}, "reason": "fine", "external_output_path": "p"}
    stored = decided(view, reported("a", **fields), now=NOW + 9).stores("a")

    assert (stored.output, stored.reason, stored.external_output_path) == ({"x": 1}, "fine", "p")
    assert (stored.worker_id, stored.callback_after_seconds) == ("w1", 0)
    assert (stored.started_at, stored.ended_at, stored.updated_at) == (NOW - 5, NOW + 9, NOW + 9)


# -- kept open ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 30])
def test_attempt_kept_open_is_handed_out_again_after_its_callback(seconds: int) -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a", poll_count=1)])

    change = decided(
        view, reported("a", "IN_PROGRESS", output={"p": 1}, callback_after_seconds=seconds)
    )

    task = change.stores("a")
    assert change.announced == [("a", id_of("a"), seconds)]
    assert (task.status, task.output) == ("SCHEDULED", {"p": 1})
    assert (task.wait_until, task.callback_after_seconds) == (NOW + seconds * SECOND, seconds)
    assert (task.retry_count, task.poll_count, task.ended_at) == (0, 1, 0)


def test_negative_callback_counts_as_none() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")])

    change = decided(view, reported("a", "IN_PROGRESS", callback_after_seconds=-5))

    assert change.announced == [("a", id_of("a"), 0)]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("HTTP_POLL", "SCHEDULED"), ("HUMAN", "IN_PROGRESS"), ("HTTP", "IN_PROGRESS")],
)
def test_who_is_handed_out_again(kind: str, status: str) -> None:
    view = a_workflow(system(kind, "x"), tasks=[in_progress("x")])

    change = decided(view, reported("x", "IN_PROGRESS", callback_after_seconds=5))

    assert change.changed == {"x": status}
    assert bool(change.announced) is (status == "SCHEDULED")


@pytest.mark.parametrize(
    ("task", "attempt", "extended"),
    [
        (in_progress("a"), 0, True),
        (scheduled("a"), 0, True),
        (in_progress("a", retry_count=1), 0, False),
        (ended("a"), 0, False),
        (ended("a", "TIMED_OUT"), 0, False),
    ],
)
def test_lease_is_extended_of_an_open_attempt_only(task: Any, attempt: int, extended: bool) -> None:
    view = a_workflow(simple("a"), tasks=[task])

    change = decided(view, lease_extended("a", attempt=attempt), now=NOW + MINUTE)

    assert bool(change.changed) is extended


# -- children ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "task",
    [
        in_progress("s", sub_workflow_id="child"),
        ended("s", sub_workflow_id="child"),
        scheduled("s", retry_count=1),
    ],
)
def test_launch_of_a_child_is_noted_once(task: Any) -> None:
    view = a_workflow(system("SUB_WORKFLOW", "s"), simple("z"), tasks=[task, scheduled("z")])

    assert decided(view, launched("s", "child")).changed == {}


# -- outputs that are kept for others ----------------------------------------------------------


@pytest.mark.parametrize(("status", "kept"), [("COMPLETED", 1), ("FAILED", 0)])
def test_output_is_kept_for_tasks_with_the_same_key(status: str, kept: int) -> None:
    node = simple("a", cacheConfig={"key": "${k}", "ttlInSecond": 60})
    view = a_workflow(node, tasks=[in_progress("a", cache_key="c1")])
    view.cached["c1"] = None

    change = decided(view, reported("a", status, output={"x": 1}))

    cached = [(c.key, c.output, c.expires_at) for c in change.transition.cached]
    assert cached == [("c1", {"x": 1}, NOW + MINUTE)] * kept


# -- schemas -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("enforced", "value", "stored"),
    [
        (True, "text", "FAILED_WITH_TERMINAL_ERROR"),
        (True, 1, "COMPLETED"),
        (False, "text", "COMPLETED"),
    ],
)
def test_output_that_breaks_its_schema_fails_the_attempt(
    enforced: bool, value: Any, stored: str
) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    rules = {
        "outputSchema": {"name": "out", "type": "JSON", "data": schema},
        "enforceSchema": enforced,
    }
    view = a_workflow(ruled("a", **rules), tasks=[in_progress("a")])

    assert decided(view, reported("a", output={"x": value})).changed["a"] == stored


def test_wait_without_a_time_is_ended_by_a_report() -> None:
    view = a_workflow(system("WAIT", "w"), simple("z"), tasks=[in_progress("w")])

    assert decided(view, looked_at("w")).does_nothing
    assert decided(view, reported("w")).changed == {"w": "COMPLETED", "z": "SCHEDULED"}


@pytest.mark.parametrize(
    ("inputs", "seconds"),
    [({"duration": "90 s"}, 90), ({"until": "2025-06-15 15:10 GMT"}, 200), ({}, None)],
)
def test_wait_notes_when_it_is_over(inputs: dict[str, Any], seconds: int | None) -> None:
    change = decided(a_workflow(system("WAIT", "w", inputs)), looked_at())

    until = None if seconds is None else NOW + seconds * SECOND
    assert change.stores("w").wait_until == until
    assert change.looks_later == ([] if seconds is None else [("w", seconds)])


@pytest.mark.parametrize("inputs", [{"duration": "soon"}, {"until": "then"}])
def test_wait_for_no_time_fails_for_good(inputs: dict[str, Any]) -> None:
    change = decided(a_workflow(system("WAIT", "w", inputs)), looked_at())

    assert change.changed == {"w": "FAILED_WITH_TERMINAL_ERROR"}


def test_another_attempt_of_a_human_task_waits_for_its_delay() -> None:
    task = scheduled("h", retry_count=1, wait_until=NOW + 30 * SECOND)
    view = a_workflow(system("HUMAN", "h"), tasks=[task])

    assert decided(view, looked_at("h")).looks_later == [("h", 30)]
    later = decided(view, looked_at("h"), now=NOW + 30 * SECOND)
    assert later.changed == {"h": "IN_PROGRESS"}


def test_news_of_a_child_to_an_ended_workflow_changes_nothing() -> None:
    task = in_progress("s", sub_workflow_id="child")
    view = a_workflow(
        system("SUB_WORKFLOW", "s"), tasks=[task], status=WorkflowStatus.FAILED, closing=True
    )

    assert decided(view, child_ended("s")).changed == {}
