"""SWITCH: go on with the branch that an expression names."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from tests.engine.world import Definition, World, simple, system, task_of, trace


def a_switch(expression: str, evaluator: str = "value-param", **fields: Any) -> Definition:
    cases = {"x": [simple("t1"), simple("t2")], "none": []}
    return system(
        "SWITCH",
        "s",
        {"v": "${workflow.input.v}"},
        **{
            "evaluatorType": evaluator,
            "expression": expression,
            "decisionCases": cases,
            "defaultCase": [simple("t0")],
            **fields,
        },
    )


@pytest.mark.parametrize(
    ("evaluator", "expression"),
    [
        ("value-param", "v"),
        ("javascript", "$.v"),
        ("graaljs", "(function () { return $.v; })()"),
    ],
)
@pytest.mark.parametrize(
    ("value", "case", "followers"),
    [
        ("x", "x", ["t1:t1:COMPLETED", "t2:t2:COMPLETED"]),
        ("y", "y", ["t0:t0:COMPLETED"]),
        ("none", "none", []),
        (None, "null", ["t0:t0:COMPLETED"]),
        (True, "true", ["t0:t0:COMPLETED"]),
        (1, "1", ["t0:t0:COMPLETED"]),
    ],
    ids=["known", "unknown", "explicitly empty", "null", "true", "one"],
)
def test_value_chooses_the_branch(
    world: World, evaluator: str, expression: str, value: Any, case: str, followers: list[str]
) -> None:
    workflow = world.run(a_switch(expression, evaluator), simple("z"), inputs={"v": value})

    assert trace(workflow) == ["SWITCH:s:COMPLETED", *followers, "z:z:COMPLETED"]
    switch = task_of(workflow, "s")
    assert switch.output_data == {"evaluationResult": [case], "selectedCase": case}
    assert switch.input_data["case"] == case
    assert switch.input_data.get("hasChildren") == ("true" if followers else None)


@pytest.mark.parametrize(
    ("value", "case"), [(None, "null"), (True, "true"), (False, "false"), (1, "1"), (1.5, "1.5")]
)
def test_values_are_compared_by_their_text(world: World, value: Any, case: str) -> None:
    switch = a_switch("v", decisionCases={case: [simple("t1")]})

    workflow = world.run(switch, inputs={"v": value})

    assert trace(workflow) == ["SWITCH:s:COMPLETED", "t1:t1:COMPLETED"]


def test_script_sees_the_inputs_as_dollar(world: World) -> None:
    switch = a_switch("$.v > 10 ? 'x' : 'small'", "javascript")

    assert "t1:t1:COMPLETED" in trace(world.run(switch, inputs={"v": 11}))
    assert "t0:t0:COMPLETED" in trace(world.run(switch, inputs={"v": 9}))


def test_value_param_is_looked_up_literally(world: World) -> None:
    switch = a_switch("order.kind", inputParameters={"order.kind": "x"})
    switch["inputParameters"] = {"order.kind": "x"}

    assert "t1:t1:COMPLETED" in trace(world.run(switch))


def test_failing_script_fails_the_workflow(world: World) -> None:
    workflow = world.run(a_switch("$.v.a.b", "javascript"), inputs={"v": None})

    assert trace(workflow) == ["SWITCH:s:FAILED"]
    assert workflow.status == "FAILED"


def test_failing_script_of_an_optional_switch_is_passed_over(world: World) -> None:
    switch = a_switch("$.v.a.b", "javascript", optional=True)

    workflow = world.run(switch, simple("z"), inputs={"v": None})

    assert trace(workflow) == ["SWITCH:s:COMPLETED_WITH_ERRORS", "z:z:COMPLETED"]
    assert workflow.status == "COMPLETED"


def test_unknown_evaluator_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        world.register(a_switch("(car v)", "lisp"))

    messages = [item.message for item in refusal.value.validation_errors]
    assert messages == ["No evaluator registered for type: lisp"]


def test_python_evaluator_is_refused_at_run_time(world: World) -> None:
    workflow = world.run(a_switch("v", "python"), inputs={"v": "x"})

    assert workflow.status == "FAILED"
    assert "No evaluator registered for type: python" in str(workflow.reason_for_incompletion)


def test_switches_nest(world: World) -> None:
    inner = system(
        "SWITCH",
        "s2",
        {"w": "${workflow.input.w}"},
        evaluatorType="value-param",
        expression="w",
        decisionCases={"y": [simple("t3")]},
    )
    outer = a_switch("v", decisionCases={"x": [inner, simple("t4")]}, defaultCase=[])

    deep = world.run(outer, simple("z"), inputs={"v": "x", "w": "y"})
    shallow = world.run(outer, simple("z"), inputs={"v": "x", "w": "n"})

    heads = ["SWITCH:s:COMPLETED", "SWITCH:s2:COMPLETED"]
    tails = ["t4:t4:COMPLETED", "z:z:COMPLETED"]
    assert trace(deep) == [*heads, "t3:t3:COMPLETED", *tails]
    assert trace(shallow) == [*heads, *tails]


def test_last_task_of_a_branch_ends_the_workflow(world: World) -> None:
    workflow = world.run(a_switch("v"), inputs={"v": "x"})

    assert workflow.status == "COMPLETED"
    assert workflow.output == {"ref": "t2"}
