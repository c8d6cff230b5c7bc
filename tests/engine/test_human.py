"""HUMAN: until somebody updates it; time goes on meanwhile."""

from tests.engine.world import World, done, fails, simple, system, task_of

HUMAN = system("HUMAN", "h", {"form": "${workflow.input.form}"})


def test_waits_for_somebody(world: World) -> None:
    world.register(HUMAN, simple("z"))
    w = world.start(inputs={"form": "order"})
    assert world.trace(w) == ["HUMAN:h:IN_PROGRESS"]
    assert world.task(w, "h").input_data == {"form": "order"}

    world.advance(90 * 86_400)
    world.tell(w, "h", done(approved=True))

    workflow = world.play(w)
    assert task_of(workflow, "h").output_data == {"approved": True}
    assert workflow.status == "COMPLETED"


def test_somebody_may_refuse(world: World) -> None:
    world.register(HUMAN)
    w = world.start()

    world.tell(w, "h", fails())

    assert world.workflow(w).status == "FAILED"


def test_retried_human_task_is_in_progress_again(world: World) -> None:
    world.define("h", retryCount=1)
    world.register(HUMAN)
    w = world.start()

    world.tell(w, "h", fails())
    assert world.trace(w) == ["HUMAN:h:FAILED", "HUMAN:h:IN_PROGRESS"]

    world.tell(w, "h", done())
    assert world.workflow(w).status == "COMPLETED"


def test_other_tasks_time_out_meanwhile(world: World) -> None:
    world.define("a", retryCount=0, responseTimeoutSeconds=10)
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[HUMAN], [simple("a")]]),
        system("JOIN", "j", joinOn=["h", "a"]),
    )
    w = world.start()
    world.take("a")

    world.advance(10)

    assert world.workflow(w).status == "TIMED_OUT"


def test_the_workflow_times_out_meanwhile(world: World) -> None:
    world.register(HUMAN, timeoutSeconds=100, timeoutPolicy="TIME_OUT_WF")
    w = world.start()

    world.advance(60)
    world.advance(40)

    assert world.workflow(w).status == "TIMED_OUT"
    assert world.task(w, "h").status == "CANCELED"
