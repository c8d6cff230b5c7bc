"""What tasks and workflows get: templates, expressions in every place, limits of size."""

from typing import Any

import pytest

from dalsegno.errors import PayloadTooLargeError
from tests.engine.world import (
    World,
    done,
    fails_for_good,
    simple,
    system,
    task_of,
    trace,
)

MORE_THAN_10_MB = "x" * (10_240 * 1024 + 1)

# -- templates --------------------------------------------------------------------------------


def test_task_template_fills_in_what_is_missing_or_null(world: World) -> None:
    template = {"a": 1, "b": "${workflow.input.b}", "c": 3, "d": "${workflow.input.none}"}
    world.define("t", inputTemplate=template)

    workflow = world.run(
        simple("t", inputParameters={"c": "${workflow.input.none}", "e": 5}), inputs={"b": 2}
    )

    assert task_of(workflow, "t").input_data == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": "${workflow.input.none}",
        "e": 5,
    }


def test_task_template_does_not_replace_what_is_given(world: World) -> None:
    world.define("t", inputTemplate={"a": 1})

    workflow = world.run(simple("t", inputParameters={"a": 0}))

    assert task_of(workflow, "t").input_data == {"a": 0}


@pytest.mark.parametrize(
    ("given", "inputs"),
    [({"a": 9}, {"a": 9, "b": 2}), ({}, {"a": 1, "b": 2}), ({"c": 3}, {"a": 1, "b": 2, "c": 3})],
)
def test_workflow_template_fills_in_what_is_missing(world: World, given: Any, inputs: Any) -> None:
    workflow = world.run(simple("t"), inputs=given, inputTemplate={"a": 1, "b": 2})

    assert workflow.input == inputs


# -- expressions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("${workflow.input.order}", {"id": 7, "lines": [{"n": 1}, {"n": 2}]}),
        ("${workflow.input.order.lines[1].n}", 2),
        ("${workflow.input.order.lines[*].n}", [1, 2]),
        ("${workflow.input.order.lines[?(@.n>1)].n}", [2]),
        ("${workflow.input.order.lines.length()}", 2),
        ("${workflow.input..n}", [1, 2]),
        ("${workflow.input.nothing.at.all}", None),
        ("order ${workflow.input.order.id}!", "order 7!"),
        ("${a.output.x}", "ax"),
        ("${a.status}/${a.taskType}/${a.retryCount}", "COMPLETED/a/0"),
        ("${a.input.given}", 1),
        ("${workflow.workflowType}.${workflow.version}", "flow.1"),
        ("${workflow.status}", "RUNNING"),
        ("${workflow.correlationId}", "c1"),
        ("${workflow.variables.v}", [1]),
        ("$${a.output.x} and ${a.output.x}", "${a.output.x} and ax"),
        ("${a.output.${workflow.input.which}}", "ax"),
        ("${workflow.input.order.lines[0]} printed", "{n=1} printed"),
        ("${workflow.env.REGION}", "alps"),
        ({"deep": [{"er": "${a.output.x}"}]}, {"deep": [{"er": "ax"}]}),
    ],
)
def test_expression(world: World, expression: Any, value: Any) -> None:
    world.ports.secrets.put_environment("REGION", "alps")
    world.register(
        simple("a", inputParameters={"given": 1}),
        simple("b", inputParameters={"value": expression}),
        variables={"v": [1]},
    )
    order = {"id": 7, "lines": [{"n": 1}, {"n": 2}]}
    w = world.start(inputs={"order": order, "which": "x"}, correlationId="c1")

    workflow = world.play(w, {"a": done(x="ax")})

    assert task_of(workflow, "b").input_data == {"value": value}


def test_values_are_not_evaluated_again(world: World) -> None:
    workflow = world.run(
        simple("a", inputParameters={"x": "${workflow.input.text}"}),
        inputs={"text": "${workflow.input.text}"},
    )

    assert task_of(workflow, "a").input_data == {"x": "${workflow.input.text}"}


def test_latest_attempt_of_a_task_is_read(world: World) -> None:
    world.define("a", retryCount=1)

    workflow = world.run(
        simple("a"),
        simple("b", inputParameters={"n": "${a.retryCount}", "id": "${a.taskId}"}),
        workers={("a", 0): fails_for_good()},
    )
    assert workflow.status == "FAILED"

    world.retry(workflow.workflow_id)
    workflow = world.play(workflow.workflow_id, {("a", 1): done()})

    a = task_of(workflow, "a")
    assert task_of(workflow, "b").input_data == {"n": 1, "id": a.task_id}


def test_outputs_are_evaluated_at_the_end(world: World) -> None:
    workflow = world.run(
        simple("a"),
        workers={"a": done(x=1)},
        outputParameters={"x": "${a.output.x}", "text": "x=${a.output.x}", "none": "${b.output}"},
    )

    assert workflow.output == {"x": 1, "text": "x=1", "none": None}


def test_environment_of_the_server_is_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME_SECRET", "leak")
    fork = system(
        "FORK_JOIN", "f", forkTasks=[[simple("a", inputParameters={"x": "${HOME_SECRET}"})]]
    )

    workflow = world.run(fork, system("JOIN", "j", joinOn=["a"]))

    assert task_of(workflow, "a").input_data == {"x": None}


def test_secrets_are_handed_out_and_never_kept(world: World) -> None:
    world.ports.secrets.put_secret("KEY", "s3cret")
    world.register(
        simple(
            "a",
            inputParameters={"key": "${workflow.secrets.KEY}", "t": "k=${workflow.secrets.KEY}"},
        )
    )
    w = world.start()

    assert world.take("a").input_data == {"key": "s3cret", "t": "k=s3cret"}
    assert world.task(w, "a").input_data["key"] == "${workflow.secrets.KEY}"


# -- size -------------------------------------------------------------------------------------


def test_large_payloads_are_kept_beside_and_read_as_ever(world: World) -> None:
    text = "x" * 100_000

    workflow = world.run(
        simple("a", inputParameters={"text": "${workflow.input.text}"}),
        simple("b", inputParameters={"n": "${a.output.n}", "text": "${a.output.text}"}),
        inputs={"text": text},
        workers={"a": done(n=1, text=text)},
        outputParameters={"text": "${a.output.text}"},
    )

    assert task_of(workflow, "a").input_data == {"text": text}
    assert task_of(workflow, "b").input_data == {"n": 1, "text": text}
    assert (workflow.input, workflow.output) == ({"text": text}, {"text": text})


def test_output_beyond_the_limit_fails_the_task_for_good(world: World) -> None:
    workflow = world.run(simple("a"), workers={"a": done(text=MORE_THAN_10_MB)})

    task = task_of(workflow, "a")
    assert (task.status, task.output_data) == ("FAILED_WITH_TERMINAL_ERROR", {})
    assert f"of task: {task.task_id} in workflow: {workflow.workflow_id}  is greater than" in str(
        task.reason_for_incompletion
    )
    assert workflow.status == "FAILED"


def test_input_beyond_the_limit_fails_the_task_for_good(world: World) -> None:
    half = "${a.output.text}"

    workflow = world.run(
        simple("a"),
        simple("b", inputParameters={"x": half, "y": half}),
        workers={"a": done(text=MORE_THAN_10_MB[: len(MORE_THAN_10_MB) // 2])},
    )

    assert trace(workflow) == ["a:a:COMPLETED", "b:b:FAILED_WITH_TERMINAL_ERROR"]
    assert task_of(workflow, "b").input_data == {}


def test_workflow_input_beyond_the_limit_is_refused(world: World) -> None:
    world.register(simple("a"))

    with pytest.raises(PayloadTooLargeError):
        world.start(inputs={"text": MORE_THAN_10_MB})


def test_workflow_output_beyond_the_limit_fails_the_workflow(world: World) -> None:
    half = "${a.output.text}"

    workflow = world.run(
        simple("a"),
        workers={"a": done(text=MORE_THAN_10_MB[: len(MORE_THAN_10_MB) // 2])},
        outputParameters={"x": half, "y": half},
    )

    assert (workflow.status, workflow.output) == ("FAILED", {})
    assert "output payload size" in str(workflow.reason_for_incompletion)
