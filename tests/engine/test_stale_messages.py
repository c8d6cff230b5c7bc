"""A poll looks past the messages of tasks that are not to be done any more."""

import time

from dalsegno_state.ports import Message
from dalsegno_state.worker_queue import queue_name
from tests.engine.world import World, simple

STALE = 300


def test_live_task_behind_stale_ones_takes_one_poll(world: World) -> None:
    world.register(simple("a"))
    for workflow_id in [world.start() for _ in range(STALE)]:
        world.terminate(workflow_id)
    world.pump()
    live = world.start()

    tasks = world.poll("a")

    assert [task.workflow_instance_id for task in tasks] == [live]
    assert world.ports.queues.sizes(["a"])["a"].size == 0


def test_tasks_behind_stale_ones_are_not_taken_in_excess(world: World) -> None:
    world.register(simple("a"))
    for workflow_id in [world.start() for _ in range(15)]:
        world.terminate(workflow_id)
    world.pump()
    live = [world.start() for _ in range(8)]

    first, rest = world.poll("a", count=2), world.poll("a", count=8)

    assert {task.workflow_instance_id for task in (*first, *rest)} == set(live)
    assert len(first) == 2


def test_poll_waits_on_for_its_time_after_stale_messages(world: World) -> None:
    world.register(simple("a"))
    world.terminate(world.start())
    world.pump()
    began = time.monotonic()

    found = world.engine.tasks.poll("a", worker_id="w", domain=None, count=1, wait_seconds=0.4)

    assert found == []
    assert time.monotonic() - began >= 0.4


def test_message_that_is_no_task_id_is_left_to_its_reader(world: World) -> None:
    world.ports.queues.send([Message(queue="a", body='{"event": "paid"}')])

    assert world.poll("a") == []

    world.clock.advance(31)
    (message,) = world.ports.queues.receive("a", count=9, wait_seconds=0, visibility_seconds=1)
    assert message.body == '{"event": "paid"}'


def test_task_of_another_domain_is_not_handed_out_whatever_its_queue_is_called(
    world: World,
) -> None:
    world.register(simple("eu:charge"), name="plain")
    world.register(simple("charge"), name="sent")
    world.start("plain")
    world.start("sent", taskToDomain={"charge": "eu"})
    assert queue_name("charge", "eu") == "eu:charge"

    in_domain = world.poll("charge", "eu", count=5)
    world.clock.advance(31)
    of_type = world.poll("eu:charge", count=5)

    assert [task.workflow_type for task in in_domain] == ["sent"]
    assert [task.workflow_type for task in of_type] == ["plain"]
