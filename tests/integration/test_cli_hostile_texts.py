"""Whatever executions and definitions hold, commands print no control that is not their own."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.terminal import Cli, Ran, run_at_terminal

# Sets the title, moves the cursor, hides text, reorders it, and is no Unicode text at the end.
HOSTILE = "x\x1b]0;owned\x07\x9b2J\x7f\r\u202eevil\u2066\x08"
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOVEMENTS = re.compile(r"\x1b\[(\?25[lh]|[0-9]*[AK]|2K)|\r")

Commands = list[tuple[str, ...]]


@pytest.fixture
def commands(
    api: httpx.Client,
    register: Callable[..., str],
    start: Callable[..., str],
    a_name: Callable[[str], str],
) -> Commands:
    """Store hostile texts wherever a client may; return the commands that print them."""
    task_type = a_name("hostile")
    name = register(
        {"name": task_type, "taskReferenceName": "t", "type": "SIMPLE", "description": HOSTILE},
        description=HOSTILE,
        inputTemplate={HOSTILE: HOSTILE},
    )
    workflow_id = start(name, input={"note": HOSTILE}, correlationId=HOSTILE)
    task = api.get(f"/tasks/poll/{task_type}", params={"workerid": HOSTILE}).json()
    result = {
        "workflowInstanceId": workflow_id,
        "taskId": task["taskId"],
        "workerId": HOSTILE,
        "status": "FAILED_WITH_TERMINAL_ERROR",
        "reasonForIncompletion": HOSTILE,
        "outputData": {"note": HOSTILE},
        "logs": [{"log": HOSTILE, "taskId": task["taskId"], "createdTime": 1}],
    }
    assert api.post("/tasks", json=result).status_code == 200
    tick = a_name("tick")
    schedule = {
        "name": tick,
        "cronExpression": "0 0 0 1 1 ?",
        "description": HOSTILE,
        "startWorkflowRequest": {"name": name, "input": {"note": HOSTILE}},
    }
    assert api.post("/scheduler/schedules", json=schedule).status_code == 200
    value = a_name("VALUE")
    assert api.put(f"/environment/{value}", content=HOSTILE.encode()).status_code == 200
    return [
        ("workflow", "get", workflow_id),
        ("workflow", "get", workflow_id, "--json"),
        ("workflow", "watch", workflow_id),
        ("workflow", "watch", workflow_id, "--json"),
        ("workflow", "list", "--name", name),
        ("workflow", "list", "--name", name, "--json"),
        ("workflow", "search", "--name", name),
        ("workflow", "export", workflow_id),
        ("workflow", "diagram", workflow_id),
        ("workflow", "diagram", name),
        ("workflow", "variables", workflow_id),
        ("task", "get", task["taskId"]),
        ("task", "get", task["taskId"], "--json"),
        ("task", "search", "--workflow", workflow_id),
        ("task", "logs", task["taskId"]),
        ("task", "logs", task["taskId"], "--json"),
        ("def", "list"),
        ("def", "show", name, "--json"),
        ("schedule", "list"),
        ("schedule", "get", tick),
        ("schedule", "get", tick, "--json"),
        ("env", "list"),
        ("env", "list", "--json"),
        ("queue", "show", task_type),
        ("workflow", "get", HOSTILE.replace("\x00", "")),
        ("workflow", "retry", "no-such-id" + HOSTILE),
        ("def", "show", HOSTILE),
    ]


def _left(ran: Ran) -> list[str]:
    shown = _MOVEMENTS.sub("", _COLOURS.sub("", ran.out + ran.err))
    return _OBEYED.findall(shown)


def test_no_command_prints_a_control(cli: Cli, commands: Commands) -> None:
    ran = {command: cli(*command) for command in commands}

    assert {command: left for command, each in ran.items() if (left := _left(each))} == {}
    told = [command for command, each in ran.items() if "owned" in each.out + each.err]
    assert len(told) > len(commands) / 2
    for command, each in ran.items():
        if "--json" in command and each.status == 0:
            for line in each.out.splitlines():
                json.loads(line)


def test_no_command_lets_a_text_steer_the_terminal(server_url: str, commands: Commands) -> None:
    picked: list[tuple[str, ...]] = [commands[0], commands[4], commands[2], commands[14]]

    ran: dict[Any, Ran] = {each: run_at_terminal(server_url, *each, columns=200) for each in picked}

    assert {command: left for command, each in ran.items() if (left := _left(each))} == {}
    assert [command for command, each in ran.items() if "owned" not in each.out] == []
