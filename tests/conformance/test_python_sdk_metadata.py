"""Definitions, through the metadata client of the official Python SDK."""

from collections.abc import Callable

import pytest
from conductor.client.http.models.task_def import TaskDef
from conductor.client.http.models.workflow_def import WorkflowDef
from conductor.client.http.models.workflow_task import WorkflowTask
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient

Unique = Callable[[str], str]


def a_workflow_def(name: str, version: int = 1, *refs: str) -> WorkflowDef:
    tasks = [WorkflowTask(name="step", task_reference_name=ref) for ref in refs or ("step",)]
    return WorkflowDef(name=name, version=version, tasks=tasks, description="made by a test")


def test_registered_workflow_def_is_returned_with_defaults(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("flow")

    metadata.register_workflow_def(a_workflow_def(name), overwrite=False)

    definition = metadata.get_workflow_def(name)
    assert (definition.name, definition.version) == (name, 1)
    assert definition.description == "made by a test"
    assert definition.schema_version == 2
    assert definition.timeout_policy == "ALERT_ONLY"
    assert definition.tasks[0].type == "SIMPLE"


def test_workflow_def_is_not_overwritten_unasked(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("flow")
    metadata.register_workflow_def(a_workflow_def(name))

    with pytest.raises(ApiException) as refusal:
        metadata.register_workflow_def(a_workflow_def(name, 1, "other"), overwrite=False)

    assert refusal.value.status == 409
    assert metadata.get_workflow_def(name).tasks[0].task_reference_name == "step"


def test_updated_workflow_def_replaces_the_old_one(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("flow")
    metadata.register_workflow_def(a_workflow_def(name))

    metadata.update_workflow_def(a_workflow_def(name, 1, "one", "two"))

    refs = [task.task_reference_name for task in metadata.get_workflow_def(name, 1).tasks]
    assert refs == ["one", "two"]


def test_highest_version_is_returned_unless_one_is_asked(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("flow")
    for version in (1, 3, 2):
        metadata.register_workflow_def(a_workflow_def(name, version))

    assert metadata.get_workflow_def(name).version == 3
    assert metadata.get_workflow_def(name, 2).version == 2


def test_all_workflow_defs_are_listed(metadata: OrkesMetadataClient, unique: Unique) -> None:
    names = {unique("flow"), unique("flow")}
    for name in names:
        metadata.register_workflow_def(a_workflow_def(name))

    listed = {definition.name for definition in metadata.get_all_workflow_defs()}

    assert names <= listed


def test_deleted_workflow_def_is_gone(metadata: OrkesMetadataClient, unique: Unique) -> None:
    name = unique("flow")
    metadata.register_workflow_def(a_workflow_def(name))

    metadata.unregister_workflow_def(name, 1)

    with pytest.raises(ApiException) as refusal:
        metadata.get_workflow_def(name)
    assert refusal.value.status == 404
    assert name in str(refusal.value)


def test_bad_workflow_def_is_refused_with_its_reasons(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    with pytest.raises(ApiException) as refusal:
        metadata.register_workflow_def(a_workflow_def(unique("flow"), 1, "same", "same"))

    assert refusal.value.status == 400
    assert "same" in refusal.value.body


def test_registered_task_def_is_returned(metadata: OrkesMetadataClient, unique: Unique) -> None:
    name = unique("task")
    given = TaskDef(
        name=name,
        retry_count=7,
        retry_logic="EXPONENTIAL_BACKOFF",
        timeout_seconds=60,
        response_timeout_seconds=30,
        input_keys=["order"],
        concurrent_exec_limit=4,
    )

    metadata.register_task_def(given)

    definition = metadata.get_task_def(name)
    assert (definition.name, definition.retry_count) == (name, 7)
    assert definition.retry_logic == "EXPONENTIAL_BACKOFF"
    assert (definition.timeout_seconds, definition.response_timeout_seconds) == (60, 30)
    assert definition.input_keys == ["order"]
    assert definition.concurrent_exec_limit == 4


def test_task_def_whose_timeouts_contradict_is_refused(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    contradictory = TaskDef(name=unique("task"), timeout_seconds=5, response_timeout_seconds=50)

    with pytest.raises(ApiException) as refusal:
        metadata.register_task_def(contradictory)

    assert refusal.value.status == 400
    assert "must be less than timeoutSeconds" in refusal.value.body


def test_task_def_takes_conductors_defaults(metadata: OrkesMetadataClient, unique: Unique) -> None:
    name = unique("task")
    metadata.register_task_def(TaskDef(name=name))

    definition = metadata.get_task_def(name)

    assert definition.retry_count == 3
    assert definition.retry_logic == "FIXED"
    assert definition.retry_delay_seconds == 60
    assert definition.timeout_policy == "TIME_OUT_WF"
    assert definition.response_timeout_seconds == 3600


def test_updated_task_def_replaces_the_old_one(
    metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("task")
    metadata.register_task_def(TaskDef(name=name, retry_count=1))

    metadata.update_task_def(TaskDef(name=name, retry_count=5, description="newer"))

    assert metadata.get_task_def(name).retry_count == 5
    assert metadata.get_task_def(name).description == "newer"


def test_unknown_task_def_cannot_be_updated(metadata: OrkesMetadataClient, unique: Unique) -> None:
    # The SDK's workers register by updating first: this failure makes them create it.
    with pytest.raises(ApiException) as refusal:
        metadata.update_task_def(TaskDef(name=unique("task")))

    assert refusal.value.status == 404


def test_deleted_task_def_is_gone(metadata: OrkesMetadataClient, unique: Unique) -> None:
    name = unique("task")
    metadata.register_task_def(TaskDef(name=name))

    metadata.unregister_task_def(name)

    assert name not in {definition.name for definition in metadata.get_all_task_defs()}
    with pytest.raises(ApiException) as refusal:
        metadata.get_task_def(name)
    assert refusal.value.status == 404
