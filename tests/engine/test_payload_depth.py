"""Payloads nested too deeply: refused or failed where they enter, never found later."""

from collections.abc import Callable

import pytest

from dalsegno.errors import ConductorError
from dalsegno.models import JsonValue
from dalsegno_state.draft import MAX_DEPTH
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import HttpReply
from tests.engine.world import Definition, World, done, simple, system


def nested(levels: int) -> JsonValue:
    """Return a value of so many levels of arrays."""
    value: JsonValue = 1
    for _ in range(levels):
        value = [value]
    return value


DEEP = nested(MAX_DEPTH)  # one more level than there may be, once it is in an object

SCRIPT = "let v = 1; for (let i = 0; i < 300; i++) { v = [v]; } v"
JQ = "reduce range(300) as $i (1; [.])"


@pytest.mark.parametrize(
    "task",
    [
        system("INLINE", "t", {"expression": SCRIPT}),
        system("LAMBDA", "t", {"scriptExpression": f"{SCRIPT.replace('; v', '; return v')};"}),
        system("JSON_JQ_TRANSFORM", "t", {"queryExpression": JQ}),
        system(
            "SWITCH",
            "t",
            evaluatorType="javascript",
            expression=SCRIPT,
            decisionCases={"a": [system("NOOP", "n")]},
        ),
        system("INLINE", "t", {"expression": "1", "x": nested(150)}),
        system("SET_VARIABLE", "t", {"x": nested(150)}),
        simple("t", inputParameters={"x": nested(150)}),
    ],
    ids=lambda task: f"{task.get('type', 'SIMPLE')}",
)
def test_task_with_a_deep_payload_ends_the_workflow_with_a_reason(
    world: World, task: Definition
) -> None:
    workflow = world.run(task)

    assert workflow.status in {"FAILED", "COMPLETED"}
    assert world.workflow(workflow.workflow_id).to_wire()
    assert workflow.status == "COMPLETED" or "deep" in (workflow.reason_for_incompletion or "")


@pytest.mark.parametrize("status", ["COMPLETED", "IN_PROGRESS", "FAILED"])
def test_output_of_a_worker_that_is_too_deep_fails_its_task(world: World, status: str) -> None:
    world.register(simple("t"))
    workflow_id = world.start()

    world.report(world.take("t"), type(done())(status, output={"x": DEEP}))

    task = world.task(workflow_id, "t")
    assert (task.status, task.output_data) == ("FAILED_WITH_TERMINAL_ERROR", {})
    assert task.reason_for_incompletion is not None
    assert f"nested more than {MAX_DEPTH} levels deep" in task.reason_for_incompletion
    assert world.workflow(workflow_id).status == "FAILED"


def test_deepest_payload_that_is_taken_can_be_read_everywhere(world: World) -> None:
    world.register(
        simple("t"),
        system("INLINE", "echo", {"expression": "$.x", "x": "${t.output.x}"}),
        outputParameters={"x": "${t.output.x}"},
    )
    workflow_id = world.start(inputs={"x": nested(MAX_DEPTH - 1)})

    world.report(world.take("t"), done(x=nested(MAX_DEPTH - 1)))

    assert world.workflow(workflow_id).status == "COMPLETED"


def test_http_answer_that_is_too_deep_fails_its_task(world: World) -> None:
    body = ("[" * 150 + "]" * 150).encode()
    world.http.replies["http://a"] = [
        HttpReply(
            status_code=200,
            reason_phrase="OK",
            headers={"content-type": ["application/json"]},
            body=body,
        )
    ]

    workflow = world.run(
        system("HTTP", "t", {"http_request": {"uri": "http://a", "method": "GET"}})
    )

    assert workflow.status == "FAILED"
    assert "levels deep" in (workflow.reason_for_incompletion or "")


def test_value_that_grows_by_a_level_in_each_turn_fails_its_task(world: World) -> None:
    grow = system("SET_VARIABLE", "grow", {"x": ["${workflow.variables.x}"]})
    loop = system("DO_WHILE", "loop", loopCondition="true", loopOver=[grow])

    workflow = world.run(loop)

    assert workflow.status == "FAILED"
    assert "levels deep" in (workflow.reason_for_incompletion or "")


Entrance = Callable[[World, str], object]


ENTRANCES: dict[str, Entrance] = {
    "start": lambda world, _: world.start(inputs={"x": DEEP}),
    "variables": lambda world, it: world.engine.alterations.update_variables(it, {"x": DEEP}),
    "upgrade input": lambda world, it: world.upgrade(it, workflowInput={"x": DEEP}),
    "upgrade output": lambda world, it: world.upgrade(it, taskOutput={"x": DEEP}),
    "jump": lambda world, it: world.jump(it, "t", {"x": DEEP}),
    "skip input": lambda world, it: world.skip(it, "later", taskInput={"x": DEEP}),
    "skip output": lambda world, it: world.skip(it, "later", taskOutput={"x": DEEP}),
    "message": lambda world, it: world.push(it, {"x": DEEP}),
    "event": lambda world, _: world.engine.event_intake.publish(
        IncomingEvent(event="conductor:e", id="1", payload={"x": DEEP})
    ),
    "rerun input": lambda world, it: (
        world.terminate(it),
        world.rerun(it, workflowInput={"x": DEEP}),
    ),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_request_with_a_deep_payload_is_refused_and_changes_nothing(
    world: World, entrance: str
) -> None:
    world.register(simple("t"), simple("later"))
    workflow_id = world.start()

    with pytest.raises(ConductorError, match="nested more than 100 levels deep") as refused:
        ENTRANCES[entrance](world, workflow_id)

    assert 400 <= refused.value.status < 500
    assert world.workflow(workflow_id).status in {"RUNNING", "TERMINATED"}
    assert world.workflow(workflow_id).variables == {}
