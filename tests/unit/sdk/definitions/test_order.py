"""What a workflow refuses about the order of its steps, and how it says so."""

import json

import pytest

from dalsegno.definitions import (
    InvalidDefinitionError,
    Step,
    Workflow,
    check,
    each,
    event,
    inline,
    input,
    item,
    js,
    loop,
    noop,
    parallel,
    raw,
    switch,
    task,
    wait,
)
from dalsegno.models import TaskDef, WorkflowDef


def refused(*steps: Step, **options: object) -> str:
    """Return what the workflow's author is told."""
    with pytest.raises(InvalidDefinitionError) as refusal:
        Workflow("w", *steps, **options)
    return str(refusal.value)


A, B, C = task("a"), task("b"), task("c")


def test_reference_names_are_unique_everywhere() -> None:
    told = refused(A, parallel(B, switch(input.x, {"y": A})))

    assert "step a: 2 steps are called a" in told
    assert "tasks[0], tasks[1].forkTasks[1][0].decisionCases.y[0]" in told
    assert "give each another ref=" in told


def test_reading_an_unknown_step_names_the_one_that_is_near() -> None:
    told = refused(task("reserve"), task("ship", items="${reserv.output.items}"))

    assert told == (
        "workflow w cannot be used: step ship (tasks[1]): reads reserv, but no step has this "
        "reference name; did you mean reserve? (a task that a dynamic fork creates goes to "
        "unchecked_reads=)"
    )


def test_all_faults_are_told_together() -> None:
    told = refused(task("a", x="${x.output}"), task("a", y="${y.output}"), output={"z": "${z.o}"})

    assert told.count("\n  - ") == 4
    assert "outputParameters.z: reads z, but no step has this reference name" in told


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([task("a", x=B.output), B], "step a (tasks[0]): reads b, which comes later"),
        ([task("a", x="${a.output}")], "reads a, which it is itself"),
        ([parallel(A, task("b", x=A.output))], "reads a, which runs beside it in another branch"),
        ([switch(input.x, {"y": A}, default=task("b", x=A.output))], "is in another case"),
        ([switch(A.output, {"y": A})], "reads a, which is inside it"),
        ([switch(input.x, {"y": [task("b", x=A.output)]}), A], "reads a, which comes later"),
    ],
)
def test_reading_what_has_not_been_done_is_refused(steps: list[Step], reason: str) -> None:
    assert reason in refused(*steps)


@pytest.mark.parametrize(
    "steps",
    [
        [A, task("b", x=A.output)],
        [A, switch(input.x, {"y": parallel(task("b", x=A.output), C)})],
        [parallel(A, B), task("c", x=A.output)],
        [switch(input.x, {"y": A}), task("c", x=A.output)],
        [loop([task("b", x=A.output), A], times=2)],
        [loop([task("b", x=item(), y="${b.output}")], over=input.l)],
        [loop(A, while_=js("$.seen", seen=A.output.seen))],
        [loop([switch(input.x, {"y": A}, default=task("b", x=A.output))], times=2)],
        [each(input.l, "pack"), task("b", x="${each_join.output}")],
        [task("b", x="$${nothing} and ${workflow.input.x} and ${CPEWF_TASK_ID}")],
    ],
)
def test_reading_what_may_have_been_done_is_accepted(steps: list[Step]) -> None:
    Workflow("w", steps)


def test_unchecked_reads_may_be_read_anywhere() -> None:
    steps = [each(input.l, "pack"), switch(input.x, {"y": task("b", x="${_pack_0.output}")})]

    definition = Workflow("w", steps, unchecked_reads=["_pack_0"]).definition()

    assert check(definition) == []


def test_no_step_is_refused() -> None:
    assert refused() == "workflow w cannot be used: there is no step in it"


def test_wrong_field_is_named() -> None:
    assert "version: Input should be a valid integer" in refused(A, version="one")


def test_definition_is_checked_by_the_engines_rules() -> None:
    flow = Workflow("w", event("nowhere:x"), wait("soon"), raw({"taskReferenceName": "r"}))

    with pytest.raises(InvalidDefinitionError) as refusal:
        flow.definition()

    assert [(problem.step, problem.path) for problem in refusal.value.problems] == [
        ("event", "tasks[0]"),
        ("wait", "tasks[1]"),
        ("r", "tasks[2].name"),
    ]
    assert "Known sinks are conductor" in str(refusal.value)


def test_scripts_are_parsed() -> None:
    flow = Workflow("w", switch(js("$.a >"), {"x": noop()}), inline("whatever"))

    (problem,) = check(flow.draft())

    assert problem.step == "switch"
    assert "Expression is not well formatted" in problem.message


def test_task_definitions_are_checked_too() -> None:
    (problem,) = check(TaskDef(name="t", retry_count=-1))

    assert (problem.path, problem.step) == ("retryCount", None)


def test_workflow_has_the_fields_of_a_definition() -> None:
    flow = Workflow(
        "w",
        A,
        version=2,
        output={"x": A.output.x},
        timeout_seconds=60,
        failure_workflow="f",
        variables={"n": 0},
    ).with_fields({"maskedFields": ["card"], "futureField": 1})

    assert json.loads(flow.to_json()) == {
        "name": "w",
        "version": 2,
        "schemaVersion": 2,
        "tasks": [{"name": "a", "taskReferenceName": "a"}],
        "outputParameters": {"x": "${a.output.x}"},
        "timeoutSeconds": 60,
        "timeoutPolicy": "TIME_OUT_WF",
        "failureWorkflow": "f",
        "variables": {"n": 0},
        "maskedFields": ["card"],
        "futureField": 1,
    }
    assert WorkflowDef.model_validate_json(flow.to_json()) == flow.definition()


def test_workflows_are_equal_if_their_definitions_are() -> None:
    assert Workflow("w", A) == Workflow("w", [A])
    assert Workflow("w", A) != Workflow("w", B)
    assert len({Workflow("w", A), Workflow("w", A)}) == 1
    assert repr(Workflow("w", A)) == "<Workflow w, version 1>"
