"""Retries: which attempt is followed by another, when, and with what."""

from typing import Any

import pytest

from dalsegno_state.view import View
from tests.decider.builders import (
    NOW,
    SECOND,
    Change,
    a_fork,
    a_join,
    a_loop,
    a_workflow,
    decided,
    ended,
    id_of,
    in_progress,
    looked_at,
    reported,
    ruled,
    simple,
    system,
)


def failing(attempt: int = 0, *, status: str = "FAILED", now: int = NOW, **rules: Any) -> Change:
    """Return what follows from the end of an attempt of a task with these rules."""
    task = in_progress("charge", retry_count=attempt)
    view = a_workflow(ruled("charge", **rules), simple("ship"), tasks=[task])
    return decided(view, reported("charge", status, attempt=attempt, reason="no luck"), now=now)


@pytest.mark.parametrize(
    ("logic", "scale", "cap", "seconds"),
    [
        ("FIXED", 1, 0, [5, 5, 5, 5]),
        ("FIXED", 3, 0, [5, 5, 5, 5]),
        ("FIXED", 1, 2, [2, 2, 2, 2]),
        ("LINEAR_BACKOFF", 1, 0, [5, 10, 15, 20]),
        ("LINEAR_BACKOFF", 2, 0, [10, 20, 30, 40]),
        ("LINEAR_BACKOFF", 2, 25, [10, 20, 25, 25]),
        ("EXPONENTIAL_BACKOFF", 1, 0, [5, 10, 20, 40]),
        ("EXPONENTIAL_BACKOFF", 3, 0, [5, 10, 20, 40]),
        ("EXPONENTIAL_BACKOFF", 1, 12, [5, 10, 12, 12]),
    ],
)
def test_delay_before_each_attempt(logic: str, scale: int, cap: int, seconds: list[int]) -> None:
    rules = {
        "retryCount": 4,
        "retryLogic": logic,
        "retryDelaySeconds": 5,
        "backoffScaleFactor": scale,
        "maxRetryDelaySeconds": cap,
    }

    changes = [failing(attempt, **rules) for attempt in range(4)]

    queued = [change.announced for change in changes]
    assert queued == [[("charge", id_of("charge", n + 1), s)] for n, s in enumerate(seconds)]
    due = [change.stores("charge").wait_until for change in changes]
    assert due == [NOW + s * SECOND for s in seconds]


@pytest.mark.parametrize(
    ("logic", "attempt"), [("LINEAR_BACKOFF", 3), ("EXPONENTIAL_BACKOFF", 2), ("FIXED", 0)]
)
def test_delay_beyond_all_bounds_is_the_longest_int(logic: str, attempt: int) -> None:
    base = 2**31 if logic == "FIXED" else 2**30
    rules = {"retryCount": 9, "retryLogic": logic, "retryDelaySeconds": min(base, 2**31 - 1)}

    change = failing(attempt, **rules)

    assert change.stores("charge").start_delay_seconds == 2**31 - 1


def test_jitter_is_within_its_bounds_and_the_same_for_each_evaluator() -> None:
    rules = {"retryCount": 40, "retryDelaySeconds": 5, "backoffJitterMs": 1_000}

    def due(attempt: int) -> int:
        return (failing(attempt, **rules).stores("charge").wait_until or 0) - NOW

    delays = [due(attempt) for attempt in range(30)]
    assert all(5_000 <= delay <= 6_000 for delay in delays)
    assert len(set(delays)) > 15
    assert delays == [due(attempt) for attempt in range(30)]


@pytest.mark.parametrize(
    ("attempt", "retry_count", "goes_on"),
    [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, True), (2, 2, False), (3, 2, False)],
)
def test_as_many_attempts_follow_as_are_allowed(
    attempt: int, retry_count: int, goes_on: bool
) -> None:
    change = failing(attempt, retryCount=retry_count)

    assert (change.ends_workflow_as is None) is goes_on
    assert change.stores("charge").retry_count == attempt + goes_on


@pytest.mark.parametrize(
    ("status", "goes_on", "ends_as"),
    [
        ("FAILED", True, None),
        ("TIMED_OUT", True, None),
        ("FAILED_WITH_TERMINAL_ERROR", False, "FAILED"),
        ("CANCELED", False, "TERMINATED"),
    ],
)
def test_which_ends_are_retried(status: str, goes_on: bool, ends_as: str | None) -> None:
    change = failing(status=status, retryCount=5)

    assert bool(change.frozen) is goes_on
    assert change.ends_workflow_as == ends_as


@pytest.mark.parametrize(("status", "ends_as"), [("FAILED", "FAILED"), ("TIMED_OUT", "TIMED_OUT")])
def test_last_attempt_ends_the_workflow_as_it_ended(status: str, ends_as: str) -> None:
    change = failing(status=status, retryCount=0)

    assert change.ends_workflow_as == ends_as
    assert change.workflow.failed_task_id == id_of("charge")
    assert change.workflow.failed_refs == ("charge",)
    assert change.workflow.reason == (
        f"Task {id_of('charge')} failed with status: {ends_as} and reason: 'no luck'"
    )


def test_new_attempt_starts_afresh_but_remembers_why() -> None:
    task = in_progress(
        "charge",
        input={"amount": 3},
        sub_workflow_id="child",
        poll_count=2,
        worker_id="w9",
        first_scheduled_at=NOW - 9,
    )
    view = a_workflow(ruled("charge", retryCount=1, retryDelaySeconds=5), tasks=[task])

    report = reported("charge", "FAILED", reason="no luck", output={"partial": True})
    again = decided(view, report).stores("charge")

    assert (again.task_id, again.retried_task_id) == (id_of("charge", 1), id_of("charge"))
    assert (again.input, again.output, again.reason) == ({"amount": 3}, {}, "no luck")
    assert (again.status, again.started_at, again.ended_at) == ("SCHEDULED", 0, 0)
    assert (again.worker_id, again.poll_count, again.sub_workflow_id) == (None, 0, None)
    assert (again.scheduled_at, again.first_scheduled_at) == (NOW, NOW - 9)
    assert (again.start_delay_seconds, again.callback_after_seconds) == (5, 5)


def test_old_attempt_is_ended_then_kept_then_replaced() -> None:
    change = failing(retryCount=1)

    assert change.replaces("charge") == [(id_of("charge"), 1), (id_of("charge"), 2)]
    assert change.frozen == [id_of("charge")]
    assert change.stores("charge").revision == 3


def test_new_attempt_is_of_the_workflows_present_run() -> None:
    task = in_progress("charge", run=2)
    view = a_workflow(ruled("charge", retryCount=1), tasks=[task], run=2)

    change = decided(view, reported("charge", "FAILED", run=2))

    assert change.stores("charge").task_id == id_of("charge", 1, run=2)


def test_input_is_evaluated_again_over_the_old_one() -> None:
    inputs = {"me": "${CPEWF_TASK_ID}", "n": "${workflow.variables.n}"}
    node = {**ruled("charge", retryCount=1), "inputParameters": inputs}
    task = in_progress("charge", input={"me": id_of("charge"), "n": 1, "extra": True})
    view = a_workflow(node, tasks=[task], variables={"n": 2})

    again = decided(view, reported("charge", "FAILED")).stores("charge")

    assert again.input == {"me": id_of("charge", 1), "n": 2, "extra": True}


@pytest.mark.parametrize(("own", "goes_on"), [(None, True), (1, True), (0, False)])
def test_count_of_the_workflow_task_wins(own: int | None, goes_on: bool) -> None:
    node = {**ruled("charge", retryCount=5), "retryCount": own}
    view = a_workflow(node, tasks=[in_progress("charge")])

    assert bool(decided(view, reported("charge", "FAILED")).frozen) is goes_on


def test_worker_without_a_definition_has_the_default_one() -> None:
    view = a_workflow(simple("charge"), tasks=[in_progress("charge", retry_count=2)])

    change = decided(view, reported("charge", "FAILED", attempt=2))

    assert change.announced == [("charge", id_of("charge", 3), 60)]


@pytest.mark.parametrize("kind", ["DO_WHILE", "JOIN", "SWITCH", "EXCLUSIVE_JOIN"])
def test_operators_are_never_retried(kind: str) -> None:
    node = system(kind, "x", taskDefinition={"name": "x", "retryCount": 3}, loopOver=[simple("a")])
    view = a_workflow(node, tasks=[ended("x", "FAILED")])

    assert decided(view, looked_at("x")).ends_workflow_as == "FAILED"


# -- total time --------------------------------------------------------------------------------


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(
    ("status", "elapsed_seconds", "ends_as"),
    [("FAILED", 59, None), ("FAILED", 60, "FAILED"), ("TIMED_OUT", 61, "TIMED_OUT")],
)
def test_total_time_ends_the_retries(
    status: str, elapsed_seconds: int, ends_as: str | None, optional: bool
) -> None:
    rules = {"retryCount": 9, "totalTimeoutSeconds": 60, "optional": optional}

    change = failing(status=status, now=NOW + elapsed_seconds * SECOND, **rules)

    assert change.ends_workflow_as == ends_as
    if ends_as is not None:
        assert (
            f"exceeded total timeout of 60 seconds (elapsed {elapsed_seconds} seconds across all"
            in str(change.workflow.reason)
        )


def test_total_time_counts_from_the_first_attempt() -> None:
    task = in_progress("charge", retry_count=1, scheduled_at=NOW + 30 * SECOND)
    view = a_workflow(ruled("charge", retryCount=9, totalTimeoutSeconds=60), tasks=[task])

    change = decided(view, reported("charge", "FAILED", attempt=1), now=NOW + 60 * SECOND)

    assert change.ends_workflow_as == "FAILED"


# -- optional and permissive -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "retry_count", "stored"),
    [
        ("FAILED", 0, "COMPLETED_WITH_ERRORS"),
        ("FAILED_WITH_TERMINAL_ERROR", 5, "COMPLETED_WITH_ERRORS"),
        ("TIMED_OUT", 0, "COMPLETED_WITH_ERRORS"),
        ("CANCELED", 5, "COMPLETED_WITH_ERRORS"),
    ],
)
def test_optional_task_that_is_given_up_is_passed_over(
    status: str, retry_count: int, stored: str
) -> None:
    change = failing(status=status, retryCount=retry_count, optional=True)

    assert change.changed == {"charge": stored, "ship": "SCHEDULED"}


def test_optional_task_is_retried_first() -> None:
    change = failing(retryCount=1, optional=True)

    assert change.changed == {"charge": "SCHEDULED"}
    assert change.frozen == [id_of("charge")]


def test_permissive_task_keeps_its_status_and_is_passed_over() -> None:
    change = failing(retryCount=0, permissive=True)

    assert change.changed == {"charge": "FAILED", "ship": "SCHEDULED"}


def test_permissive_task_fails_the_workflow_at_its_end() -> None:
    view = a_workflow(
        ruled("charge", retryCount=0, permissive=True),
        simple("ship"),
        tasks=[ended("charge", "FAILED", reason="no luck", output={"x": 1}), in_progress("ship")],
    )

    change = decided(view, reported("ship"))

    assert change.ends_workflow_as == "FAILED"
    assert change.workflow.output == {"x": 1}
    assert change.workflow.reason == (
        f"Task {id_of('charge')} failed with status: FAILED and reason: 'no luck'"
    )


# -- where -------------------------------------------------------------------------------------


def in_a_loop() -> View:
    loop = a_loop("l", ruled("charge", retryCount=1))
    return a_workflow(loop, tasks=[in_progress("l", turn=2), in_progress("charge__2")])


def in_a_fork() -> View:
    fork = a_fork("f", [ruled("charge__2", retryCount=1)], [simple("b")])
    tasks = [ended("f"), in_progress("charge__2", base_ref="charge__2", iterations=())]
    return a_workflow(fork, a_join("j", "charge__2", "b"), tasks=tasks)


@pytest.mark.parametrize("place", [in_a_loop, in_a_fork])
def test_attempts_are_counted_wherever_the_task_stands(place: Any) -> None:
    change = decided(place(), reported("charge__2", "FAILED"))

    assert change.changed == {"charge__2": "SCHEDULED"}
    assert change.stores("charge__2").retry_count == 1
    assert not change.arrives


@pytest.mark.parametrize(
    ("polled", "domain"), [({"east": 5}, "east"), ({"west": 5}, "west"), ({"east": 11}, "west")]
)
def test_new_attempt_goes_to_the_domain_that_is_polled_now(
    polled: dict[str, int], domain: str
) -> None:
    view = a_workflow(
        ruled("charge", retryCount=1, retryDelaySeconds=0),
        tasks=[in_progress("charge", domain="north")],
        polled={"charge": {name: NOW - ago * SECOND for name, ago in polled.items()}},
        task_to_domain={"charge": "east,west"},
    )

    change = decided(view, reported("charge", "FAILED"))

    assert change.announced == [(f"{domain}:charge", id_of("charge", 1), 0)]
    assert change.stores("charge").domain == domain


def test_instant_task_is_tried_again_after_its_delay() -> None:
    node = system("INLINE", "i", {"evaluatorType": "javascript", "expression": "x"})
    node["taskDefinition"] = {"name": "i", "retryCount": 1, "retryDelaySeconds": 7}
    view = a_workflow(node, tasks=[ended("i", "FAILED")])

    change = decided(view, looked_at("i"))

    assert change.changed == {"i": "SCHEDULED"}
    assert change.looks_later == [("i", 7)]
