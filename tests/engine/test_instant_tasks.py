"""INLINE, LAMBDA, JSON_JQ_TRANSFORM and NOOP: done as soon as they are scheduled."""

from typing import Any

import pytest

from dalsegno.models import Task
from tests.engine.world import World, simple, system, task_of, trace


def run_one(world: World, type_: str, inputs: dict[str, Any]) -> Task:
    return task_of(world.run(system(type_, "i", inputs), inputs={"n": 20, "list": [1, 2]}), "i")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$.n + 1", 21),
        ("(function () { return {a: [$.n, null, 'x']}; })()", {"a": [20, None, "x"]}),
        ("$.n / 8", 2.5),
        ("$.missing", None),
        ("$.list.length", 2),
    ],
)
def test_inline_yields_the_last_expression(world: World, expression: str, result: Any) -> None:
    inputs = {"n": "${workflow.input.n}", "list": "${workflow.input.list}"}

    task = run_one(world, "INLINE", {"expression": expression, **inputs})

    assert (task.status, task.output_data) == ("COMPLETED", {"result": result})


def test_a_large_id_passes_every_script_unchanged(world: World) -> None:
    large = 2**53 + 1
    given = {"id": "${workflow.input.id}"}
    tasks = [
        system("INLINE", "inline", {"expression": "({id: $.id})", **given}),
        system("LAMBDA", "lambda", {"scriptExpression": "return $.id", **given}),
        system("JSON_JQ_TRANSFORM", "jq", {"queryExpression": ".id", **given}),
        system(
            "SWITCH",
            "switch",
            given,
            evaluatorType="javascript",
            expression="$.id",
            decisionCases={str(large): [system("NOOP", "chosen", {})]},
        ),
        system(
            "DO_WHILE",
            "loop",
            given,
            loopCondition=f"$.id == {large}n && $.loop['iteration'] < 2",
            loopOver=[system("NOOP", "turn", {})],
        ),
    ]

    run = world.run(*tasks, inputs={"id": large})

    assert run.status == "COMPLETED"
    assert task_of(run, "inline").output_data == {"result": {"id": large}}
    assert task_of(run, "lambda").output_data == {"result": large}
    assert task_of(run, "jq").output_data == {"result": large, "resultList": [large]}
    assert task_of(run, "chosen").status == "COMPLETED"
    assert task_of(run, "turn__2").status == "COMPLETED"


@pytest.mark.parametrize("evaluator", ["javascript", "graaljs"])
def test_inline_speaks_javascript(world: World, evaluator: str) -> None:
    task = run_one(world, "INLINE", {"evaluatorType": evaluator, "expression": "6 * 7"})

    assert task.output_data == {"result": 42}


def test_inline_may_just_take_a_value(world: World) -> None:
    inputs = {"evaluatorType": "value-param", "expression": "v", "v": {"deep": 1}}

    assert run_one(world, "INLINE", inputs).output_data == {"result": {"deep": 1}}


@pytest.mark.parametrize(
    "inputs",
    [
        {"expression": "return 1"},
        {"expression": "nothing.at.all"},
        {"expression": "throw new Error('no')"},
        {"expression": ""},
        {},
        {"expression": "1", "evaluatorType": "python"},
    ],
    ids=["bare return", "reference error", "exception", "empty", "missing", "python"],
)
def test_broken_script_fails_inline_for_good(world: World, inputs: dict[str, Any]) -> None:
    world.define("i", retryCount=3)

    workflow = world.run(system("INLINE", "i", inputs))

    assert trace(workflow) == ["INLINE:i:FAILED_WITH_TERMINAL_ERROR"]
    assert workflow.tasks[0].output_data["error"]
    assert workflow.status == "FAILED"


def test_inline_cannot_change_its_inputs(world: World) -> None:
    inputs = {"expression": "$.list.push(3); $.list.length", "list": "${workflow.input.list}"}

    task = run_one(world, "INLINE", inputs)

    assert task.output_data == {"result": 3}
    assert task.input_data["list"] == [1, 2]


def test_lambda_yields_what_it_returns(world: World) -> None:
    inputs = {"scriptExpression": "if ($.n > 3) { return {ok: true}; } return 0;", "n": 5}

    assert run_one(world, "LAMBDA", inputs).output_data == {"result": {"ok": True}}


@pytest.mark.parametrize("script", ["throw 'no'", "", "nothing.at.all"])
def test_broken_script_fails_lambda(world: World, script: str) -> None:
    task = run_one(world, "LAMBDA", {"scriptExpression": script})

    assert task.status == "FAILED"
    assert task.output_data["error"]


@pytest.mark.parametrize(
    ("query", "result", "results"),
    [
        (".n + 1", 21, [21]),
        (".list[]", 1, [1, 2]),
        ("{out: (.list + [3])}", {"out": [1, 2, 3]}, [{"out": [1, 2, 3]}]),
        ("empty", None, []),
        (".n / 8", 2.5, [2.5]),
        (".missing", None, [None]),
        (".queryExpression", ".queryExpression", [".queryExpression"]),
    ],
)
def test_jq_sees_the_whole_input(world: World, query: str, result: Any, results: Any) -> None:
    inputs = {"n": "${workflow.input.n}", "list": "${workflow.input.list}"}

    task = run_one(world, "JSON_JQ_TRANSFORM", {"queryExpression": query, **inputs})

    assert task.output_data == {"result": result, "resultList": results}


def test_broken_query_fails_the_transform(world: World) -> None:
    task = run_one(world, "JSON_JQ_TRANSFORM", {"queryExpression": ".[", "n": 1})

    assert task.status == "FAILED"
    assert task.output_data["error"]


def test_missing_query_fails_the_transform(world: World) -> None:
    task = run_one(world, "JSON_JQ_TRANSFORM", {"queryExpression": "${workflow.input.none}"})

    assert task.reason_for_incompletion == "Missing 'queryExpression' in input parameters"


def test_failing_transform_is_retried_as_defined(world: World) -> None:
    world.define("i", retryCount=2, retryDelaySeconds=10)
    world.register(system("JSON_JQ_TRANSFORM", "i", {"queryExpression": "error"}))
    w = world.start()
    assert world.trace(w) == ["JSON_JQ_TRANSFORM:i:FAILED", "JSON_JQ_TRANSFORM:i:SCHEDULED"]

    world.advance(10)
    world.advance(10)

    assert world.trace(w) == ["JSON_JQ_TRANSFORM:i:FAILED"] * 3
    assert world.workflow(w).status == "FAILED"


def test_noop_does_nothing(world: World) -> None:
    workflow = world.run(system("NOOP", "n", {"x": 1}), simple("z"))

    task = task_of(workflow, "n")
    assert (task.status, task.input_data, task.output_data) == ("COMPLETED", {"x": 1}, {})
    assert trace(workflow)[1] == "z:z:COMPLETED"
