"""``dalsegno task`` and ``dalsegno queue``."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.terminal import Cli


@pytest.fixture
def charge(api: Any, a_name: Callable[[str], str]) -> str:
    name = a_name("charge")
    api.post("/metadata/taskdefs", json=[{"name": name, "retryCount": 0}])
    return name


@pytest.fixture
def workflow_id(charge: str, register: Callable[..., str], start: Callable[..., str]) -> str:
    task = {"name": charge, "taskReferenceName": "charge", "type": "SIMPLE"}
    return start(register(task, outputParameters={"receipt": "${charge.output.receipt}"}))


def test_a_task_is_taken_and_completed(cli: Cli, charge: str, workflow_id: str) -> None:
    (task,) = cli.ok("task", "poll", charge, "--json").json
    cli.ok("task", "log", task["taskId"], "called the bank")

    cli.ok("task", "complete", task["taskId"], "-o", '{"receipt": "R-1"}')

    assert cli.ok("workflow", "get", workflow_id, "--json").json["output"] == {"receipt": "R-1"}
    assert "called the bank" in cli.ok("task", "logs", task["taskId"]).out
    (line,) = cli.ok("task", "logs", task["taskId"], "--json").json
    assert line["log"] == "called the bank"
    account = cli.ok("task", "get", task["taskId"]).out
    assert "✓ COMPLETED" in account
    assert '{"receipt": "R-1"}' in account
    assert cli.ok("task", "get", task["taskId"], "--json").json["status"] == "COMPLETED"


def test_a_task_fails_with_a_reason_and_only_once(cli: Cli, charge: str, workflow_id: str) -> None:
    (task,) = cli.ok("task", "poll", charge, "--json").json

    cli.ok("task", "fail", task["taskId"], "--reason", "card is stolen", "--terminal")

    assert "card is stolen" in cli.ok("workflow", "get", workflow_id).out
    again = cli("task", "fail", task["taskId"])
    assert again.status == 1
    assert "FAILED_WITH_TERMINAL_ERROR" in again.err


def test_polling_in_vain_is_said_on_standard_error(cli: Cli, charge: str) -> None:
    assert cli.ok("task", "poll", charge, "--wait", "0", "--json").json == []
    assert "waits for a worker" in cli.ok("task", "poll", charge, "--wait", "0").err


def test_tasks_are_searched_by_type_and_status(cli: Cli, charge: str, workflow_id: str) -> None:
    (found,) = cli.ok("task", "search", "--type", charge, "--since", "1h", "--json").json

    assert found["workflowId"] == workflow_id
    assert isinstance(found["scheduledTime"], int)
    assert found["taskId"] in cli.ok("task", "search", f"workflowId = '{workflow_id}'").out
    assert cli.ok("task", "search", "--type", charge, "--status", "FAILED", "--json").json == []


def test_a_task_that_is_unknown_is_not_found(cli: Cli) -> None:
    for command in ("get", "complete", "fail"):
        assert cli("task", command, "no-such-id").status == 4, command


@pytest.mark.usefixtures("workflow_id")
def test_queues_tell_what_waits_and_who_polls(cli: Cli, charge: str) -> None:
    assert cli.ok("queue", "size", charge).line == "1"
    assert cli.ok("queue", "size", charge, "other", "--json").json == {charge: 1, "other": 0}
    assert "never: is a worker running?" in cli.ok("queue", "show", charge).out
    assert cli.ok("queue", "requeue", charge).line == f"announced 1 task of {charge} again"

    cli.ok("task", "poll", charge, "--worker-id", "till-1")

    (queue,) = (each for each in cli.ok("queue", "list", "--json").json if each["queue"] == charge)
    assert queue["lastWorkerId"] == "till-1"
    assert charge in cli.ok("queue", "list").out
    shown = cli.ok("queue", "show", charge).out
    assert "by till-1" in shown
    assert "IN_PROGRESS" in shown
    assert len(cli.ok("queue", "show", charge, "--json").json["tasks"]) == 1
