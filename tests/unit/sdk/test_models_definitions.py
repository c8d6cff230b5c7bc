"""How definitions are read, from their defaults to whole files."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from dalsegno.models import SubWorkflowParams, TaskDef, WorkflowDef, WorkflowTask

FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures" / "conductor"


def workflow_files() -> list[Path]:
    return [path for path in sorted(FIXTURES.glob("*.json")) if '"tasks"' in path.read_text()]


def test_workflow_definition_defaults() -> None:
    wire = WorkflowDef(name="w").to_wire()

    assert wire == {
        "createTime": 0,
        "updateTime": 0,
        "name": "w",
        "version": 1,
        "tasks": [],
        "inputParameters": [],
        "outputParameters": {},
        "schemaVersion": 2,
        "restartable": True,
        "workflowStatusListenerEnabled": False,
        "timeoutPolicy": "ALERT_ONLY",
        "timeoutSeconds": 0,
        "variables": {},
        "inputTemplate": {},
        "enforceSchema": True,
        "metadata": {},
        "maskedFields": [],
    }


def test_task_definition_defaults() -> None:
    wire = TaskDef(name="t").to_wire()

    assert wire == {
        "createTime": 0,
        "updateTime": 0,
        "name": "t",
        "retryCount": 3,
        "timeoutSeconds": 0,
        "inputKeys": [],
        "outputKeys": [],
        "runtimeMetadata": [],
        "timeoutPolicy": "TIME_OUT_WF",
        "retryLogic": "FIXED",
        "retryDelaySeconds": 60,
        "responseTimeoutSeconds": 3600,
        "inputTemplate": {},
        "rateLimitPerFrequency": 0,
        "rateLimitFrequencyInSeconds": 1,
        "backoffScaleFactor": 1,
        "maxRetryDelaySeconds": 0,
        "backoffJitterMs": 0,
        "totalTimeoutSeconds": 0,
        "taskStatusListenerEnabled": True,
        "enforceSchema": False,
    }


def test_task_is_simple_unless_it_says_otherwise() -> None:
    assert WorkflowTask(name="t", task_reference_name="r").type == "SIMPLE"


def test_task_type_is_known_by_its_other_name_too() -> None:
    task = WorkflowTask.model_validate({"name": "t", "workflowTaskType": "WAIT"})

    assert task.type == "WAIT"
    assert "workflowTaskType" not in task.to_wire()


def test_decision_cases_keep_their_order() -> None:
    task = WorkflowTask.model_validate({"decisionCases": {"z": [], "a": [], "m": []}})

    assert list(task.decision_cases) == ["z", "a", "m"]


def test_embedded_definition_names_the_sub_workflow() -> None:
    params = SubWorkflowParams.model_validate(
        {"name": "other", "version": 9, "workflowDefinition": {"name": "inner", "version": 2}}
    )

    assert (params.name, params.version) == ("inner", 2)


def test_sub_workflow_definition_may_be_an_expression() -> None:
    params = SubWorkflowParams.model_validate({"workflowDefinition": "${workflow.input.def}"})

    assert params.workflow_definition == "${workflow.input.def}"


def test_sub_workflow_definition_may_not_be_other_text() -> None:
    with pytest.raises(ValidationError, match="must be an object or an expression"):
        SubWorkflowParams.model_validate({"workflowDefinition": "inner"})


def test_sub_workflow_priority_keeps_its_kind() -> None:
    assert SubWorkflowParams(priority=5).priority == 5
    assert SubWorkflowParams(priority="${workflow.input.p}").priority == "${workflow.input.p}"


@pytest.mark.parametrize(
    ("metadata", "classifier"),
    [
        ({}, "workflow"),
        ({"classifier": " "}, "workflow"),
        ({"classifier": "batch"}, "batch"),
        ({"agentDef": {}}, "agent"),
        ({"classifier": "batch", "agent_sdk": "x"}, "batch"),
    ],
)
def test_classifier_follows_from_metadata(metadata: dict[str, object], classifier: str) -> None:
    definition = WorkflowDef.model_validate({"name": "w", "metadata": metadata})

    assert definition.classifier == classifier


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="Conductor's own definitions are not here")
def test_every_definition_of_conductors_own_tests_is_read_without_loss() -> None:
    files = workflow_files()
    assert files

    for path in files:
        definition = WorkflowDef.model_validate_json(path.read_bytes())

        assert_contains(definition.to_wire(), json.loads(path.read_text()), path.name)


def assert_contains(wire: object, written: object, where: str) -> None:
    if isinstance(written, dict):
        assert isinstance(wire, dict), where
        for key, value in written.items():
            if value is not None:
                assert_contains(wire[key], value, f"{where}.{key}")
    elif isinstance(written, list):
        assert isinstance(wire, list), where
        for index, (ours, theirs) in enumerate(zip(wire, written, strict=True)):
            assert_contains(ours, theirs, f"{where}[{index}]")
    else:
        assert wire == written or str(wire) == str(written), where
