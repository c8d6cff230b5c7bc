"""Messages are hints: what is lost comes back with the wake of its workflow."""

from dalsegno_state.engine import EVALUATOR_QUEUE
from tests.engine.world import World, done, simple, system


def lose(world: World, queue: str) -> None:
    """Forget every message of a queue."""
    received = world.ports.queues.receive(queue, count=100, wait_seconds=0, visibility_seconds=60)
    assert received
    world.ports.queues.delete(queue, [message.receipt for message in received])


def test_first_task_is_announced_again_after_a_minute(world: World) -> None:
    world.register(simple("a"))
    world.start()
    lose(world, "a")

    world.advance(60)

    assert world.take("a").reference_task_name == "a"


def test_later_task_is_announced_again_within_minutes(world: World) -> None:
    world.register(simple("a"), simple("b"))
    world.start()
    for _ in range(20):
        world.advance(3_600)
    world.report(world.take("a"), done())
    lose(world, "b")

    world.advance(300)

    assert world.take("b").reference_task_name == "b"


def test_delayed_task_is_announced_again_after_its_delay(world: World) -> None:
    world.register(simple("a", startDelay=7_200))
    world.start()
    world.clock.advance(7_200)
    lose(world, "a")

    world.advance(0)
    world.advance(60)

    assert world.take("a").reference_task_name == "a"


def test_repeated_announcements_become_seldom(world: World) -> None:
    world.register(simple("a"))
    world.start()

    for _ in range(24 * 60):
        world.advance(60)

    assert world.ports.queues.sizes(["a"])["a"].size <= 8


def test_sub_workflow_is_started_though_the_request_was_lost(world: World) -> None:
    world.register(simple("k"), name="child")
    world.register(simple("a"), system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}))
    w = world.start()
    task = world.take("a")
    world.pump = lambda: None  # type: ignore[method-assign]  # nobody evaluates for a while
    world.report(task, done())
    lose(world, EVALUATOR_QUEUE)
    del world.pump

    world.advance(300)

    assert world.child(w, "s").status == "RUNNING"
