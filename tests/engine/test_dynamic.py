"""DYNAMIC: the task that an input value names."""

from tests.engine.world import World, done, fails, simple, system, task_of, trace


def a_dynamic(**fields: object) -> dict[str, object]:
    return system(
        "DYNAMIC", "d", {"which": "${workflow.input.which}"}, dynamicTaskNameParam="which", **fields
    )


def test_named_task_is_run(world: World) -> None:
    world.define("pack", inputTemplate={"box": "small"})

    workflow = world.run(a_dynamic(), simple("z"), inputs={"which": "pack"})

    assert trace(workflow) == ["pack:d:COMPLETED", "z:z:COMPLETED"]
    task = task_of(workflow, "d")
    assert task.task_def_name == "pack"
    assert task.input_data == {"which": "pack", "box": "small"}


def test_named_definition_rules_its_retries(world: World) -> None:
    world.define("pack", retryCount=1)

    workflow = world.run(a_dynamic(), inputs={"which": "pack"}, workers={("d", 0): fails()})

    assert trace(workflow) == ["pack:d:FAILED", "pack:d:COMPLETED"]


def test_named_definition_rules_its_timeouts(world: World) -> None:
    world.define("pack", retryCount=0, responseTimeoutSeconds=10)
    world.register(a_dynamic())
    w = world.start(inputs={"which": "pack"})
    world.take("pack")

    world.advance(10)

    assert world.trace(w) == ["pack:d:TIMED_OUT"]


def test_named_definition_rules_its_limits(world: World) -> None:
    world.define("pack", concurrentExecLimit=1)
    world.register(a_dynamic())
    first, second = (world.start(inputs={"which": "pack"}) for _ in range(2))

    (task,) = world.poll("pack", count=2)
    assert world.poll("pack") == []

    world.report(task, done())
    world.advance(60)
    assert len(world.poll("pack")) == 1
    assert {world.workflow(w).status for w in (first, second)} == {"COMPLETED", "RUNNING"}


def test_name_must_be_given(world: World) -> None:
    workflow = world.run(a_dynamic())

    assert workflow.status == "FAILED"
    reason = str(workflow.reason_for_incompletion)
    assert reason.startswith("Cannot map a dynamic task based on the parameter and input")


def test_name_must_be_defined(world: World) -> None:
    workflow = world.run(a_dynamic(), inputs={"which": "nobody"})

    assert workflow.reason_for_incompletion == (
        "Invalid task specified.  Cannot find task by name nobody in the task definitions"
    )


def test_embedded_definition_is_enough(world: World) -> None:
    workflow = world.run(
        a_dynamic(taskDefinition={"name": "anything"}), inputs={"which": "anything"}
    )

    assert trace(workflow) == ["anything:d:COMPLETED"]
