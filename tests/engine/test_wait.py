"""WAIT: for a time, until a time, or for a word from outside."""

from typing import Any

import pytest

from dalsegno.models import TaskStatus
from tests.engine.world import Definition, World, done, fails, simple, system, task_of, trace

DAY = 86_400


def a_wait(**inputs: Any) -> Definition:
    return system("WAIT", "w", inputs)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("10 seconds", 10), ("1m 30s", 90), ("2 hours", 7_200), ("1 day 1 hr", DAY + 3_600)],
)
def test_duration(world: World, duration: str, seconds: int) -> None:
    world.register(a_wait(duration=duration), simple("z"))
    w = world.start()
    assert world.trace(w) == ["WAIT:w:IN_PROGRESS"]

    world.advance(seconds - 1)
    assert world.trace(w) == ["WAIT:w:IN_PROGRESS"]

    world.advance(1)
    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]
    assert world.task(w, "w").output_data == {}


def test_lost_message_is_made_up_for_by_the_sweeper(world: World) -> None:
    world.register(a_wait(duration="10 seconds"), simple("z"))
    w = world.start()

    world.clock.advance(10)
    assert world.engine.sweep() == 1

    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]


def test_until(world: World) -> None:
    world.register(a_wait(until="2025-06-16 00:00"), simple("z"))  # the clock shows June 15th
    w = world.start()
    assert world.trace(w) == ["WAIT:w:IN_PROGRESS"]

    world.advance(DAY)

    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]


@pytest.mark.parametrize("until", ["2001-01-01", "2001-01-01 10:30", "2001-01-01 10:30 GMT"])
def test_time_that_is_over_is_not_waited_for(world: World, until: str) -> None:
    workflow = world.run(a_wait(until=until), simple("z"))

    assert trace(workflow) == ["WAIT:w:COMPLETED", "z:z:COMPLETED"]


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"until": "soon"}, "Invalid/Unsupported Wait Until format.  Provided: soon"),
        ({"duration": "soon"}, "Invalid/Unsupported Wait Duration.  Provided: soon"),
    ],
    ids=["until", "duration"],
)
def test_bad_values_of_expressions_fail_the_task_for_good(
    world: World, inputs: dict[str, Any], reason: str
) -> None:
    wait = a_wait(**{key: f"${{workflow.input.{key}}}" for key in inputs})

    workflow = world.run(wait, inputs=inputs)

    assert task_of(workflow, "w").status == "FAILED_WITH_TERMINAL_ERROR"
    assert task_of(workflow, "w").reason_for_incompletion == reason
    assert workflow.status == "FAILED"


def test_duration_and_time_together_fail_the_task_for_good(world: World) -> None:
    world.define("w", inputTemplate={"until": "2030-01-01"})

    workflow = world.run(a_wait(duration="1s"))

    assert trace(workflow) == ["WAIT:w:FAILED_WITH_TERMINAL_ERROR"]
    reason = "Both 'duration' and 'until' specified. Please provide only one input"
    assert workflow.tasks[0].reason_for_incompletion == reason


def test_without_a_time_it_waits_to_be_told(world: World) -> None:
    world.register(a_wait(), simple("z"))
    w = world.start()
    world.advance(400 * DAY)
    assert world.trace(w) == ["WAIT:w:IN_PROGRESS"]

    world.tell(w, "w", done(by="me"))

    assert world.task(w, "w").output_data == {"by": "me"}
    assert world.task(w, "z").status == "SCHEDULED"


def test_word_from_outside_ends_a_timed_wait_early(world: World) -> None:
    world.register(a_wait(duration="1 day"), simple("z"))
    w = world.start()

    world.tell(w, "w", done())
    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]

    world.advance(DAY)
    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]


def test_retried_wait_waits_again(world: World) -> None:
    world.define("w", retryCount=1)
    world.register(a_wait())
    w = world.start()

    world.tell(w, "w", fails())
    world.advance(DAY)

    assert world.trace(w) == ["WAIT:w:FAILED", "WAIT:w:IN_PROGRESS"]


def test_retried_timed_wait_waits_its_whole_time_again(world: World) -> None:
    world.define("w", retryCount=1, retryDelaySeconds=5)
    world.register(a_wait(duration="1 hour"))
    w = world.start()
    world.advance(1_800)

    world.tell(w, "w", fails())
    world.advance(5)
    assert world.trace(w) == ["WAIT:w:FAILED", "WAIT:w:IN_PROGRESS"]
    world.advance(3_599)
    assert world.trace(w) == ["WAIT:w:FAILED", "WAIT:w:IN_PROGRESS"]

    world.advance(2)
    assert world.trace(w) == ["WAIT:w:FAILED", "WAIT:w:COMPLETED"]


def _wakes(world: World, workflow_id: str, days: int) -> int:
    """Let days pass; return how often the workflow was looked at."""
    wakes, end = 0, world.clock.now() + days * DAY * 1000
    while (at := wake_of(world, workflow_id)) < end:
        world.advance((at - world.clock.now()) / 1000)
        wakes += 1
    world.advance((end - world.clock.now()) / 1000)
    return wakes


def wake_of(world: World, workflow_id: str) -> int:
    stored = world.ports.state.workflow(workflow_id)
    assert stored is not None
    assert stored.wake_at is not None
    return stored.wake_at


def test_workflow_that_stands_still_is_looked_at_ever_more_seldom(world: World) -> None:
    world.register(a_wait(duration="60 days"), simple("z"))
    w = world.start()

    assert _wakes(world, w, days=30) <= 12

    world.advance(30 * DAY)
    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]


def test_workflow_that_was_set_going_again_is_looked_at_within_minutes(world: World) -> None:
    world.register(a_wait(), simple("z"))
    w = world.start()
    _wakes(world, w, days=30)

    world.engine.tasks.signal(w, TaskStatus.COMPLETED, {})

    assert wake_of(world, w) <= world.clock.now() + 300_000


def test_workflow_with_work_in_a_queue_is_looked_at_several_times_a_day(world: World) -> None:
    fork = system(
        "FORK_JOIN", "f", forkTasks=[[a_wait(duration="60 days")], [simple("never_polled")]]
    )
    world.register(fork, system("JOIN", "j", joinOn=["w", "never_polled"]))
    w = world.start()

    assert _wakes(world, w, days=30) >= 30 * 4


def test_timed_wait_shows_its_seconds_as_its_call_back(world: World) -> None:
    workflow = world.run(system("WAIT", "timed", {"duration": "90 seconds"}))

    assert task_of(workflow, "timed").callback_after_seconds == 90
