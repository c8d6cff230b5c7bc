"""Limits of task definitions, domains and priorities: who is handed what, and when."""

import pytest

from tests.engine.world import World, done, fails, in_progress, simple, system


def start_many(world: World, count: int) -> list[str]:
    world.register(simple("a"))
    return [world.start() for _ in range(count)]


# -- how many at once -------------------------------------------------------------------------


def test_no_more_than_the_limit_are_in_progress(world: World) -> None:
    world.define("a", concurrentExecLimit=2)
    start_many(world, 5)

    taken = world.poll("a", count=5)
    assert len(taken) == 2
    world.advance(5)
    assert world.poll("a", count=5) == []

    world.report(taken[0], done())
    world.advance(5)
    assert len(world.poll("a", count=5)) == 1


@pytest.mark.parametrize("work", [done(), fails(), in_progress(600)])
def test_task_that_leaves_its_worker_makes_room(world: World, work: object) -> None:
    world.define("a", concurrentExecLimit=1, retryCount=0)
    start_many(world, 2)
    (task,) = world.poll("a", count=2)

    world.report(task, work)  # type: ignore[arg-type]  # one of the three above
    world.advance(5)

    assert len(world.poll("a", count=2)) == 1


def test_task_that_times_out_makes_room(world: World) -> None:
    world.define("a", concurrentExecLimit=1, retryCount=0, responseTimeoutSeconds=30)
    start_many(world, 2)
    world.poll("a", count=2)

    world.advance(30)
    world.advance(5)

    assert len(world.poll("a", count=2)) == 1


def test_workflow_that_is_terminated_makes_room(world: World) -> None:
    world.define("a", concurrentExecLimit=1)
    start_many(world, 2)
    (task,) = world.poll("a", count=2)

    world.terminate(task.workflow_instance_id)
    world.advance(5)

    assert len(world.poll("a", count=2)) == 1


def test_slot_of_a_removed_workflow_comes_back_with_its_response_timeout(world: World) -> None:
    world.define("a", concurrentExecLimit=1, responseTimeoutSeconds=30)
    start_many(world, 2)
    (task,) = world.poll("a", count=2)

    world.engine.executions.remove(task.workflow_instance_id, archive=False)
    world.advance(31)

    assert len(world.poll("a", count=2)) == 1


def test_limit_holds_across_workflows_and_loops(world: World) -> None:
    world.define("a", concurrentExecLimit=1)
    fork = system("FORK_JOIN", "f", forkTasks=[[simple("a1", name="a")], [simple("a2", name="a")]])
    world.register(fork, system("JOIN", "j", joinOn=["a1", "a2"]))
    w = world.start()

    for _ in range(2):
        (task,) = world.poll("a", count=2)
        world.report(task, done())
        world.advance(5)

    assert world.workflow(w).status == "COMPLETED"


def test_limit_holds_for_children_of_dynamic_forks(world: World) -> None:
    world.define("kid", concurrentExecLimit=2)
    fork = system("FORK_JOIN_DYNAMIC", "f", {"forkTaskName": "kid", "forkTaskInputs": [1, 2, 3, 4]})
    world.register(fork, system("JOIN", "j"))
    w = world.start()

    for _ in range(2):
        taken = world.poll("kid", count=4)
        assert len(taken) == 2
        for task in taken:
            world.report(task, done())
        world.advance(5)

    assert world.workflow(w).status == "COMPLETED"


# -- how many in a while ----------------------------------------------------------------------


def test_no_more_than_the_rate_are_handed_out(world: World) -> None:
    world.define("a", rateLimitPerFrequency=2, rateLimitFrequencyInSeconds=60)
    start_many(world, 5)

    for task in world.poll("a", count=5):
        world.report(task, done())
    world.advance(59)
    assert world.poll("a", count=5) == []

    world.advance(1)
    assert len(world.poll("a", count=5)) == 2


def test_window_slides(world: World) -> None:
    world.define("a", rateLimitPerFrequency=2, rateLimitFrequencyInSeconds=60)
    start_many(world, 4)
    assert len(world.poll("a", count=1)) == 1
    world.advance(30)
    assert len(world.poll("a", count=4)) == 1

    world.advance(30)
    assert len(world.poll("a", count=4)) == 1
    world.advance(30)
    assert len(world.poll("a", count=4)) == 1


def test_task_refused_by_the_rate_takes_no_slot(world: World) -> None:
    limits = {"concurrentExecLimit": 1, "rateLimitPerFrequency": 1}
    world.define("a", **limits, rateLimitFrequencyInSeconds=60)
    start_many(world, 2)
    (task,) = world.poll("a", count=2)
    world.report(task, done())

    world.advance(10)
    assert world.poll("a", count=2) == []
    world.advance(60)

    assert len(world.poll("a", count=2)) == 1


# -- domains ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domains", "polled", "expected"),
    [
        ({"a": "east"}, [], "east"),
        ({"*": "east"}, [], "east"),
        ({"*": "east", "a": "west"}, [], "west"),
        ({"other": "east"}, [], None),
        ({"a": "NO_DOMAIN"}, [], None),
        ({"*": "east", "a": "NO_DOMAIN"}, [], None),
        ({"a": "east, west"}, [], "west"),
        ({"a": "east, west"}, ["east"], "east"),
        ({"a": "east, west, NO_DOMAIN"}, [], None),
        ({"a": "east, west, NO_DOMAIN"}, ["west"], "west"),
        ({"a": "east, west, NO_DOMAIN"}, ["west", "east"], "east"),
    ],
)
def test_domain(
    world: World, domains: dict[str, str], polled: list[str], expected: str | None
) -> None:
    for domain in polled:
        world.poll("a", domain)
    world.register(simple("a"))

    w = world.start(taskToDomain=domains)

    assert world.task(w, "a").domain == expected
    assert world.take("a", expected).workflow_instance_id == w


def test_poll_more_than_ten_seconds_ago_does_not_count(world: World) -> None:
    world.poll("a", "east")
    world.register(simple("a"))

    world.advance(10)
    counts = world.start(taskToDomain={"a": "east,west"})
    world.advance(1)
    no_more = world.start(taskToDomain={"a": "east,west"})

    assert world.task(counts, "a").domain == "east"
    assert world.task(no_more, "a").domain == "west"


def test_poll_without_a_domain_sees_only_tasks_without(world: World) -> None:
    world.register(simple("a"))
    world.start(taskToDomain={"a": "east"})

    assert world.poll("a") == []
    assert world.poll("a", "west") == []
    assert len(world.poll("a", "east")) == 1


def test_system_tasks_have_no_domain(world: World) -> None:
    world.register(system("WAIT", "w"), simple("a"))

    w = world.start(taskToDomain={"*": "east"})

    assert world.task(w, "w").domain is None


# -- priority ---------------------------------------------------------------------------------


def test_larger_priority_is_served_first(world: World) -> None:
    world.register(simple("a"))
    for priority in (0, 50, 10, 99):
        world.start(priority=priority)

    served = [world.take("a").workflow_priority for _ in range(4)]

    assert served == [99, 50, 10, 0]


def test_callback_can_be_taken_back(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    world.report(world.take("a"), in_progress(3_600))
    assert world.poll("a") == []

    world.engine.executions.reset_callbacks(w)

    assert world.take("a").callback_after_seconds == 0


def test_callback_is_taken_back_in_its_domain_and_name_space(world: World) -> None:
    world.define("a", executionNameSpace="blue", isolationGroupId="g1")
    world.register(simple("a"))
    w = world.start(taskToDomain={"a": "east"})
    queue = "east:a@blue-g1"
    assert world.ports.queues.sizes([queue])[queue].size == 1
    world.report(world.take("a@blue-g1", "east"), in_progress(3_600))

    world.engine.executions.reset_callbacks(w)

    assert len(world.poll("a@blue-g1", "east")) == 1
