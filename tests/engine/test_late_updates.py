"""An attempt ends once: late and repeated reports are acknowledged and change nothing."""

import pytest

from dalsegno.errors import NotFoundError
from dalsegno.models import Task
from dalsegno_state.ports import Message
from tests.engine.world import Work, World, done, fails, in_progress, simple


@pytest.mark.parametrize("second", [done(x=2), fails("late"), in_progress(5)])
def test_second_report_changes_nothing(world: World, second: Work) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    task = world.take("a")
    world.report(task, done(x=1))
    before = world.workflow(w)

    answer = world.report(task, second)

    assert (answer.status, answer.output_data) == ("COMPLETED", {"x": 1})
    assert world.workflow(w) == before
    assert len(world.poll("b", count=5)) == 1


def test_report_on_an_attempt_that_was_replaced_changes_nothing(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(simple("a"))
    w = world.start()
    first = world.take("a")
    world.report(first, fails("one"))

    world.report(first, done(x=1))

    assert world.trace(w) == ["a:a:FAILED", "a:a:SCHEDULED"]


def test_report_after_a_timeout_changes_nothing(world: World) -> None:
    world.define("a", retryCount=0, responseTimeoutSeconds=10)
    world.register(simple("a"))
    w = world.start()
    task = world.take("a")
    world.advance(10)

    world.report(task, done())

    assert world.trace(w) == ["a:a:TIMED_OUT"]
    assert world.workflow(w).status == "TIMED_OUT"


def test_report_after_the_end_of_the_workflow_changes_nothing(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    task = world.take("a")
    world.terminate(w, "enough")

    world.report(task, done())

    assert world.trace(w) == ["a:a:CANCELED"]
    assert world.workflow(w).status == "TERMINATED"


def test_tasks_of_an_ended_workflow_are_not_handed_out(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    world.terminate(w)

    assert world.poll("a") == []


def test_repeated_messages_hand_a_task_out_once(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    message = world.task(w, "a").task_id

    world.ports.queues.send([Message(queue="a", body=message)] * 3)

    assert len(world.poll("a", count=10)) == 1


def test_unknown_workflows_and_tasks_are_refused(world: World) -> None:
    world.register(simple("a"))
    world.start()
    task = world.take("a")

    with pytest.raises(NotFoundError, match="No such workflow found by id: nobody"):
        _report_as(world, task, workflow_instance_id="nobody")
    with pytest.raises(NotFoundError, match="No such task found by id: nothing"):
        _report_as(world, task, task_id="nothing")


def _report_as(world: World, task: Task, **other: str) -> None:
    world.report(task.model_copy(update=other), done())
