"""SIMPLE, and every type nobody knows: work for whoever polls its queue."""

from tests.engine.world import World, done, fails, in_progress, simple, system


def test_type_and_queue_are_the_tasks_name(world: World) -> None:
    world.register(simple("r", name="charge", inputParameters={"amount": 5}))
    world.start()

    task = world.take("charge")

    assert (task.task_type, task.task_def_name, task.reference_task_name) == (
        "charge",
        "charge",
        "r",
    )
    assert task.input_data == {"amount": 5}


def test_unknown_type_is_polled_by_that_type(world: World) -> None:
    world.register(system("USER_TASK", "u", name="approve"))
    w = world.start()

    task = world.take("USER_TASK")

    assert (task.task_type, task.task_def_name) == ("USER_TASK", "approve")
    world.report(task, done())
    assert world.workflow(w).status == "COMPLETED"


def test_claimed_task_is_in_progress_with_its_worker(world: World) -> None:
    world.register(simple("a"))
    world.start()
    world.clock.advance(3)

    task = world.take("a")

    assert (task.status, task.worker_id, task.poll_count) == ("IN_PROGRESS", "w1", 1)
    assert task.start_time - task.scheduled_time == 3_000
    assert world.poll("a") == []


def test_output_is_what_the_worker_reports(world: World) -> None:
    workflow = world.run(simple("a"), workers={"a": done(x=[1, None, {"y": "z"}])})

    assert workflow.tasks[0].output_data == {"x": [1, None, {"y": "z"}]}
    assert workflow.output == {"x": [1, None, {"y": "z"}]}


def test_start_delay_keeps_a_task_from_workers(world: World) -> None:
    world.register(simple("a", startDelay=30))
    w = world.start()
    assert world.poll("a") == []
    assert world.task(w, "a").start_delay_in_seconds == 30

    world.advance(29)
    assert world.poll("a") == []

    world.advance(1)
    assert world.take("a").reference_task_name == "a"


def test_task_in_progress_comes_back_after_its_callback(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    world.report(world.take("a"), in_progress(60, percent=10))
    task = world.task(w, "a")
    assert (task.status, task.callback_after_seconds) == ("SCHEDULED", 60)
    assert task.output_data == {"percent": 10}
    assert world.poll("a") == []

    world.advance(60)
    task = world.take("a")
    assert (task.poll_count, task.callback_after_seconds) == (2, 0)


def test_output_of_a_later_report_replaces_that_of_an_earlier(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    world.report(world.take("a"), in_progress(0, percent=10))

    world.report(world.take("a"), done(result=1))

    assert world.task(w, "a").output_data == {"result": 1}


def test_unregistered_task_is_retried_three_times_a_minute_apart(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    for _ in range(3):
        world.report(world.take("a"), fails())
        assert world.poll("a") == []
        world.advance(61)
    world.report(world.take("a"), fails())

    assert world.trace(w) == ["a:a:FAILED"] * 4
    assert world.workflow(w).status == "FAILED"
