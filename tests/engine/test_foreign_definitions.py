"""Forms of definitions that Conductor takes, and names that would get in each other's way."""

from typing import Any

import pytest

from dalsegno.errors import ConflictError, InvalidRequestError
from tests.engine.world import Definition, World, done, simple, system


def a_body() -> list[Definition]:
    return [system("INLINE", "body", {"expression": "1"})]


def turns(world: World, items: list[Any], **fields: Any) -> int:
    loop = system("DO_WHILE", "loop", items="${workflow.input.items}", loopOver=a_body(), **fields)
    workflow = world.run(loop, inputs={"items": items})
    assert workflow.status == "COMPLETED"
    return sum(task.reference_task_name.startswith("body") for task in workflow.tasks)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("$.loopItem != 'stop'", 2),
        ("$.loopIndex < 2", 3),
        ("$.loop.loopItem != 'stop'", 2),
        ("true", 4),
        ("", 4),
        (None, 4),
    ],
)
def test_condition_of_a_loop_over_a_list_sees_the_item(
    world: World, condition: str | None, expected: int
) -> None:
    fields = {} if condition is None else {"loopCondition": condition}

    assert turns(world, ["a", "stop", "c", "d"], **fields) == expected


@pytest.mark.parametrize(
    "why", [{"code": 5, "ok": True}, [None, False], True, 1.5, "it's over", {"a": "é"}]
)
def test_reasons_are_written_as_json(world: World, why: Any) -> None:
    task = system(
        "TERMINATE",
        "t",
        {"terminationStatus": "FAILED", "terminationReason": "${workflow.input.why}"},
    )

    reason = world.run(task, inputs={"why": why}).reason_for_incompletion

    shown = {
        "{'code': 5, 'ok': True}": '{"code":5,"ok":true}',
        "[None, False]": "[null,false]",
        "True": "true",
        "{'a': 'é'}": '{"a":"é"}',
    }
    assert reason == shown.get(str(why), str(why))


@pytest.mark.parametrize(
    "inputs",
    [
        {"tasks": {"a": None}, "inputs": {}},
        {"tasks": [{"a": None}], "inputs": {}},
        {"tasks": [{"taskReferenceName": "x", "type": "NOOP"}], "inputs": [None, True]},
        {"tasks": [{"taskReferenceName": "x", "type": "NOOP"}], "inputs": {"x": [None]}},
    ],
)
def test_reasons_of_dynamic_forks_know_no_python(world: World, inputs: Any) -> None:
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": "${workflow.input.tasks}", "inputs": "${workflow.input.inputs}"},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )

    workflow = world.run(fork, system("JOIN", "j"), inputs=inputs)

    assert workflow.status == "FAILED"
    assert "None" not in (workflow.reason_for_incompletion or "")


@pytest.mark.parametrize("name", ["Space Value", "a..", "a[?"])
def test_path_that_cannot_be_read_is_refused_at_registration(world: World, name: str) -> None:
    path = f"${{workflow.input.{name}}}"
    switch = system(
        "SWITCH",
        "s",
        {"p": "x"},
        evaluatorType="value-param",
        expression="p",
        decisionCases={"x": [system("INLINE", "n", {"expression": path})]},
    )
    for tasks, fields in ([[simple("a")], {"outputParameters": {"x": path}}], [[switch], {}]):
        with pytest.raises(InvalidRequestError) as refused:
            world.register(*tasks, **fields)
        (violation, *_) = refused.value.validation_errors
        assert "is not valid" in violation.message


@pytest.mark.parametrize("ref", ["x__2", "x__2__3", "inner__1", "loop__1"])
def test_reference_that_a_turn_of_a_loop_will_have_is_refused(world: World, ref: str) -> None:
    inner = system("DO_WHILE", "inner", loopCondition="false", loopOver=[simple("x")])
    loop = system("DO_WHILE", "loop", loopCondition="false", loopOver=[inner])

    if ref == "loop__1":  # the loop itself is in no loop, so it has no turns by this name
        world.register(loop, simple(ref))
        return
    with pytest.raises(InvalidRequestError) as refused:
        world.register(loop, simple(ref))
    assert "name of a turn" in refused.value.validation_errors[0].message


def test_names_with_two_underscores_are_names_like_others(world: World) -> None:
    assert world.run(simple("x__2"), simple("y__z"), simple("a__1")).status == "COMPLETED"


def test_dynamic_fork_may_not_take_the_name_of_a_turn(world: World) -> None:
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": [{"name": "n", "taskReferenceName": "x__2", "type": "NOOP"}], "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    loop = system(
        "DO_WHILE", "loop", loopCondition="$.loop.iteration < 3", loopOver=[system("NOOP", "x")]
    )

    workflow = world.run(fork, system("JOIN", "j"), loop)

    assert workflow.status == "FAILED"
    assert "x__2, the name of a turn of x" in (workflow.reason_for_incompletion or "")


def test_version_zero_is_the_latest(world: World) -> None:
    for version in (1, 2):
        world.register(system("NOOP", "n"), name="child", version=version)
    world.register(system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child", "version": 0}))

    workflow_id = world.start()

    assert world.child(workflow_id, "s").workflow_version == 2


def test_version_of_a_dynamic_child_is_shown_once_it_is_known(world: World) -> None:
    world.register(simple("a"), name="child", version=3)
    listed = {
        "name": "c",
        "taskReferenceName": "c",
        "type": "SUB_WORKFLOW",
        "subWorkflowParam": {"name": "child"},
    }
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": [listed], "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    world.register(fork, system("JOIN", "j"))

    workflow_id = world.start()

    assert world.task(workflow_id, "c").input_data["subWorkflowVersion"] == 3


@pytest.mark.parametrize("ref", ["j", "loop"])
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "IN_PROGRESS"])
def test_task_that_ends_with_its_contents_takes_no_report(
    world: World, ref: str, status: str
) -> None:
    loop = system("DO_WHILE", "loop", loopCondition="false", loopOver=[simple("a")])
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[loop], [simple("b")]]),
        system("JOIN", "j", joinOn=["loop", "b"]),
    )
    workflow_id = world.start()

    with pytest.raises(ConflictError, match="ends with the tasks that it waits for"):
        world.tell(workflow_id, ref, type(done())(status))
    with pytest.raises(ConflictError, match="ends with the tasks that it waits for"):
        world.report(world.task(workflow_id, ref), type(done())(status))

    assert world.task(workflow_id, ref).status == "IN_PROGRESS"
    assert world.play(workflow_id).status == "COMPLETED"


def test_join_is_not_skipped_while_its_branches_may_be_open(world: World) -> None:
    world.register(
        simple("z"), system("FORK_JOIN", "f", forkTasks=[[simple("b")]]), system("JOIN", "j")
    )
    workflow_id = world.start()

    with pytest.raises(InvalidRequestError, match="leave its branches open"):
        world.skip(workflow_id, "j")


def test_rerun_with_an_input_that_breaks_the_enforced_schema_is_refused(world: World) -> None:
    schema = {"name": "s", "version": 1, "type": "JSON", "data": {"required": ["n"]}}
    world.register(simple("a"), inputSchema=schema, enforceSchema=True)
    workflow_id = world.start(inputs={"n": 1})
    world.terminate(workflow_id)

    with pytest.raises(InvalidRequestError, match="The input of workflow flow"):
        world.rerun(workflow_id, workflowInput={})

    assert world.workflow(workflow_id).status == "TERMINATED"
