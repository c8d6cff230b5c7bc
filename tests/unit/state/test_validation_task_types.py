"""What each task type demands of its definition."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import WorkflowDef
from dalsegno_state.validation import ScriptChecker, check_workflow_def


class RefusesEverything:
    """A script checker for which no script is right."""

    def syntax_error(self, source: str) -> str | None:
        """See ``ScriptChecker.syntax_error``."""
        return f"bad {source}"


def messages(*checkers: ScriptChecker, **task: object) -> list[str]:
    tasks = [{"name": "n", "taskReferenceName": "r", **task}]
    try:
        check_workflow_def(WorkflowDef.model_validate({"name": "w", "tasks": tasks}), *checkers)
    except InvalidRequestError as error:
        return [item.message for item in error.validation_errors]
    return []


A_BRANCH = [{"name": "b", "taskReferenceName": "b"}]
SWITCH = {"type": "SWITCH", "expression": "x", "decisionCases": {"x": A_BRANCH}}


@pytest.mark.parametrize(
    ("task", "fields"),
    [
        ({"type": "EVENT"}, ["sink"]),
        ({"type": "SWITCH", "decisionCases": {"x": []}}, ["evaluatorType", "expression"]),
        ({"type": "DECISION", "decisionCases": {"x": []}}, ["caseValueParam or caseExpression"]),
        ({"type": "DO_WHILE"}, ["loopCondition", "loopOver"]),
        ({"type": "DYNAMIC"}, ["dynamicTaskNameParam"]),
        (
            {"type": "FORK_JOIN_DYNAMIC"},
            ["dynamicForkTasksParam", "dynamicForkTasksInputParamName"],
        ),
        ({"type": "SUB_WORKFLOW"}, ["subWorkflowParam"]),
        (
            {"type": "SUB_WORKFLOW", "subWorkflowParam": {}},
            ["subWorkflowParam.name or subWorkflowParam.workflowDefinition"],
        ),
        ({"type": "HTTP"}, ["inputParameters.http_request or inputParameters.uri"]),
        ({"type": "KAFKA_PUBLISH"}, ["inputParameters.kafka_request"]),
        ({"type": "JSON_JQ_TRANSFORM"}, ["inputParameters.queryExpression"]),
    ],
)
def test_missing_field_is_named(task: dict[str, object], fields: list[str]) -> None:
    assert messages(**task) == [
        f"{field} field is required for taskType: {task['type']} taskName: n" for field in fields
    ]


@pytest.mark.parametrize(
    "task",
    [
        {"type": "EVENT", "sink": "conductor"},
        {**SWITCH, "evaluatorType": "value-param"},
        {"type": "DECISION", "caseValueParam": "x", "decisionCases": {"x": A_BRANCH}},
        {"type": "DO_WHILE", "loopCondition": "", "loopOver": A_BRANCH},
        {"type": "DO_WHILE", "items": "${workflow.input.x}", "loopOver": A_BRANCH},
        {"type": "DYNAMIC", "dynamicTaskNameParam": "x"},
        {"type": "FORK_JOIN", "forkTasks": [A_BRANCH]},
        {"type": "FORK_JOIN_DYNAMIC", "inputParameters": {"forkTaskInputs": []}},
        {"type": "FORK_JOIN_DYNAMIC", "dynamicForkJoinTasksParam": "x"},
        {
            "type": "FORK_JOIN_DYNAMIC",
            "dynamicForkTasksParam": "x",
            "dynamicForkTasksInputParamName": "y",
        },
        {"type": "SUB_WORKFLOW", "subWorkflowParam": {"name": "child"}},
        {"type": "SUB_WORKFLOW", "subWorkflowParam": {"workflowDefinition": "${r.output}"}},
        {"type": "HTTP", "inputParameters": {"uri": "http://localhost"}},
        {"type": "HTTP", "inputParameters": {"http_request": {}}},
        {"type": "HTTP", "taskDefinition": {"inputTemplate": {"http_request": {}}}},
        {"type": "KAFKA_PUBLISH", "inputParameters": {"kafka_request": {}}},
        {"type": "JSON_JQ_TRANSFORM", "inputParameters": {"queryExpression": "."}},
        {
            "type": "JSON_JQ_TRANSFORM",
            "taskDefinition": {"inputTemplate": {"queryExpression": "."}},
        },
        {"type": "WAIT"},
        {"type": "HUMAN"},
        {"type": "JOIN"},
        {"type": "NOOP"},
        {"type": "INLINE"},
        {"type": "a_type_nobody_knows"},
    ],
)
def test_complete_task_is_accepted(task: dict[str, object]) -> None:
    assert messages(**task) == []


@pytest.mark.parametrize(
    "task_type", ["LLM_CHAT_COMPLETE", "LIST_MCP_TOOLS", "CALL_MCP_TOOL", "AGENT"]
)
def test_ai_task_is_left_to_a_worker(task_type: str) -> None:
    assert messages(type=task_type) == []


@pytest.mark.parametrize("task_type", ["SWITCH", "DECISION"])
def test_choice_needs_a_case(task_type: str) -> None:
    found = messages(
        type=task_type, evaluatorType="value-param", expression="x", caseValueParam="x"
    )

    assert found == [
        f"decisionCases should have atleast one task for taskType: {task_type} taskName: n"
    ]


def test_fork_needs_a_branch() -> None:
    assert messages(type="FORK_JOIN") == [
        "forkTasks should have atleast one task for taskType: FORK_JOIN taskName: n"
    ]


def test_dynamic_fork_takes_one_form_of_input() -> None:
    found = messages(
        type="FORK_JOIN_DYNAMIC", dynamicForkJoinTasksParam="x", dynamicForkTasksParam="y"
    )

    assert found == [
        "dynamicForkJoinTasksParam or combination of dynamicForkTasksInputParamName and "
        "dynamicForkTasksParam cam be used for taskType: FORK_JOIN_DYNAMIC taskName: n"
    ]


def test_unknown_evaluator_is_refused() -> None:
    assert messages(**SWITCH, evaluatorType="basic") == ["No evaluator registered for type: basic"]


@pytest.mark.parametrize("evaluator", ["javascript", "graaljs"])
def test_script_of_a_switch_must_parse(evaluator: str) -> None:
    found = messages(RefusesEverything(), **SWITCH, evaluatorType=evaluator)

    assert found == ["Expression is not well formatted: bad x, taskType: SWITCH taskName n"]


def test_script_of_a_decision_must_parse() -> None:
    found = messages(
        RefusesEverything(), type="DECISION", caseExpression="y", decisionCases={"x": []}
    )

    assert found == ["Expression is not well formatted: bad y, taskType: DECISION taskName n"]


def test_value_of_an_input_is_no_script() -> None:
    assert messages(RefusesEverything(), **SWITCH, evaluatorType="value-param") == []


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "TERMINATED"])
def test_terminate_takes_a_final_status(status: str) -> None:
    assert messages(type="TERMINATE", inputParameters={"terminationStatus": status}) == []


@pytest.mark.parametrize("status", [None, "RUNNING", "${workflow.input.status}", 7])
def test_terminate_takes_nothing_else(status: object) -> None:
    assert messages(type="TERMINATE", inputParameters={"terminationStatus": status}) == [
        "terminate task must have an terminationStatus parameter and must be set to "
        "COMPLETED or FAILED, taskName: n"
    ]


def test_terminate_cannot_be_optional() -> None:
    found = messages(
        type="TERMINATE", optional=True, inputParameters={"terminationStatus": "FAILED"}
    )

    assert found == ["terminate task cannot be optional, taskName: n"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"duration": "1 s", "until": "2030-01-01"},
            "Both 'duration' and 'until' specified. Please provide only one input",
        ),
        ({"duration": "soon"}, "Either date or duration is passed as null "),
        ({"until": "tomorrow"}, "Unable to parse date tomorrow"),
    ],
)
def test_wait_refuses_a_time_it_cannot_read(parameters: dict[str, str], message: str) -> None:
    assert messages(type="WAIT", inputParameters=parameters) == [message]


@pytest.mark.parametrize(
    "parameters",
    [
        {"duration": "3 days"},
        {"until": "2030-01-01 12:00 PST"},
        {"duration": "${workflow.input.x}"},
        {"until": "${workflow.input.x}"},
        {"duration": "${workflow.input.x} s"},
    ],
)
def test_wait_accepts_a_time_or_an_expression(parameters: dict[str, str]) -> None:
    assert messages(type="WAIT", inputParameters=parameters) == []
