"""Secrets through the official Python SDK, until a worker gets one."""

from collections.abc import Callable

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import StartWorkflowRequest, WorkflowDef, WorkflowTask
from conductor.client.http.rest import ApiException
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes.orkes_secret_client import OrkesSecretClient
from conductor.client.orkes.orkes_task_client import OrkesTaskClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient

from tests.eventually import eventually


@pytest.fixture
def secrets(configuration: Configuration) -> OrkesSecretClient:
    return OrkesSecretClient(configuration)


@pytest.fixture
def key(unique: Callable[[str], str]) -> str:
    return unique("secret")


def test_secret_is_put_read_and_deleted(secrets: OrkesSecretClient, key: str) -> None:
    assert secrets.secret_exists(key) is False

    secrets.put_secret(key, "hunter2")
    assert secrets.secret_exists(key) is True
    assert secrets.get_secret(key) == "hunter2"

    secrets.put_secret(key, "hunter3")
    assert secrets.get_secret(key) == "hunter3"

    secrets.delete_secret(key)
    assert secrets.secret_exists(key) is False
    with pytest.raises(ApiException) as refusal:
        secrets.get_secret(key)
    assert refusal.value.status == 404


def test_names_are_listed(secrets: OrkesSecretClient, key: str) -> None:
    secrets.put_secret(key, "hunter2")

    assert key in secrets.list_all_secret_names()
    assert key in secrets.list_secrets_that_user_can_grant_access_to()


def test_secrets_are_tagged(secrets: OrkesSecretClient, key: str) -> None:
    secrets.put_secret(key, "hunter2")
    tags = [MetadataTag("team", "red"), MetadataTag("cost", "low")]

    secrets.set_secret_tags(tags, key)
    assert {(tag.key, tag.value) for tag in secrets.get_secret_tags(key)} == {
        ("team", "red"),
        ("cost", "low"),
    }

    secrets.delete_secret_tags(tags[:1], key)
    assert [tag.key for tag in secrets.get_secret_tags(key)] == ["cost"]


def test_worker_gets_what_was_put(
    secrets: OrkesSecretClient,
    workflows: OrkesWorkflowClient,
    tasks: OrkesTaskClient,
    key: str,
) -> None:
    secrets.put_secret(key, "hunter2")
    definition = WorkflowDef(
        name=f"with_{key}",
        version=1,
        owner_email="a@example.com",
        tasks=[
            WorkflowTask(
                name=f"work_{key}",
                task_reference_name="work",
                type="SIMPLE",
                input_parameters={"login": f"${{workflow.secrets.{key}}}"},
            )
        ],
    )

    workflow_id = workflows.start_workflow(
        StartWorkflowRequest(name=definition.name, workflow_def=definition)
    )

    task = eventually(lambda: tasks.poll_task(f"work_{key}"), lambda task: task is not None)
    assert task.input_data["login"] == "hunter2"
    shown = workflows.get_workflow(workflow_id, include_tasks=True)
    assert "hunter2" not in str(shown)
