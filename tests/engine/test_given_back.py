"""The inverse of a claim: a task whose worker never learned that it got it."""

from collections.abc import Callable

from dalsegno.models import Task, TaskStatus
from tests.engine.world import World, done, simple


class Caller:
    """A client that waits for its answer in vain."""

    def __init__(self, *, has_left: bool = False) -> None:
        self.has_left = has_left
        self.undos: list[Callable[[], None]] = []

    def if_unanswered(self, undo: Callable[[], None]) -> None:
        self.undos.append(undo)

    def leave(self) -> None:
        for undo in self.undos:
            undo()


def poll(world: World, caller: Caller, count: int = 1) -> list[Task]:
    return world.engine.tasks.poll(
        "a", worker_id="dead", domain=None, count=count, wait_seconds=0, caller=caller
    )


def test_task_of_an_unanswered_poll_can_be_had_at_once(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    caller = Caller()
    (claimed,) = poll(world, caller)

    caller.leave()

    assert world.task(w, "a").status is TaskStatus.SCHEDULED
    task = world.take("a")
    assert (task.task_id, task.worker_id, task.poll_count) == (claimed.task_id, "w1", 1)
    world.report(task, done())
    assert world.workflow(w).status == "COMPLETED"


def test_its_slot_is_free_again(world: World) -> None:
    world.define("a", concurrentExecLimit=1)
    world.register(simple("a"))
    world.start(), world.start()
    caller = Caller()
    assert len(poll(world, caller)) == 1

    caller.leave()
    world.clock.advance(1)

    assert len(world.poll("a", count=2)) == 1


def test_client_that_has_left_claims_nothing(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    assert poll(world, Caller(has_left=True)) == []

    assert world.task(w, "a").poll_count == 0
    world.take("a")


def test_task_that_was_reported_after_all_is_not_given_back(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    caller = Caller()
    (claimed,) = poll(world, caller)
    world.report(claimed, done(x=1))

    caller.leave()

    assert world.task(w, "a").status is TaskStatus.COMPLETED
    assert world.poll("a") == []


def test_worker_that_extended_its_lease_keeps_the_task(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    caller = Caller()
    (claimed,) = poll(world, caller)
    world.clock.advance(1)
    world.extend_lease(claimed)

    caller.leave()

    assert world.task(w, "a").status is TaskStatus.IN_PROGRESS


def test_claim_that_was_told_is_given_back_too(world: World) -> None:
    told = {"onStart": [{"type": "started", "payload": {}}]}
    world.register(simple("a", onStateChange=told))
    w = world.start()
    caller = Caller()
    poll(world, caller)

    caller.leave()

    assert world.task(w, "a").status is TaskStatus.SCHEDULED
    world.take("a")


def test_every_task_of_a_batch_is_given_back(world: World) -> None:
    world.register(simple("a"))
    for _ in range(5):
        world.start()
    caller = Caller()
    assert len(poll(world, caller, count=5)) == 5

    caller.leave()

    assert len(world.poll("a", count=5)) == 5
