"""What a workflow definition must fulfil as a whole."""

import time
from pathlib import Path

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import WorkflowDef
from dalsegno_state.validation import MAX_NESTING, MAX_TASKS, check_workflow_def

FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures" / "conductor"


def a_simple(reference: str = "a", **properties: object) -> dict[str, object]:
    return {"name": "task", "taskReferenceName": reference, **properties}


def a_loop(reference: str, *tasks: object) -> dict[str, object]:
    return a_simple(reference, type="DO_WHILE", loopCondition="false", loopOver=[*tasks])


def a_fork(reference: str, *branches: list[dict[str, object]]) -> dict[str, object]:
    return a_simple(reference, type="FORK_JOIN", forkTasks=[*branches])


def a_switch(reference: str, *tasks: object, default: object = None) -> dict[str, object]:
    return a_simple(
        reference,
        type="SWITCH",
        evaluatorType="value-param",
        expression="x",
        decisionCases={"x": [*tasks]},
        defaultCase=[default] if default else [],
    )


def a_sub_workflow(reference: str, definition: object) -> dict[str, object]:
    return a_simple(
        reference, type="SUB_WORKFLOW", subWorkflowParam={"workflowDefinition": definition}
    )


def messages(*tasks: object, **properties: object) -> list[str]:
    definition = {"name": "w", "tasks": [*tasks], **properties}
    try:
        check_workflow_def(WorkflowDef.model_validate(definition))
    except InvalidRequestError as error:
        return [item.message for item in error.validation_errors]
    return []


def reading(expression: object) -> list[str]:
    return messages(a_simple("a"), a_simple("b", inputParameters={"k": expression}))


def test_smallest_definition_is_accepted() -> None:
    assert messages(a_simple()) == []


def test_all_faults_are_named_together() -> None:
    assert messages(name="", schemaVersion=1) == [
        "WorkflowDef name cannot be null or empty",
        "workflowDef schemaVersion: 2 is only supported",
        "WorkflowTask list cannot be empty",
    ]


def test_task_needs_a_name_and_a_reference() -> None:
    assert messages({}) == [
        "WorkflowTask name cannot be empty or null",
        "WorkflowTask taskReferenceName name cannot be empty or null",
    ]


@pytest.mark.parametrize(
    "nested",
    [
        a_loop("n", a_simple("a")),
        a_fork("n", [a_simple("a")], [a_simple("b")]),
        a_switch("n", a_simple("a")),
        a_switch("n", a_simple("b"), default=a_simple("a")),
        a_loop("n", a_fork("m", [a_switch("o", a_simple("a"))])),
    ],
)
def test_reference_is_unique_over_all_levels(nested: dict[str, object]) -> None:
    assert messages(a_simple("a"), nested) == [
        "taskReferenceName: a should be unique across tasks for a given workflowDefinition: w"
    ]


@pytest.mark.parametrize("reference", ["a\nb", "a\0", "\x7f", "\ud800"])
def test_reference_has_no_control_characters(reference: str) -> None:
    task = {"name": "t", "taskReferenceName": "a"}
    definition = WorkflowDef.model_validate({"name": "w", "tasks": [task]})
    odd = definition.tasks[0].model_copy(update={"task_reference_name": reference})

    with pytest.raises(InvalidRequestError) as refusal:
        check_workflow_def(definition.model_copy(update={"tasks": [odd]}))

    assert "must not contain control characters" in refusal.value.validation_errors[0].message


def test_nested_tasks_are_checked_too() -> None:
    broken = a_simple("e", type="EVENT")

    found = messages(a_loop("l", a_fork("f", [a_switch("s", broken)])))

    assert found == ["sink field is required for taskType: EVENT taskName: task"]


def test_embedded_definition_is_checked_too() -> None:
    found = messages(a_sub_workflow("s", {"name": "inner", "tasks": []}))

    assert found == ["WorkflowTask list cannot be empty"]


def test_embedded_definition_has_its_own_references() -> None:
    assert (
        messages(a_simple("a"), a_sub_workflow("s", {"name": "i", "tasks": [a_simple("a")]})) == []
    )


def test_violation_says_where_it_is() -> None:
    definition = WorkflowDef.model_validate(
        {"name": "w", "tasks": [a_fork("f", [a_simple("a")], [a_simple("")])]}
    )

    with pytest.raises(InvalidRequestError) as refusal:
        check_workflow_def(definition)

    (violation,) = refusal.value.validation_errors
    assert violation.path == "workflowDef.tasks[0].forkTasks[1][0].taskReferenceName"


def test_negative_start_delay_is_refused() -> None:
    assert messages(a_simple(startDelay=-1)) == ["must be greater than or equal to 0"]


@pytest.mark.parametrize(("levels", "accepted"), [(MAX_NESTING, True), (MAX_NESTING + 1, False)])
def test_nesting_has_a_limit(levels: int, accepted: bool) -> None:
    task = a_simple("leaf")
    for level in range(levels):
        task = a_loop(f"l{level}", task)

    found = messages(task)

    assert found == ([] if accepted else [f"tasks may be nested {MAX_NESTING} levels deep at most"])


def test_embedded_definitions_count_as_levels() -> None:
    task = a_simple("leaf")
    for level in range(MAX_NESTING + 1):
        task = a_sub_workflow("s", {"name": f"w{level}", "tasks": [task]})

    assert messages(task) == [f"tasks may be nested {MAX_NESTING} levels deep at most"]


@pytest.mark.parametrize(
    "expression",
    [
        "${a.output.x}",
        "${a}",
        "${a['output'].x[0]}",
        "${ a.output.x }",
        "${a.output..id}",
        "${a.output.rows[?(@.n > 1)].n}",
        "${workflow.input.x}",
        "${workflow.env.HOME}",
        "${workflow.secrets.KEY}",
        "${CPEWF_TASK_ID}",
        "${}",
        "$${unknown.output}",
        "${a.output.${workflow.input.key}}",
        "${${workflow.input.ref}.output}",
        "no expression",
        7,
        None,
    ],
)
def test_known_reference_is_accepted(expression: object) -> None:
    assert reading(expression) == []


@pytest.mark.parametrize(
    ("value", "source", "expression"),
    [
        ("${c.output.x}", "c", "c.output.x"),
        ("a ${a.output.x} and ${c.output}", "c", "c.output"),
        (["x", {"k": "${c.x}"}], "c", "c.x"),
        ("${HOME}", "HOME", "HOME"),
        ("${a.output.${c.key}}", "c", "c.key"),
        ("${workflowx.input}", "workflowx", "workflowx.input"),
    ],
)
def test_unknown_reference_is_refused(value: object, source: str, expression: str) -> None:
    assert reading(value) == [
        f"taskReferenceName: {source} for given task: task input value: k of input parameter: "
        f"{expression} is not defined in workflow definition."
    ]


MALFORMED = ["a.output.", "a.output[0", "a.output['x]", ".a", "a.x]", "a[]", "a.b c", "a..[?(@=1)]"]


@pytest.mark.parametrize("path", MALFORMED)
def test_malformed_path_is_refused(path: str) -> None:
    (message,) = reading(f"${{{path}}}")

    assert message.startswith(f"key: k input parameter value: {path} is not valid: ")
    assert message.endswith("; a literal ${ is written $${")


@pytest.mark.parametrize("path", MALFORMED)
def test_malformed_path_is_refused_wherever_it_would_be_evaluated(path: str) -> None:
    bad = f"a ${{{path}}} b"
    event = {"type": "t", "payload": {"k": [bad]}}
    sub_workflow = {"name": "s", "version": 1, "idempotencyKey": bad}
    for fields in (
        {"inputParameters": {"k": bad}},
        {"items": bad},
        {"sink": bad},
        {"onStateChange": {"onStart": [event]}},
        {"cacheConfig": {"key": bad, "ttlInSecond": 1}},
        {"taskDefinition": {"name": "task", "inputTemplate": {"k": bad}}},
        {"type": "SUB_WORKFLOW", "subWorkflowParam": sub_workflow},
    ):
        assert len(messages(a_loop("l", a_simple("n", **fields)))) == 1, fields
    assert len(messages(a_simple(), outputParameters={"k": {"l": bad}})) == 1
    assert len(messages(a_simple(), rateLimitConfig={"rateLimitKey": bad})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "${workflow.input." * 3_000,
        "${a." * 3_000 + "}" * 3_000,
        "$" * 400_000 + "${",
        "${" * 200_000,
        "${a" + "." * 400_000 + "}",
        "${a" + ".b" * 200_000 + "}",
        "${a[" + "[" * 400_000 + "]}",
        "${" + "a.b[" * 100_000 + "}",
        "{" * 400_000 + "${a}",
        "${a['" + "\\" * 400_000 + "}",
    ],
    ids=range(10),
)
def test_hostile_text_is_read_in_time_linear_in_its_length(text: str) -> None:
    began = time.process_time()

    messages(a_simple(inputParameters={"k": text}), outputParameters={"k": text})

    assert time.process_time() - began < 5


def test_number_of_tasks_has_a_limit() -> None:
    tasks = [
        a_simple(f"t{number}", inputParameters={"k": "${t0.output.x}"})
        for number in range(MAX_TASKS)
    ]
    assert messages(*tasks) == []

    (message,) = messages(*tasks[1:], a_fork("f", [a_simple("n")]))

    assert "a workflow may have 5,000 tasks at most" in message


@pytest.mark.parametrize("reference", ["a__1", "a__1__2", "a__007", "inner__1", "d__3"])
def test_name_of_a_turn_of_another_task_is_refused(reference: str) -> None:
    loop = a_loop("d", a_simple("a"), a_loop("inner", a_simple("b")), a_fork("f", [a_simple("c")]))
    looped = reference.partition("__")[0]
    expected = [
        f"taskReferenceName: {reference} is the name of a turn of {looped}, which is in a loop: "
        "choose another name"
    ]

    assert messages(loop, a_simple(reference)) == ([] if looped == "d" else expected)
    assert messages(a_simple(reference), loop) == ([] if looped == "d" else expected)
    assert messages(a_loop("outer", loop), a_simple(reference)) == expected


@pytest.mark.parametrize("reference", ["a_1", "a__x", "a__", "__1", "e__1", "a__1x"])
def test_other_names_with_underscores_are_accepted(reference: str) -> None:
    assert messages(a_loop("d", a_simple("a")), a_simple("e"), a_simple(reference)) == []


def test_reference_with_a_dot_is_known_by_its_whole_name() -> None:
    assert messages(a_simple("a.b"), a_simple("c", inputParameters={"k": "${a.b.output}"})) == []


def test_nested_task_may_be_read_from_the_top() -> None:
    reader = a_simple("b", inputParameters={"k": "${a.output}"})

    assert messages(a_loop("l", a_simple("a")), reader) == []


def test_references_of_nested_tasks_are_not_checked() -> None:
    assert messages(a_loop("l", a_simple("a", inputParameters={"k": "${dynamic.output}"}))) == []


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="Conductor's own definitions are not here")
def test_every_definition_of_conductors_own_tests_is_accepted() -> None:
    for path in sorted(FIXTURES.glob("*.json")):
        if '"tasks"' in path.read_text():
            check_workflow_def(WorkflowDef.model_validate_json(path.read_bytes()))
