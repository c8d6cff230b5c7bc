"""rateLimitConfig: so many executions of a group at once, in the order of their starts."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError, TooManyRequestsError
from dalsegno.models import StartWorkflowRequest
from dalsegno_state.engine.rate_limits import ARRIVAL_MS, CHECK_MS
from tests.engine.world import World, done, fails_for_good, simple
from tests.race import race


def limited(world: World, limit: int = 1, *, key: Any = None, policy: str = "QUEUE") -> None:
    config = {"rateLimitKey": key, "concurrentExecLimit": limit, "policy": policy}
    world.register(simple("a"), name="flow", rateLimitConfig=config)


def start(world: World, **fields: Any) -> str:
    world.clock.advance(0.01)
    return world.start(**fields)


def began(world: World, *workflow_ids: str) -> list[bool]:
    return [bool(world.workflow(w).tasks) for w in workflow_ids]


def finish_one(world: World) -> None:
    world.report(world.take("a"), done())


def test_start_above_the_limit_waits_and_says_so(world: World) -> None:
    limited(world, 2)

    first, second, third = (start(world) for _ in range(3))

    assert began(world, first, second, third) == [True, True, False]
    assert [world.workflow(w).rate_limited for w in (first, second, third)] == [False, False, True]
    assert (world.workflow(third).status, world.workflow(third).rate_limit_key) == ("RUNNING", "")


def test_those_that_wait_begin_in_the_order_of_their_starts(world: World) -> None:
    limited(world)
    workflows = [start(world) for _ in range(4)]

    for number in range(4):
        assert began(world, *workflows) == [index <= number for index in range(4)]
        finish_one(world)

    assert {world.workflow(w).status for w in workflows} == {"COMPLETED"}


@pytest.mark.parametrize("key", ["${workflow.input.customer}", "c-${workflow.correlationId}"])
def test_limit_holds_per_key(world: World, key: str) -> None:
    limited(world, key=key)

    first, other, second = (
        start(world, inputs={"customer": customer}, correlationId=customer)
        for customer in ("x", "y", "x")
    )

    assert began(world, first, other, second) == [True, True, False]


def test_workflows_of_other_names_are_not_concerned(world: World) -> None:
    limited(world)
    start(world)
    config = {"concurrentExecLimit": 1}
    world.register(simple("a"), name="other", rateLimitConfig=config)

    assert began(world, world.start("other")) == [True]


@pytest.mark.parametrize("ending", ["failure", "termination", "removal", "timeout"])
def test_every_end_gives_the_slot_to_the_next(world: World, ending: str) -> None:
    config = {"concurrentExecLimit": 1}
    fields = {"timeoutSeconds": 60, "timeoutPolicy": "TIME_OUT_WF"} if ending == "timeout" else {}
    world.register(simple("a"), rateLimitConfig=config, **fields)
    first, second = start(world), start(world)

    match ending:
        case "failure":
            world.report(world.take("a"), fails_for_good())
        case "termination":
            world.terminate(first)
        case "timeout":
            world.clock.advance(30)
            second = start(world)
            world.advance(31)
        case _:
            world.engine.executions.remove(first, archive=False)
            world.pump()

    assert began(world, second) == [True]


def test_one_that_waits_can_be_terminated(world: World) -> None:
    limited(world)
    first, second, third = (start(world) for _ in range(3))

    world.terminate(second)
    finish_one(world)

    assert world.workflow(second).status == "TERMINATED"
    assert began(world, first, second, third) == [True, False, True]


def test_one_that_waits_times_out(world: World) -> None:
    config = {"concurrentExecLimit": 1}
    world.register(
        simple("a"), rateLimitConfig=config, timeoutSeconds=60, timeoutPolicy="TIME_OUT_WF"
    )
    start(world)
    second = start(world)

    world.advance(61)

    assert world.workflow(second).status == "TIMED_OUT"


def test_one_that_is_paused_waiting_begins_when_it_is_resumed(world: World) -> None:
    limited(world)
    start(world)
    second = start(world)
    world.engine.executions.pause(second)

    finish_one(world)
    assert began(world, second) == [False]

    world.resume(second)
    assert began(world, second) == [True]


def test_retry_goes_on_at_once_and_counts(world: World) -> None:
    limited(world)
    first, second, third = (start(world) for _ in range(3))
    world.report(world.take("a"), fails_for_good())

    world.retry(first)

    assert world.task(first, "a").status == "SCHEDULED"
    assert began(world, second, third) == [True, False]
    finish_one(world)
    assert began(world, third) == [False]
    finish_one(world)
    assert began(world, third) == [True]


def test_restart_of_one_that_was_ended_waiting_waits_again(world: World) -> None:
    limited(world)
    start(world)
    second = start(world)
    world.terminate(second)

    world.restart(second)

    assert began(world, second) == [False]
    finish_one(world)
    assert began(world, second) == [True]


def test_news_of_a_slot_that_is_lost_is_found_by_the_wake(world: World) -> None:
    limited(world)
    first, second = start(world), start(world)
    world.ports.state.remove(first)  # without a word to anybody

    world.advance(CHECK_MS / 1000 + 1)

    assert began(world, second) == [True]


def test_rejected_start_leaves_nothing_behind(world: World) -> None:
    limited(world, policy="REJECT", key="${workflow.input.customer}")
    first = start(world, inputs={"customer": "x"})

    with pytest.raises(TooManyRequestsError, match=r"limited to 1 executions at once .* 'x'"):
        start(world, inputs={"customer": "x"})

    assert world.engine.tasks.queue_sizes(["a"])["a"].size == 1
    finish_one(world)
    assert began(world, first, start(world, inputs={"customer": "x"})) == [True, True]


def test_slot_of_a_start_that_died_is_found(world: World) -> None:
    limited(world, policy="REJECT")
    first = start(world)
    world.ports.state.remove(first)

    with pytest.raises(TooManyRequestsError):
        start(world)
    world.clock.advance(ARRIVAL_MS / 1000 + CHECK_MS / 1000)

    assert began(world, start(world)) == [True]


def test_rejected_start_does_not_use_up_its_idempotency_key(world: World) -> None:
    limited(world, policy="REJECT")
    start(world)

    with pytest.raises(TooManyRequestsError):
        start(world, idempotencyKey="k")
    finish_one(world)

    assert began(world, start(world, idempotencyKey="k")) == [True]


def test_rejected_sub_workflow_fails_its_task(world: World) -> None:
    limited(world, policy="REJECT")
    start(world)
    world.register(
        simple("s", type="SUB_WORKFLOW", subWorkflowParam={"name": "flow"}), name="parent"
    )

    parent = world.start("parent")

    assert "limited to 1" in str(world.task(parent, "s").reason_for_incompletion)


def test_key_that_cannot_be_evaluated_is_refused(world: World) -> None:
    limited(world, key="${workflow.input.${workflow.input.by}}")

    with pytest.raises(InvalidRequestError, match=r"rateLimitConfig\.rateLimitKey"):
        world.start(inputs={"by": "x["})


def test_limit_of_nothing_is_no_limit(world: World) -> None:
    limited(world, 0)

    assert began(world, start(world), start(world)) == [True, True]


@pytest.mark.parametrize("policy", ["QUEUE", "REJECT"])
def test_limit_holds_among_many_starts_at_once(world: World, policy: str) -> None:
    limited(world, 3, policy=policy)

    def begin(_: int) -> bool:
        try:
            world.engine.executions.start(StartWorkflowRequest(name="flow"))
        except TooManyRequestsError:
            return False
        return True

    answers = race(10, begin)
    world.pump()

    assert len(world.poll("a", count=50)) == 3
    assert answers.count(True) == (10 if policy == "QUEUE" else 3)
