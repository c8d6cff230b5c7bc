"""Looking after what may have been lost."""

from tests.engine.world import World, done, simple


def test_lost_message_is_sent_again(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    lost = world.ports.queues.receive("a", count=1, wait_seconds=0, visibility_seconds=30)
    world.ports.queues.delete("a", [message.receipt for message in lost])
    assert world.poll("a") == []

    assert world.engine.administration.requeue("a") == 1

    world.report(world.take("a"), done())
    assert world.workflow(w).status == "COMPLETED"


def test_repair_does_what_is_overdue(world: World) -> None:
    world.register(simple("a", retryCount=0))
    w = world.start()
    world.take("a")
    assert not world.engine.administration.repair(w)
    world.clock.advance(7200)

    assert world.engine.administration.repair(w)
