"""How far a search for tasks looks in DynamoDB, and what it says when that is not far enough."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno_state.aws import AwsPorts, task_search
from dalsegno_state.ports import TaskQuery
from dalsegno_state.search_queries import task_query
from dalsegno_state.writes import CreateTask
from tests.builders import a_task, a_workflow_state


@pytest.fixture(autouse=True)
def stored(ports: AwsPorts) -> None:
    for number in range(3):
        workflow_id = f"w{number}"
        ports.state.create_workflow(
            a_workflow_state(workflow_id, name=f"flow_{number}", created_at=number)
        )
        ports.state.commit([CreateTask(a_task(workflow_id=workflow_id))])


def test_search_in_too_many_workflows_says_what_to_add(
    ports: AwsPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_search, "MOST_WORKFLOWS", 2)

    with pytest.raises(InvalidRequestError, match="Add workflowId, workflowType"):
        ports.state.search_tasks(TaskQuery())

    assert ports.state.search_tasks(task_query("workflowType IN (flow_1, flow_2)"))[0] == 2
    assert ports.state.search_tasks(task_query("workflowStartTime >= 1"))[0] == 2


def test_search_in_too_many_tasks_says_what_to_add(
    ports: AwsPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_search, "MOST_TASKS", 2)

    with pytest.raises(InvalidRequestError, match="more than 2 tasks"):
        ports.state.search_tasks(TaskQuery())

    assert ports.state.search_tasks(task_query("workflowId = w1"))[0] == 1
