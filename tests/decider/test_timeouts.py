"""The four timeouts of a task under each policy, and that of the workflow."""

from typing import Any

import pytest

from dalsegno_state.execution import TaskState
from tests.decider.builders import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    WOKEN,
    Change,
    a_workflow,
    decided,
    id_of,
    in_progress,
    lease_extended,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
    system,
)

# All of a task's timeouts are off but the one that a case is about.
OFF = {"timeoutSeconds": 0, "responseTimeoutSeconds": 0}
RULES = {
    "total": {"totalTimeoutSeconds": 20},
    "task": {"timeoutSeconds": 20},
    "poll": {"pollTimeoutSeconds": 20},
    "response": {"responseTimeoutSeconds": 20},
}


def overdue(
    which: str, *, seconds: int = 20, task: TaskState | None = None, **rules: Any
) -> Change:
    """Return what a wake does after so many seconds of a task with one timeout of 20 s."""
    begun = in_progress("charge") if which in ("task", "response") else scheduled("charge")
    rules = {**OFF, "retryCount": 1, "timeoutPolicy": "RETRY", **RULES[which], **rules}
    view = a_workflow(ruled("charge", **rules), simple("ship"), tasks=[task or begun])
    return decided(view, WOKEN, now=NOW + seconds * SECOND)


@pytest.mark.parametrize("which", ["task", "poll", "response"])
def test_retry_policy_makes_another_attempt(which: str) -> None:
    change = overdue(which, timeoutPolicy="RETRY")

    assert change.frozen == [id_of("charge")]
    assert change.changed == {"charge": "SCHEDULED"}


def test_total_timeout_leaves_no_time_for_another_attempt() -> None:
    change = overdue("total", timeoutPolicy="RETRY")

    assert change.changed == {"charge": "TIMED_OUT"}
    assert change.ends_workflow_as == "TIMED_OUT"


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("which", ["total", "task", "poll"])
def test_time_out_wf_policy_ends_the_workflow(which: str, optional: bool) -> None:
    change = overdue(which, timeoutPolicy="TIME_OUT_WF", optional=optional)

    assert change.changed == {"charge": "TIMED_OUT"}
    assert change.ends_workflow_as == "TIMED_OUT"
    assert change.workflow.reason == change.stores("charge").reason


@pytest.mark.parametrize("which", ["total", "task", "poll"])
def test_alert_only_policy_leaves_the_task_alone(which: str) -> None:
    assert overdue(which, timeoutPolicy="ALERT_ONLY").changed == {}


@pytest.mark.parametrize("policy", ["RETRY", "TIME_OUT_WF", "ALERT_ONLY"])
def test_response_timeout_makes_another_attempt_under_each_policy(policy: str) -> None:
    assert overdue("response", timeoutPolicy=policy).frozen == [id_of("charge")]


@pytest.mark.parametrize("which", list(RULES))
def test_nothing_times_out_early(which: str) -> None:
    change = overdue(which, seconds=19, timeoutPolicy="TIME_OUT_WF")

    assert change.changed == {}
    assert change.moves_wake_by == SECOND


@pytest.mark.parametrize(
    ("which", "reason"),
    [
        (
            "task",
            "Task timed out after 20 seconds. Timeout configured as 20 seconds. "
            "Timeout policy configured to TIME_OUT_WF",
        ),
        (
            "poll",
            "Task poll timed out after 20 seconds. Timeout configured as 20 seconds. "
            "Timeout policy configured to TIME_OUT_WF",
        ),
        (
            "total",
            f"Task charge/{id_of('charge')} exceeded total timeout of 20 seconds (elapsed 20 "
            "seconds across all attempts including retry delays). Timeout policy: TIME_OUT_WF",
        ),
        (
            "response",
            f"responseTimeout: 20 exceeded for the taskId: {id_of('charge')} "
            "with Task Definition: charge",
        ),
    ],
)
def test_reason_names_the_timeout(which: str, reason: str) -> None:
    change = overdue(which, timeoutPolicy="TIME_OUT_WF", retryCount=0)

    assert change.stores("charge").reason == reason


@pytest.mark.parametrize("which", ["task", "poll", "response"])
def test_last_attempt_that_times_out_ends_the_workflow(which: str) -> None:
    assert overdue(which, retryCount=0).ends_workflow_as == "TIMED_OUT"


@pytest.mark.parametrize("which", ["task", "poll", "response"])
def test_optional_task_that_times_out_is_passed_over(which: str) -> None:
    change = overdue(which, retryCount=0, optional=True)

    assert change.changed == {"charge": "COMPLETED_WITH_ERRORS", "ship": "SCHEDULED"}


@pytest.mark.parametrize(
    ("which", "task", "seconds"),
    [
        ("poll", scheduled("charge", start_delay_seconds=100), 120),
        ("poll", scheduled("charge", callback_after_seconds=60), 80),
        ("poll", scheduled("charge", scheduled_at=NOW + 5 * SECOND), 25),
        ("task", in_progress("charge", start_delay_seconds=30), 50),
        ("task", in_progress("charge", started_at=NOW + 7 * SECOND), 27),
        ("response", in_progress("charge", callback_after_seconds=60), 80),
        ("response", in_progress("charge", updated_at=NOW + 9 * SECOND), 29),
        ("total", scheduled("charge", scheduled_at=NOW + 5 * SECOND), 20),
        ("total", in_progress("charge", updated_at=NOW + 9 * SECOND), 20),
    ],
)
def test_from_when_each_timeout_counts(which: str, task: TaskState, seconds: int) -> None:
    assert overdue(which, seconds=seconds - 1, task=task).changed == {}
    assert overdue(which, seconds=seconds, task=task).frozen or which == "total"
    assert "charge" in overdue(which, seconds=seconds, task=task).changed


@pytest.mark.parametrize(
    ("which", "task"),
    [
        ("task", scheduled("charge")),
        ("poll", in_progress("charge")),
        ("response", scheduled("charge")),
    ],
)
def test_timeouts_apply_in_their_status_only(which: str, task: TaskState) -> None:
    assert overdue(which, seconds=3_600, task=task).changed == {}


@pytest.mark.parametrize(
    ("kind", "output", "times_out"),
    [
        ("HUMAN", {}, False),
        ("WAIT", {}, False),
        ("SUB_WORKFLOW", {}, False),
        ("JOIN", {}, False),
        ("DO_WHILE", {}, False),
        ("WAIT_FOR_WEBHOOK", {}, False),
        ("PULL_WORKFLOW_MESSAGES", {}, False),
        ("KAFKA_PUBLISH", {"sent": True}, False),
        ("HTTP", {}, True),
        ("HTTP", {"response": {}}, False),
        ("EVENT", {"event_produced": {}}, False),
    ],
)
def test_who_waits_for_others_has_no_response_timeout(
    kind: str, output: dict[str, Any], times_out: bool
) -> None:
    node = system(kind, "x", taskDefinition={**OFF, "name": "x", "responseTimeoutSeconds": 20})
    node["loopOver"] = [simple("a")]
    view = a_workflow(node, tasks=[in_progress("x", output=output, turn=1)])

    change = decided(view, WOKEN, now=NOW + 20 * SECOND)

    assert ("x" in change.changed) is times_out


# -- the wake that finds them ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [
        ({"pollTimeoutSeconds": 20}, 20),
        ({"totalTimeoutSeconds": 30, "pollTimeoutSeconds": 40}, 30),
        ({"pollTimeoutSeconds": 20, "timeoutPolicy": "ALERT_ONLY"}, 300),
        ({}, 300),
    ],
)
def test_wake_is_pulled_to_the_first_deadline_of_a_new_task(
    rules: dict[str, Any], seconds: int
) -> None:
    view = a_workflow(ruled("charge", **{**OFF, **rules}), wake_at=NOW + HOUR)

    assert decided(view, looked_at()).pulls_wake_to == NOW + seconds * SECOND


def test_wake_is_pulled_to_the_deadline_of_an_attempt_kept_open() -> None:
    node = ruled("charge", **{**OFF, "pollTimeoutSeconds": 20})
    view = a_workflow(node, tasks=[in_progress("charge")], wake_at=NOW + HOUR)

    change = decided(view, reported("charge", "IN_PROGRESS", callback_after_seconds=60))

    assert change.pulls_wake_to == NOW + 80 * SECOND


def test_wake_is_pulled_to_the_deadline_of_a_new_attempt() -> None:
    node = ruled("charge", **{**OFF, "pollTimeoutSeconds": 20, "retryDelaySeconds": 5})
    view = a_workflow(node, tasks=[in_progress("charge")], wake_at=NOW + HOUR)

    assert decided(view, reported("charge", "FAILED")).pulls_wake_to == NOW + 30 * SECOND


def test_extended_lease_postpones_the_response_timeout() -> None:
    view = a_workflow(simple("charge"), tasks=[in_progress("charge")])

    change = decided(view, lease_extended("charge"), now=NOW + MINUTE)

    assert change.stores("charge").updated_at == NOW + MINUTE
    assert change.stores("charge").started_at == NOW


# -- the workflow's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "policy", "retried_after", "ends_as"),
    [
        (59, "TIME_OUT_WF", 0, None),
        (60, "TIME_OUT_WF", 0, "TIMED_OUT"),
        (60, "ALERT_ONLY", 0, None),
        (60, "TIME_OUT_WF", 10, None),
        (70, "TIME_OUT_WF", 10, "TIMED_OUT"),
    ],
)
def test_workflow_that_takes_too_long(
    seconds: int, policy: str, retried_after: int, ends_as: str | None
) -> None:
    view = a_workflow(
        system("HUMAN", "h"),
        tasks=[in_progress("h")],
        definition={"timeoutSeconds": 60, "timeoutPolicy": policy},
        last_retried_at=NOW + retried_after * SECOND if retried_after else 0,
    )

    change = decided(view, WOKEN, now=NOW + seconds * SECOND)

    assert change.ends_workflow_as == ends_as
    if ends_as:
        assert change.workflow.reason == (
            "Workflow timed out after 60 seconds. Timeout configured as 60 seconds. "
            "Timeout policy configured to TIME_OUT_WF"
        )
        assert change.workflow.failed_task_id is None
    elif policy == "TIME_OUT_WF":
        assert change.moves_wake_by == (60 + retried_after - seconds) * SECOND


def test_workflow_without_a_timeout_takes_its_time() -> None:
    view = a_workflow(system("HUMAN", "h"), tasks=[in_progress("h")])

    assert decided(view, WOKEN, now=NOW + 10_000 * HOUR).ends_workflow_as is None
