"""FORK_JOIN_DYNAMIC: as many branches as the input lists, in each of the forms it can."""

from typing import Any

import pytest

from dalsegno.models import Workflow
from tests.engine.world import (
    Definition,
    Inputs,
    Script,
    World,
    done,
    fails,
    simple,
    system,
    task_of,
    trace,
)

NO_JOIN = "Dynamic join definition is not followed by a join task.  Check the workflow definition."


def same_task(ref: str = "f", **inputs: Any) -> Definition:
    return system("FORK_JOIN_DYNAMIC", ref, inputs)


def listed(tasks: Any, inputs: Any = None) -> Definition:
    return system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": tasks, "inputs": inputs},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )


def fan_out(
    world: World,
    fork: Definition,
    *behind: Definition,
    workers: Script | None = None,
    inputs: Inputs | None = None,
) -> Workflow:
    return world.run(fork, system("JOIN", "j"), *behind, workers=workers, inputs=inputs)


# -- one task for each element of a list ------------------------------------------------------


def test_each_element_is_the_input_of_one_task(world: World) -> None:
    fork = same_task(forkTaskName="kid", forkTaskInputs=[{"k": 1}, "plain", 7])

    workflow = fan_out(world, fork)

    children = workflow.tasks[1:4]
    assert [t.reference_task_name for t in children] == ["_kid_0", "_kid_1", "_kid_2"]
    assert [t.task_type for t in children] == ["kid"] * 3
    assert [t.input_data for t in children] == [
        {"k": 1, "__index": 0},
        {"input": "plain", "__index": 1},
        {"input": 7, "__index": 2},
    ]


def test_list_may_be_an_expression(world: World) -> None:
    fork = same_task(forkTaskName="kid", forkTaskInputs="${workflow.input.items}")

    workflow = fan_out(world, fork, inputs={"items": [1, 2]})

    assert len(workflow.tasks) == 4


def test_unnamed_worker_tasks_are_called_like_the_fork(world: World) -> None:
    workflow = fan_out(world, same_task(forkTaskInputs=[1]))

    assert trace(workflow)[1] == "f:_f_0:COMPLETED"


def test_unnamed_system_tasks_are_called_like_their_type(world: World) -> None:
    fork = same_task(
        forkTaskType="INLINE", forkTaskInputs=[{"expression": "$.n + 1", "n": n} for n in (1, 2)]
    )

    workflow = fan_out(world, fork)

    assert trace(workflow)[1:3] == ["INLINE:_INLINE_0:COMPLETED", "INLINE:_INLINE_1:COMPLETED"]
    assert task_of(workflow, "_INLINE_1").output_data == {"result": 3}


def test_second_dynamic_fork_puts_its_reference_into_the_names(world: World) -> None:
    workflow = world.run(
        same_task("f1", forkTaskName="kid", forkTaskInputs=[1]),
        system("JOIN", "j1"),
        same_task("f2", forkTaskName="kid", forkTaskInputs=[1]),
        system("JOIN", "j2"),
    )

    assert workflow.status == "COMPLETED"
    assert [t.reference_task_name for t in workflow.tasks] == [
        "f1",
        "_kid_0",
        "j1",
        "f2",
        "_f2_kid_0",
        "j2",
    ]


def test_each_element_starts_a_sub_workflow(world: World) -> None:
    world.register(simple("k"), name="child", version=1)
    world.register(simple("k2"), name="child", version=2)
    fork = same_task(
        forkTaskWorkflow="child",
        forkTaskWorkflowVersion="1",
        forkTaskInputs=[{"x": 1, "taskToDomain": {"k": "west"}}],
    )
    world.register(fork, system("JOIN", "j"))

    w = world.start()

    child = world.child(w, "_f_0")
    assert child.workflow_version == 1
    assert child.input == {"x": 1, "taskToDomain": {"k": "west"}, "__index": 0}
    assert child.task_to_domain == {"k": "west"}
    world.report(world.take("k", "west"), done())
    assert world.workflow(w).status == "COMPLETED"


def test_version_of_the_sub_workflow_may_be_a_number(world: World) -> None:
    world.register(simple("k"), name="child")
    fork = same_task(forkTaskWorkflow="child", forkTaskWorkflowVersion=1, forkTaskInputs=[{}])

    assert fan_out(world, fork).status == "COMPLETED"


def test_children_of_an_optional_fork_are_optional(world: World) -> None:
    world.define("kid", retryCount=0)
    fork = {**same_task(forkTaskName="kid", forkTaskInputs=[1, 2]), "optional": True}

    workflow = fan_out(world, fork, workers={"_kid_0": fails()})

    assert task_of(workflow, "_kid_0").status == "COMPLETED_WITH_ERRORS"
    assert task_of(workflow, "j").status == "COMPLETED_WITH_ERRORS"
    assert workflow.status == "COMPLETED"


# -- a list of tasks, and a map of their inputs -----------------------------------------------


def test_each_listed_task_gets_its_own_input(world: World) -> None:
    tasks = [simple("x1", name="pack"), simple("x2", name="ship", inputParameters={"own": 1})]

    workflow = fan_out(world, listed(tasks, {"x1": {"k": 1}, "x2": {"k": 2}}))

    assert trace(workflow)[1:3] == ["pack:x1:COMPLETED", "ship:x2:COMPLETED"]
    assert task_of(workflow, "x1").input_data == {"k": 1}
    assert task_of(workflow, "x2").input_data == {"own": 1, "k": 2}
    assert task_of(workflow, "j").output_data == {"x1": {"ref": "x1"}, "x2": {"ref": "x2"}}


def test_listed_tasks_may_be_of_any_type(world: World) -> None:
    world.register(simple("k"), name="child")
    tasks = [
        system("SUB_WORKFLOW", "x1", subWorkflowParam={"name": "child"}),
        system("INLINE", "x2", {"expression": "6 * 7"}),
        system("SET_VARIABLE", "x3", {"seen": True}),
        system("WAIT", "x4"),
    ]
    world.register(listed(tasks), system("JOIN", "j"), simple("z"))
    w = world.start()

    world.play(w)
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.tell(w, "x4", done(by="me"))
    workflow = world.play(w)
    assert task_of(workflow, "j").output_data["x2"] == {"result": 42}
    assert workflow.variables == {"seen": True}
    assert workflow.status == "COMPLETED"


def test_operators_may_be_branches(world: World) -> None:
    switch = system(
        "SWITCH",
        "x1",
        {"v": "y"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"y": [simple("x1a"), simple("x1b")]},
    )
    loop = system("DO_WHILE", "x2", loopOver=[simple("x2a")], loopCondition="$.x2['iteration'] < 2")

    workflow = fan_out(world, listed([switch, loop]), simple("z"))

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "x1b").status == "COMPLETED"
    assert task_of(workflow, "x2").output_data["iteration"] == 2
    assert trace(workflow)[-1] == "z:z:COMPLETED"


# -- the old form -----------------------------------------------------------------------------


def test_old_form_lists_tasks_with_their_inputs(world: World) -> None:
    world.register(simple("k"), name="child")
    branches = [
        {"taskName": "pack", "referenceName": "x1", "input": {"k": 1}},
        {"taskName": "sub", "workflowName": "child", "referenceName": "x2", "type": "SUB_WORKFLOW"},
    ]
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"dynamic": {"dynamicTasks": branches}},
        dynamicForkJoinTasksParam="dynamic",
    )

    workflow = fan_out(world, fork)

    assert trace(workflow) == [
        "FORK:f:COMPLETED",
        "pack:x1:COMPLETED",
        "SUB_WORKFLOW:x2:COMPLETED",
        "JOIN:j:COMPLETED",
    ]
    assert task_of(workflow, "x1").input_data == {"k": 1}


# -- all forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("fork", [same_task(forkTaskInputs=[]), listed([])])
def test_empty_list_completes_the_join_at_once(world: World, fork: Definition) -> None:
    workflow = fan_out(world, fork, simple("z"))

    assert trace(workflow) == ["FORK:f:COMPLETED", "JOIN:j:COMPLETED", "z:z:COMPLETED"]
    assert task_of(workflow, "j").output_data == {}


def test_fork_and_join_name_the_branches(world: World) -> None:
    workflow = fan_out(world, listed([simple("x1"), simple("x2")]))

    fork = task_of(workflow, "f").input_data
    assert fork["forkedTasks"] == ["x1", "x2"]
    assert [task["taskReferenceName"] for task in _objects(fork["forkedTaskDefs"])] == ["x1", "x2"]
    assert task_of(workflow, "j").input_data == {"joinOn": ["x1", "x2"]}


def _objects(value: object) -> list[dict[str, Any]]:
    assert isinstance(value, list)
    return value


def test_registered_definition_rules_the_children(world: World) -> None:
    world.define("kid", retryCount=1)

    workflow = fan_out(
        world,
        same_task(forkTaskName="kid", forkTaskInputs=[1]),
        workers={("_kid_0", 0): fails()},
    )

    assert trace(workflow)[1:3] == ["kid:_kid_0:FAILED", "kid:_kid_0:COMPLETED"]
    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "_kid_0").input_data == {"input": 1, "__index": 0}


def test_children_without_a_definition_have_the_default_one(world: World) -> None:
    world.register(same_task(forkTaskName="kid", forkTaskInputs=[1]), system("JOIN", "j"))
    w = world.start()

    for _ in range(4):
        world.report(world.take("kid"), fails())
        world.advance(60)

    assert world.trace(w)[1:-1] == ["kid:_kid_0:FAILED"] * 4
    assert world.workflow(w).status == "FAILED"


def test_dynamic_fork_in_a_loop_forks_anew_each_time(world: World) -> None:
    fork = same_task(forkTaskName="kid", forkTaskInputs=[1, 2])
    loop = system(
        "DO_WHILE",
        "l",
        loopOver=[fork, system("JOIN", "j")],
        loopCondition="$.l['iteration'] < 2",
    )

    workflow = world.run(loop)

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "j__1").input_data == {"joinOn": ["_kid_0__1", "_kid_1__1"]}
    assert task_of(workflow, "j__2").input_data == {"joinOn": ["_kid_0__2", "_kid_1__2"]}


def test_wide_fork_is_expanded_in_parts(world: World) -> None:
    fork = same_task(forkTaskName="kid", forkTaskInputs=list(range(1200)))

    workflow = fan_out(world, fork, simple("z", inputParameters={"n": "${j.output._kid_1100.ref}"}))

    assert workflow.status == "COMPLETED"
    assert len(workflow.tasks) == 1203
    assert task_of(workflow, "z").input_data == {"n": "_kid_1100"}


# -- what is wrong with an input --------------------------------------------------------------


def test_fork_without_a_join_fails_the_workflow(world: World) -> None:
    workflow = world.run(same_task(forkTaskInputs=[1]), simple("z"))

    assert (workflow.status, workflow.reason_for_incompletion) == ("FAILED", NO_JOIN)


@pytest.mark.parametrize(
    ("fork", "reason"),
    [
        (listed("none"), "Input 'tasks' is invalid. Cannot deserialize a list of Workflow Tasks"),
        (listed([1, 2]), "Input 'tasks' is invalid. Cannot deserialize a list of Workflow Tasks"),
        (listed(None), "Input 'tasks' is invalid. Cannot deserialize a list of Workflow Tasks"),
        (listed([{"name": "x"}]), "needs a taskReferenceName"),
        (listed([simple("x1")], [1]), "Input to the dynamically forked tasks is not a map -> "),
        (
            listed([simple("x1"), simple("x1")]),
            "attempted to create a duplicate task reference name: x1",
        ),
        (listed([simple("z")]), "attempted to create a duplicate task reference name: z"),
        (
            same_task(forkTaskWorkflow="w", forkTaskWorkflowVersion="one", forkTaskInputs=[1]),
            "forkTaskWorkflowVersion is not a number: one",
        ),
    ],
    ids=[
        "text",
        "numbers",
        "null",
        "unnamed",
        "inputs are a list",
        "twice the same",
        "a name of the definition",
        "version",
    ],
)
def test_bad_input_fails_the_workflow(world: World, fork: Definition, reason: str) -> None:
    workflow = fan_out(world, fork, simple("z"))

    assert workflow.status == "FAILED"
    assert reason in str(workflow.reason_for_incompletion)


def a_choice(ref: str, inner: str) -> Definition:
    return system(
        "SWITCH",
        ref,
        {"v": "y"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"y": [simple(inner)]},
    )


@pytest.mark.parametrize(
    "branches",
    [[a_choice("x1", "z")], [a_choice("x1", "t"), a_choice("x2", "t")]],
    ids=["a name of the definition", "twice the same"],
)
def test_names_inside_branches_must_differ_too(world: World, branches: list[Definition]) -> None:
    workflow = fan_out(world, listed(branches), simple("z"))

    assert workflow.status == "FAILED"
    assert "create a duplicate task reference name" in str(workflow.reason_for_incompletion)


def test_second_fork_must_not_repeat_the_names_of_the_first(world: World) -> None:
    again = {**listed([simple("x1")]), "taskReferenceName": "g"}

    workflow = world.run(listed([simple("x1")]), system("JOIN", "j"), again, system("JOIN", "j2"))

    assert workflow.status == "FAILED"
    reason = str(workflow.reason_for_incompletion)
    assert "attempted to create a duplicate task reference name: x1" in reason


# -- bounds -----------------------------------------------------------------------------------


def many(count: int, **fields: Any) -> list[Definition]:
    return [{"name": "a", "taskReferenceName": f"a{n}", **fields} for n in range(count)]


OLD = [{"taskName": "a", "referenceName": f"a{n}"} for n in range(20_001)]
TOO_MANY = {
    "forkTaskInputs": same_task(forkTaskInputs=[0] * 20_001),
    "tasks": listed(many(20_001)),
    "nested": listed(many(1, type="FORK_JOIN", forkTasks=[many(20_000)])),
    "dynamic": system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"dynamic": {"dynamicTasks": OLD}},
        dynamicForkJoinTasksParam="dynamic",
    ),
}


@pytest.mark.parametrize("form", TOO_MANY)
def test_fork_of_too_many_branches_fails_with_the_bound(world: World, form: str) -> None:
    fork = TOO_MANY[form]
    inputs = fork["inputParameters"]
    fork = {**fork, "inputParameters": {key: f"${{workflow.input.{key}}}" for key in inputs}}

    workflow = fan_out(world, fork, inputs=inputs)

    assert workflow.status == "FAILED"
    reason = str(workflow.reason_for_incompletion)
    assert f"Input '{form.replace('nested', 'tasks')}' lists 20,001 tasks" in reason
    assert "takes 20,000" in reason
