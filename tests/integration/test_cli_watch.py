"""``dalsegno workflow watch``, as scripts and as people run it."""

import json
from collections.abc import Callable
from typing import Any

from tests.terminal import Cli, plain, run_at_terminal, run_script

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}


def _end(api: Any, workflow_id: str, status: str = "COMPLETED") -> None:
    api.post(f"/tasks/{workflow_id}/{status}/signal", json={})


def test_a_pipe_gets_a_line_per_change(
    server_url: str, register: Callable[..., str], start: Callable[..., str], api: Any
) -> None:
    name = register(WAIT)
    workflow_id = start(name)

    watched = run_script(
        server_url,
        *("workflow", "watch", workflow_id, "--interval", "0.1"),
        on_line=lambda line: "IN_PROGRESS" in line and _end(api, workflow_id),
    )

    assert watched.status == 0
    told = [line.split()[1:3] for line in watched.out.splitlines()]
    assert told == [
        [name, "RUNNING"],
        ["wait", "IN_PROGRESS"],
        ["wait", "COMPLETED"],
        [name, "COMPLETED"],
    ]


def test_json_is_one_object_per_change(
    server_url: str, register: Callable[..., str], start: Callable[..., str], api: Any
) -> None:
    workflow_id = start(register(WAIT))

    watched = run_script(
        server_url,
        *("workflow", "watch", workflow_id, "--interval", "0.1", "--json"),
        on_line=lambda line: "IN_PROGRESS" in line and _end(api, workflow_id, "FAILED"),
    )

    *_, last = [json.loads(line) for line in watched.out.splitlines()]
    assert watched.status == 3
    assert (last["workflowId"], last["status"]) == (workflow_id, "FAILED")
    assert last["time"] > 1_700_000_000_000


def test_a_terminal_shows_the_tree_until_the_end(
    server_url: str, register: Callable[..., str], start: Callable[..., str], api: Any
) -> None:
    workflow_id = start(register(WAIT))
    seen: list[str] = []

    def go_on_once_it_is_shown(shown: str) -> None:
        if not seen and "wait" in shown:
            seen.append(shown)
            _end(api, workflow_id)

    watched = run_at_terminal(
        server_url,
        *("workflow", "watch", workflow_id, "--interval", "0.1"),
        on_output=go_on_once_it_is_shown,
    )

    assert "● RUNNING" in seen[0]
    final = plain(watched.out)[plain(watched.out).rindex("✓ COMPLETED in") :]
    assert "✓ wait  WAIT  COMPLETED" in final
    assert watched.status == 0


def test_a_terminal_that_can_do_nothing_gets_lines(
    server_url: str, register: Callable[..., str], start: Callable[..., str], cli: Cli
) -> None:
    workflow_id = start(register(WAIT))
    cli.ok("workflow", "terminate", workflow_id)

    watched = run_at_terminal(server_url, "workflow", "watch", workflow_id, TERM="dumb")

    assert watched.status == 3
    assert "\x1b" not in watched.out
    assert "TERMINATED" in watched.out
