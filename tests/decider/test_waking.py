"""The wake: when it is due, what it sends again, and what it mends."""

from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from dalsegno_state.view import View
from tests.decider.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    WOKEN,
    Change,
    a_fork,
    a_join,
    a_loop,
    a_switch,
    a_workflow,
    after,
    decided,
    ended,
    id_of,
    in_progress,
    joined,
    lease_extended,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
    system,
    terminated,
)

BUSY = NOW + 5 * MINUTE
NO_TIMEOUTS = {"responseTimeoutSeconds": 0}


# -- pulled before anything is stored ----------------------------------------------------------


def a_chain(**changes: Any) -> View:
    return a_workflow(simple("a"), simple("b"), tasks=[in_progress("a")], **changes)


@pytest.mark.parametrize(
    ("wake_at", "pulled_to"),
    [
        (None, BUSY),
        (NOW + HOUR, BUSY),
        (BUSY + 1, BUSY),
        (BUSY, None),
        (NOW + SECOND, None),
        (NOW - SECOND, None),
    ],
)
def test_wake_is_pulled_near_before_a_task_is_finished(
    wake_at: int | None, pulled_to: int | None
) -> None:
    assert decided(a_chain(wake_at=wake_at), reported("a")).pulls_wake_to == pulled_to


@pytest.mark.parametrize(
    ("view", "event"),
    [
        (a_chain(wake_at=None), lease_extended("a")),
        (a_chain(wake_at=None), terminated()),
        (a_chain(wake_at=None), reported("a", "IN_PROGRESS")),
        (
            a_workflow(
                a_fork("f", [simple("a")]),
                a_join("j", "a"),
                tasks=[ended("f"), ended("a"), in_progress("j", input={"joinOn": ["a"]})],
                wake_at=None,
            ),
            looked_at("a"),
        ),
        (a_workflow(simple("a"), wake_at=None), looked_at()),
    ],
)
def test_wake_is_pulled_before_whatever_is_written(view: View, event: Any) -> None:
    assert decided(view, event).pulls_wake_to == BUSY


def test_wake_is_left_alone_where_nothing_is_written() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("a"), in_progress("b")], wake_at=None)

    assert decided(view, looked_at("a")).does_nothing


def test_wake_is_pulled_to_the_end_of_a_wait() -> None:
    view = a_workflow(system("WAIT", "w", {"duration": "90 s"}), wake_at=None)

    assert decided(view, looked_at()).pulls_wake_to == NOW + 90 * SECOND


def test_wake_is_not_pulled_for_a_workflow_that_needs_no_more() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")], wake_at=None)

    change = decided(view, reported("a"))

    assert change.pulls_wake_to is None
    assert change.clears_wake


# -- moved on after a look ---------------------------------------------------------------------


def woken(*, interval: int = 0, now: int = NOW, **task: Any) -> Change:
    """Return what a wake does to a workflow whose worker has its task in hand."""
    view = a_workflow(
        ruled("a", **NO_TIMEOUTS), tasks=[in_progress("a", **task)], wake_interval_ms=interval
    )
    return decided(view, WOKEN, now=now)


@pytest.mark.parametrize(
    ("interval", "following"),
    [
        (0, MINUTE),
        (MINUTE, 2 * MINUTE),
        (2 * MINUTE, 4 * MINUTE),
        (4 * HOUR, 6 * HOUR),
        (6 * HOUR, 6 * HOUR),
    ],
)
def test_wake_comes_ever_more_seldom_while_nothing_happens(interval: int, following: int) -> None:
    change = woken(interval=interval)

    assert (change.moves_wake_by, change.wake_interval) == (following, following)


@pytest.mark.parametrize(
    ("interval", "following"), [(0, MINUTE), (MINUTE, 4 * MINUTE), (2 * DAY, 7 * DAY)]
)
@pytest.mark.parametrize("kind", ["HUMAN", "WAIT"])
def test_wake_of_a_workflow_that_waits_for_a_signal_backs_off_faster(
    kind: str, interval: int, following: int
) -> None:
    view = a_workflow(system(kind, "h"), tasks=[in_progress("h")], wake_interval_ms=interval)

    assert decided(view, WOKEN).moves_wake_by == following


def test_child_workflow_is_woken_as_often_as_one_at_work() -> None:
    view = a_workflow(
        system("HUMAN", "h"),
        tasks=[in_progress("h")],
        wake_interval_ms=2 * DAY,
        parent_task_id=id_of("s"),
    )

    assert decided(view, WOKEN).moves_wake_by == 6 * HOUR


def test_wake_that_mended_something_is_followed_by_one_soon() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("a")], wake_interval_ms=4 * HOUR)

    change = decided(view, WOKEN)

    assert change.created == ["b"]
    assert (change.moves_wake_by, change.wake_interval) == (MINUTE, MINUTE)


@pytest.mark.parametrize(
    ("rules", "task", "due"),
    [
        ({"responseTimeoutSeconds": 30}, in_progress("a"), 30 * SECOND),
        ({"responseTimeoutSeconds": 30, "timeoutSeconds": 20}, in_progress("a"), 20 * SECOND),
        ({}, scheduled("a", wait_until=NOW + 90 * SECOND), 150 * SECOND),
        ({}, scheduled("a"), MINUTE),
    ],
)
def test_wake_is_never_behind_a_deadline(rules: dict[str, Any], task: Any, due: int) -> None:
    node = ruled("a", **{**NO_TIMEOUTS, **rules})
    view = a_workflow(node, tasks=[task], wake_interval_ms=4 * HOUR)

    assert decided(view, WOKEN).moves_wake_by == due


def test_wakes_that_look_for_lost_messages_are_a_minute_apart() -> None:
    view = a_workflow(simple("a"), tasks=[scheduled("a")], wake_interval_ms=4 * HOUR)

    assert decided(view, WOKEN, now=NOW + 30 * SECOND).moves_wake_by == MINUTE


def test_wake_is_no_later_than_the_end_of_a_wait() -> None:
    task = in_progress("w", wait_until=NOW + 10 * MINUTE)
    view = a_workflow(system("WAIT", "w"), tasks=[task], wake_interval_ms=DAY)

    assert decided(view, WOKEN).moves_wake_by == 10 * MINUTE


def test_workflow_that_waits_for_a_slot_is_woken_within_a_quarter_of_an_hour() -> None:
    view = a_workflow(simple("a"), rate_limited=True, wake_interval_ms=4 * HOUR)

    change = decided(view, WOKEN)

    assert change.created == []
    assert change.moves_wake_by == 15 * MINUTE


def test_wake_does_not_touch_a_paused_workflow_but_comes_again() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("a")], status=WorkflowStatus.PAUSED)

    change = decided(view, WOKEN)

    assert (change.created, change.moves_wake_by) == ([], MINUTE)


# -- lost messages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "interval", "again"),
    [
        (0, MINUTE, False),
        (59 * SECOND, MINUTE, False),
        (MINUTE, MINUTE, True),
        (5 * MINUTE, MINUTE, True),
        (7 * MINUTE, MINUTE, False),
        (16 * MINUTE, MINUTE, True),
        (HOUR, MINUTE, False),
        (256 * MINUTE, 2 * HOUR, True),
        (DAY, 6 * HOUR, False),
        (7 * DAY, 6 * HOUR, True),
        (8 * DAY, 6 * HOUR, False),
        (14 * DAY, 6 * HOUR, True),
    ],
)
def test_message_that_may_be_lost_is_sent_again(age: int, interval: int, again: bool) -> None:
    view = a_workflow(simple("a"), tasks=[scheduled("a")], wake_interval_ms=interval)

    change = decided(view, WOKEN, now=NOW + age)

    assert change.announced == ([("a", id_of("a"), 0)] if again else [])


@pytest.mark.parametrize("status", ["IN_PROGRESS", "COMPLETED"])
def test_task_that_was_handed_out_is_not_announced_again(status: str) -> None:
    task = in_progress("a") if status == "IN_PROGRESS" else ended("a")
    view = a_workflow(ruled("a", **NO_TIMEOUTS), simple("b"), tasks=[task, scheduled("b")])

    change = decided(view, WOKEN, now=NOW + MINUTE)

    assert [queue for queue, _, _ in change.announced] == ["b"]


def test_task_of_an_earlier_turn_is_not_announced_again() -> None:
    tasks = [in_progress("l", turn=2), scheduled("a__1"), scheduled("a__2")]
    view = a_workflow(a_loop("l", simple("a")), tasks=tasks)

    change = decided(view, WOKEN, now=NOW + MINUTE)

    assert change.announced == [("a", id_of("a__2"), 0)]


@pytest.mark.parametrize(("kind", "queue"), [("HTTP", "HTTP"), ("EVENT", "_system")])
def test_system_task_whose_worker_may_have_died_is_announced_again(kind: str, queue: str) -> None:
    view = a_workflow(system(kind, "h", sink="conductor"), tasks=[in_progress("h")])

    assert decided(view, WOKEN, now=NOW + MINUTE).announced == [(queue, id_of("h"), 0)]


# -- what a wake mends -------------------------------------------------------------------------


def test_wake_begins_what_was_never_begun() -> None:
    assert decided(a_workflow(simple("a")), WOKEN).created == ["a"]


@pytest.mark.parametrize(
    ("nodes", "tasks", "created"),
    [
        ([simple("a"), simple("b")], [ended("a")], ["b"]),
        (
            [a_fork("f", [simple("a")], [simple("b")]), a_join("j", "a", "b")],
            [ended("f"), in_progress("a")],
            ["b", "j"],
        ),
        (
            [a_switch("s", "x", x=[simple("a")])],
            [ended("s", output={"evaluationResult": ["x"]})],
            ["a"],
        ),
        ([a_loop("l", simple("a"))], [in_progress("l", turn=2), ended("a__1")], ["a__2"]),
    ],
)
def test_wake_creates_what_is_missing(nodes: Any, tasks: Any, created: list[str]) -> None:
    assert decided(a_workflow(*nodes, tasks=tasks), WOKEN).created == created


def test_wake_retries_what_has_failed() -> None:
    view = a_workflow(ruled("a", retryCount=1), tasks=[ended("a", "FAILED")])

    change = decided(view, WOKEN)

    assert (change.frozen, change.changed) == ([id_of("a")], {"a": "SCHEDULED"})


def test_wake_ends_what_nobody_ended() -> None:
    assert decided(a_workflow(simple("a"), tasks=[ended("a")]), WOKEN).ends_workflow_as == (
        "COMPLETED"
    )


def test_wake_ends_a_wait_that_is_over() -> None:
    task = in_progress("w", wait_until=NOW + MINUTE)
    view = a_workflow(system("WAIT", "w"), simple("z"), tasks=[task])

    assert decided(view, WOKEN, now=NOW + MINUTE - 1).changed == {}
    assert decided(view, WOKEN, now=NOW + MINUTE).changed == {"w": "COMPLETED", "z": "SCHEDULED"}


def test_wake_looks_at_children() -> None:
    view = a_workflow(
        system("SUB_WORKFLOW", "s"), tasks=[in_progress("s", sub_workflow_id="child")]
    )

    assert decided(view, WOKEN).launches == ["s"]


def test_wake_passes_over_what_an_upgrade_has_dropped() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a"), scheduled("gone")])

    assert "gone" not in decided(view, WOKEN, now=NOW + MINUTE).changed


@pytest.mark.parametrize("revision", [0, 1])
def test_skipped_task_is_stepped_over_when_execution_comes_to_it(revision: int) -> None:
    nodes = [simple("a"), simple("b"), simple("c")]
    view = a_workflow(*nodes, tasks=[in_progress("a"), ended("b", "SKIPPED", revision=revision)])

    assert decided(view, WOKEN).created == []
    assert decided(view, reported("a")).created == ["c"]


# -- repeating does no harm --------------------------------------------------------------------

EVERYTHING = [
    (a_chain(), reported("a", output={"x": 1})),
    (a_chain(), reported("a", "FAILED")),
    (a_chain(), reported("a", "FAILED_WITH_TERMINAL_ERROR")),
    (a_workflow(simple("a"), simple("b")), looked_at()),
    (a_workflow(a_switch("s", "x", x=[simple("a")]), simple("z")), looked_at()),
    (a_workflow(a_fork("f", [simple("a")], [simple("b")]), a_join("j", "a", "b")), looked_at()),
    (a_workflow(a_loop("l", simple("a"))), looked_at()),
    (a_workflow(system("SET_VARIABLE", "v", {"x": 1}), simple("z")), looked_at()),
    (a_workflow(system("HUMAN", "h")), looked_at()),
    (a_workflow(system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "c"})), looked_at()),
    (
        a_workflow(
            a_fork("f", [simple("a")]),
            a_join("j", "a"),
            simple("z"),
            tasks=[ended("f"), ended("a"), in_progress("j", input={"joinOn": ["a"]})],
        ),
        joined("j"),
    ),
]


@pytest.mark.parametrize(("view", "event"), EVERYTHING)
def test_event_decided_again_writes_nothing_new(view: View, event: Any) -> None:
    first = decided(view, event)
    assert first.transition.writes

    second = decided(after(first), event)

    assert second.changed == {}
    assert second.replaced_revisions == []


@pytest.mark.parametrize(("view", "event"), EVERYTHING)
def test_wake_after_an_event_finds_nothing_missing(view: View, event: Any) -> None:
    change = decided(after(decided(view, event)), WOKEN)

    assert change.changed == {}
    assert change.replaced_revisions == []


@pytest.mark.parametrize("ended_by", ["SKIPPED", "COMPLETED"])
def test_wake_goes_on_behind_what_was_skipped_at_the_beginning(ended_by: str) -> None:
    view = a_workflow(
        simple("a"), simple("b"), simple("c"), tasks=[ended("a", ended_by), ended("b", "SKIPPED")]
    )

    assert decided(view, WOKEN).created == ["c"]


def test_wake_begins_although_a_later_task_is_skipped_already() -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("b", "SKIPPED")])

    assert decided(view, WOKEN).created == ["a"]


def test_wake_goes_on_behind_a_skipped_first_task_of_every_list() -> None:
    skipped = [ended("x", "SKIPPED"), ended("y__1", "SKIPPED", base_ref="y", iterations=(1,))]
    view = a_workflow(
        a_fork("f", [simple("x"), simple("x2")], [a_loop("l", simple("y"), simple("y2"))]),
        a_join("j", "x2", "l"),
        tasks=[ended("f"), in_progress("l", turn=1), in_progress("j"), *skipped],
    )

    assert set(decided(view, WOKEN).created) == {"x2", "y2__1"}
