"""DO_WHILE: a list of tasks, again and again."""

from typing import Any

import pytest

from tests.engine.world import (
    Definition,
    World,
    done,
    fails,
    fails_for_good,
    simple,
    system,
    task_of,
    trace,
)


def a_loop(*body: Definition, turns: int = 2, ref: str = "l", **fields: Any) -> Definition:
    condition = f"$.{ref}['iteration'] < {turns}"
    return system("DO_WHILE", ref, **{"loopOver": list(body), "loopCondition": condition, **fields})


# -- the condition ----------------------------------------------------------------------------


def test_body_runs_before_the_condition_is_asked(world: World) -> None:
    workflow = world.run(a_loop(simple("a"), loopCondition="false"), simple("z"))

    assert trace(workflow) == ["DO_WHILE:l:COMPLETED", "a:a__1:COMPLETED", "z:z:COMPLETED"]


def test_condition_sees_the_loops_inputs(world: World) -> None:
    loop = a_loop(simple("a"), loopCondition="$.l.iteration < $.max")
    loop["inputParameters"] = {"max": "${workflow.input.max}"}

    workflow = world.run(loop, inputs={"max": 3})

    assert task_of(workflow, "l").output_data["iteration"] == 3


def test_condition_sees_the_latest_output_of_each_child_under_its_name(world: World) -> None:
    loop = a_loop(simple("a"), simple("b"), loopCondition="$.b['more'] == true && $.a.n < 9")

    workflow = world.run(
        loop, workers={"b__1": done(more=True), "b__2": done(more=False), "a": done(n=1)}
    )

    assert task_of(workflow, "l").output_data["iteration"] == 2


def test_condition_sees_earlier_turns(world: World) -> None:
    loop = a_loop(simple("a"), loopCondition="!($.l['2'] && $.l['2'].a.n == 2)")

    workflow = world.run(loop, workers={"a__1": done(n=1), "a__2": done(n=2)})

    assert task_of(workflow, "l").output_data["iteration"] == 2


def test_condition_follows_variables_and_tasks_as_they_change(world: World) -> None:
    loop = a_loop(
        system("SET_VARIABLE", "v", {"left": "${a.output.left}"}), loopCondition="$.left > 0"
    )
    loop["loopOver"].insert(0, simple("a"))
    loop["inputParameters"] = {"left": "${workflow.variables.left}"}

    workflow = world.run(loop, workers={"a__1": done(left=1), "a__2": done(left=0)})

    assert task_of(workflow, "l").output_data["iteration"] == 2


@pytest.mark.parametrize(
    ("value", "turns"),
    [
        ("true", 2),
        ("1", 2),
        ("0.5", 2),
        ("0", 1),
        ("-1", 1),
        ("'true'", 1),
        ("null", 1),
        ("[1]", 1),
    ],
)
def test_only_true_and_numbers_above_zero_go_on(world: World, value: str, turns: int) -> None:
    loop = a_loop(simple("a"), loopCondition=f"$.l.iteration < 2 ? {value} : false")

    assert task_of(world.run(loop), "l").output_data["iteration"] == turns


def test_failing_condition_fails_the_loop_for_good(world: World) -> None:
    workflow = world.run(a_loop(simple("a"), loopCondition="$.nothing.at.all > 1"))

    loop = task_of(workflow, "l")
    assert loop.status == "FAILED_WITH_TERMINAL_ERROR"
    reason = str(loop.reason_for_incompletion)
    assert reason.startswith("Unable to evaluate condition $.nothing.at.all > 1, exception ")
    assert workflow.status == "FAILED"


# -- outputs and references -------------------------------------------------------------------


def test_output_holds_each_turn(world: World) -> None:
    workflow = world.run(a_loop(simple("a")), workers={"a__1": done(n=1), "a__2": done(n=2)})

    assert task_of(workflow, "l").output_data == {
        "iteration": 2,
        "1": {"a": {"n": 1}},
        "2": {"a": {"n": 2}},
    }
    assert task_of(workflow, "l").iteration == 2


def test_base_name_means_the_latest_turn(world: World) -> None:
    inner = simple("b", inputParameters={"n": "${a.output.n}", "turn": "${l.output.iteration}"})
    behind = simple(
        "z",
        inputParameters={
            "n": "${a.output.n}",
            "first": "${l.output.1.a.n}",
            "it": "${a.iteration}",
        },
    )

    workflow = world.run(
        a_loop(simple("a"), inner, turns=12),
        behind,
        workers={f"a__{n}": done(n=n) for n in range(1, 13)},
    )

    assert task_of(workflow, "b__1").input_data == {"n": 1, "turn": 1}
    assert task_of(workflow, "b__12").input_data == {"n": 12, "turn": 12}
    assert task_of(workflow, "z").input_data == {"n": 12, "first": 1, "it": 12}


def test_first_task_of_a_turn_sees_the_turn_before(world: World) -> None:
    first = simple("a", inputParameters={"before": "${b.output.n}"})

    workflow = world.run(a_loop(first, simple("b")), workers={"b": done(n=5)})

    assert task_of(workflow, "a__1").input_data == {"before": None}
    assert task_of(workflow, "a__2").input_data == {"before": 5}


def test_only_the_last_turns_are_kept(world: World) -> None:
    loop = a_loop(simple("a"), turns=5)
    loop["inputParameters"] = {"keepLastN": 2}

    workflow = world.run(loop)

    assert set(task_of(workflow, "l").output_data) == {"iteration", "4", "5"}
    assert [t.reference_task_name for t in workflow.tasks] == ["l", "a__4", "a__5"]


# -- a list of items --------------------------------------------------------------------------


def over(items: Any, condition: str = "", **fields: Any) -> Definition:
    body = simple(
        "a", inputParameters={"at": "${l.output.loopIndex}", "is": "${l.output.loopItem}"}
    )
    return a_loop(body, items=items, loopCondition=condition, **fields)


def test_each_item_gets_a_turn(world: World) -> None:
    workflow = world.run(over("${workflow.input.items}"), inputs={"items": ["x", {"y": 1}]})

    assert [t.input_data for t in workflow.tasks[1:]] == [
        {"at": 0, "is": "x"},
        {"at": 1, "is": {"y": 1}},
    ]
    output = task_of(workflow, "l").output_data
    assert (output["iteration"], output["loopIndex"], output["loopItem"]) == (2, 1, {"y": 1})


def test_items_may_be_an_input_of_the_loop(world: World) -> None:
    loop = over(None)
    loop["inputParameters"] = {"_items": "${workflow.input.items}"}

    workflow = world.run(loop, inputs={"items": [1, 2, 3]})

    assert task_of(workflow, "l").output_data["iteration"] == 3


# -- what may be inside -----------------------------------------------------------------------


def test_switch_inside(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"n": "${l.output.iteration}"},
        evaluatorType="value-param",
        expression="n",
        decisionCases={"1": [simple("odd")], "2": [simple("even"), simple("more")]},
    )

    workflow = world.run(a_loop(switch, simple("b"), turns=3))

    assert trace(workflow)[1:] == [
        "SWITCH:s__1:COMPLETED",
        "odd:odd__1:COMPLETED",
        "b:b__1:COMPLETED",
        "SWITCH:s__2:COMPLETED",
        "even:even__2:COMPLETED",
        "more:more__2:COMPLETED",
        "b:b__2:COMPLETED",
        "SWITCH:s__3:COMPLETED",
        "b:b__3:COMPLETED",
    ]


def test_switch_at_the_end_inside(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"n": "${l.output.iteration}"},
        evaluatorType="value-param",
        expression="n",
        decisionCases={"1": [simple("odd"), simple("more")]},
    )

    workflow = world.run(a_loop(switch))

    assert task_of(workflow, "l").output_data == {
        "iteration": 2,
        "1": {
            "s": {"evaluationResult": ["1"], "selectedCase": "1"},
            "odd": {"ref": "odd__1"},
            "more": {"ref": "more__1"},
        },
        "2": {"s": {"evaluationResult": ["2"], "selectedCase": "2"}},
    }


def test_fork_inside(world: World) -> None:
    fork = system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b"), simple("c")]])
    join = system("JOIN", "j", joinOn=["a", "c"])

    workflow = world.run(a_loop(fork, join), simple("z"))

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "j__2").output_data == {
        "a__2": {"ref": "a__2"},
        "c__2": {"ref": "c__2"},
    }
    assert trace(workflow)[-1] == "z:z:COMPLETED"


def test_branch_nobody_joins_must_end_before_the_turn_does(world: World) -> None:
    fork = system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]])
    world.register(a_loop(fork, system("JOIN", "j", joinOn=["a"])))
    w = world.start()

    world.report(world.take("a"), done())
    assert world.task(w, "l").iteration == 1

    world.report(world.take("b"), done())
    assert world.task(w, "l").iteration == 2
    assert world.play(w).status == "COMPLETED"


def test_exclusive_join_inside(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"n": "${l.output.iteration}"},
        evaluatorType="value-param",
        expression="n",
        decisionCases={"1": [simple("odd")]},
        defaultCase=[simple("even")],
    )
    join = system("EXCLUSIVE_JOIN", "j", joinOn=["odd", "even"])

    workflow = world.run(a_loop(switch, join))

    assert task_of(workflow, "j__1").output_data == {"ref": "odd__1"}
    assert task_of(workflow, "j__2").output_data == {"ref": "even__2"}


def test_terminate_inside(world: World) -> None:
    end = system("TERMINATE", "t", {"terminationStatus": "COMPLETED", "workflowOutput": {"x": 1}})

    workflow = world.run(a_loop(simple("a"), end))

    assert (workflow.status, workflow.output) == ("COMPLETED", {"x": 1})
    assert trace(workflow) == [
        "DO_WHILE:l:CANCELED",
        "a:a__1:COMPLETED",
        "TERMINATE:t__1:COMPLETED",
    ]


def test_sub_workflow_inside(world: World) -> None:
    world.register(simple("k"), name="child")
    sub = system(
        "SUB_WORKFLOW", "s", {"n": "${l.output.iteration}"}, subWorkflowParam={"name": "child"}
    )

    workflow = world.run(a_loop(sub))

    children = [world.workflow(str(t.sub_workflow_id)) for t in workflow.tasks[1:]]
    assert [child.input for child in children] == [{"n": 1}, {"n": 2}]
    assert workflow.status == "COMPLETED"


def test_loop_inside(world: World) -> None:
    inner = a_loop(simple("a"), ref="m")

    workflow = world.run(a_loop(inner, simple("b")), simple("z"))

    assert trace(workflow) == [
        "DO_WHILE:l:COMPLETED",
        "DO_WHILE:m__1:COMPLETED",
        "a:a__1__1:COMPLETED",
        "a:a__1__2:COMPLETED",
        "b:b__1:COMPLETED",
        "DO_WHILE:m__2:COMPLETED",
        "a:a__2__1:COMPLETED",
        "a:a__2__2:COMPLETED",
        "b:b__2:COMPLETED",
        "z:z:COMPLETED",
    ]


def test_variables_inside(world: World) -> None:
    count = system("INLINE", "i", {"expression": "($.n || 0) + 1", "n": "${workflow.variables.n}"})
    keep = system("SET_VARIABLE", "v", {"n": "${i.output.result}"})

    workflow = world.run(a_loop(count, keep, turns=5))

    assert workflow.variables == {"n": 5}


def test_loop_of_instant_tasks_goes_on_by_itself(world: World) -> None:
    workflow = world.run(a_loop(system("NOOP", "n"), turns=300))

    assert workflow.status == "COMPLETED"
    assert len(workflow.tasks) == 301


# -- failures ---------------------------------------------------------------------------------


def test_child_is_retried_in_its_turn(world: World) -> None:
    world.define("a", retryCount=1)

    workflow = world.run(a_loop(simple("a")), workers={("a__1", 0): fails()})

    assert trace(workflow)[1:] == ["a:a__1:FAILED", "a:a__1:COMPLETED", "a:a__2:COMPLETED"]


def test_child_that_fails_for_good_ends_loop_and_workflow(world: World) -> None:
    workflow = world.run(a_loop(simple("a")), workers={"a": fails_for_good("no luck")})

    assert workflow.status == "FAILED"
    assert "no luck" in str(workflow.reason_for_incompletion)
    assert task_of(workflow, "l").status in ("FAILED", "CANCELED")


def test_optional_child_may_fail(world: World) -> None:
    workflow = world.run(a_loop(simple("a", optional=True)), workers={"a": fails_for_good()})

    assert workflow.status == "COMPLETED"
    assert trace(workflow).count("a:a__1:COMPLETED_WITH_ERRORS") == 1


def test_optional_loop_that_times_out_leaves_nothing_open(world: World) -> None:
    world.define("l", timeoutSeconds=20, responseTimeoutSeconds=20, timeoutPolicy="RETRY")
    world.register(a_loop(simple("a"), optional=True), simple("z"))
    w = world.start()

    world.advance(20)
    world.report(world.take("z"), done())

    assert world.workflow(w).status == "COMPLETED"
    assert world.trace(w) == [
        "DO_WHILE:l:COMPLETED_WITH_ERRORS",
        "a:a__1:CANCELED",
        "z:z:COMPLETED",
    ]
