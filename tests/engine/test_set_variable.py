"""SET_VARIABLE: merge into the workflow's variables."""

from tests.engine.world import World, simple, system, task_of, trace


def test_inputs_are_merged_over_the_variables(world: World) -> None:
    workflow = world.run(
        system("SET_VARIABLE", "v", {"b": "${workflow.input.b}", "c": {"x": 1}}),
        system("SET_VARIABLE", "w", {"c": {"y": 2}}),
        inputs={"b": 2},
        variables={"a": 1, "b": 1},
    )

    assert workflow.variables == {"a": 1, "b": 2, "c": {"y": 2}}
    assert task_of(workflow, "v").input_data == {"b": 2, "c": {"x": 1}}
    assert task_of(workflow, "v").output_data == {}


def test_later_tasks_see_the_variables(world: World) -> None:
    workflow = world.run(
        system("SET_VARIABLE", "v", {"n": 1}),
        simple("a", inputParameters={"n": "${workflow.variables.n}"}),
    )

    assert task_of(workflow, "a").input_data == {"n": 1}


def test_variables_set_side_by_side_are_all_kept(world: World) -> None:
    names = [f"v{n}" for n in range(20)]
    branches = [[system("SET_VARIABLE", name, {name: 1})] for name in names]

    workflow = world.run(
        system("FORK_JOIN", "f", forkTasks=branches), system("JOIN", "j", joinOn=names)
    )

    assert workflow.variables == dict.fromkeys(names, 1)


def test_more_than_256_kb_of_variables_fail_for_good_and_are_not_kept(world: World) -> None:
    set_one = system("SET_VARIABLE", "v", {"one": "${workflow.input.text}"})
    set_two = system("SET_VARIABLE", "w", {"two": "${workflow.input.text}"})

    workflow = world.run(set_one, set_two, inputs={"text": "x" * 140 * 1024})

    assert trace(workflow) == [
        "SET_VARIABLE:v:COMPLETED",
        "SET_VARIABLE:w:FAILED_WITH_TERMINAL_ERROR",
    ]
    assert set(workflow.variables) == {"one"}
    assert "is greater than the permissible limit: 262144 bytes" in str(
        workflow.reason_for_incompletion
    )


def test_variables_may_be_the_output(world: World) -> None:
    workflow = world.run(
        system("SET_VARIABLE", "v", {"n": [1, 2]}),
        outputParameters={"variables": "${workflow.variables}"},
    )

    assert workflow.output == {"variables": {"n": [1, 2]}}
