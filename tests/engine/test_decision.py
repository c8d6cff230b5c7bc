"""DECISION: the old SWITCH."""

from typing import Any

import pytest

from tests.engine.world import Definition, World, simple, system, task_of, trace


def a_decision(**fields: Any) -> Definition:
    return system(
        "DECISION",
        "d",
        {"v": "${workflow.input.v}"},
        **{
            "caseValueParam": "v",
            "decisionCases": {"x": [simple("t1")], "true": [simple("t2")], "none": []},
            "defaultCase": [simple("t0")],
            **fields,
        },
    )


@pytest.mark.parametrize(
    ("value", "case", "follower"),
    [
        ("x", "x", "t1"),
        (True, "true", "t2"),
        (None, "null", "t0"),
        ("y", "y", "t0"),
        ("none", "none", "t0"),
    ],
    ids=["known", "stringified", "null", "unknown", "empty case takes the default"],
)
def test_value_chooses_the_branch(world: World, value: Any, case: str, follower: str) -> None:
    workflow = world.run(a_decision(), simple("z"), inputs={"v": value})

    expected = ["DECISION:d:COMPLETED", f"{follower}:{follower}:COMPLETED", "z:z:COMPLETED"]
    assert trace(workflow) == expected
    decision = task_of(workflow, "d")
    assert decision.output_data == {"caseOutput": [case]}
    assert decision.input_data["case"] == case


def test_expression_chooses_the_branch(world: World) -> None:
    decision = a_decision(caseExpression="if ($.v > 3) { 'x' } else { 'y' }", caseValueParam=None)

    assert "t1:t1:COMPLETED" in trace(world.run(decision, inputs={"v": 4}))
    assert "t0:t0:COMPLETED" in trace(world.run(decision, inputs={"v": 2}))


def test_failing_expression_fails_the_workflow(world: World) -> None:
    workflow = world.run(a_decision(caseExpression="nothing.at.all"))

    assert workflow.status == "FAILED"
    assert "nothing" in str(workflow.reason_for_incompletion)
