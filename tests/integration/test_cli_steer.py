"""``dalsegno workflow terminate`` and all that changes executions."""

from collections.abc import Callable
from typing import Any

from tests.terminal import Cli, plain, run_at_terminal

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}
NEXT = {"name": "noop", "taskReferenceName": "next", "type": "NOOP"}
LAST = {"name": "wait", "taskReferenceName": "last", "type": "WAIT"}


def _status(cli: Cli, workflow_id: str) -> str:
    status: str = cli.ok("workflow", "get", workflow_id, "--json").json["status"]
    return status


def test_one_is_paused_resumed_terminated_restarted_and_removed(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT))

    assert cli.ok("workflow", "pause", workflow_id).line == f"paused {workflow_id}"
    assert _status(cli, workflow_id) == "PAUSED"
    cli.ok("workflow", "resume", workflow_id)
    cli.ok("workflow", "terminate", workflow_id, "--reason", "wrong price")
    assert "wrong price" in cli.ok("workflow", "get", workflow_id).out
    cli.ok("workflow", "restart", workflow_id)
    assert _status(cli, workflow_id) == "RUNNING"
    cli.ok("workflow", "terminate", workflow_id)
    cli.ok("workflow", "retry", workflow_id)
    cli.ok("workflow", "remove", workflow_id, "--terminate", "--no-archive")
    assert cli("workflow", "get", workflow_id).status == 4


def test_many_ids_come_from_standard_input(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    ids = [start(name) for _ in range(3)]
    listed = cli.ok("workflow", "list", "--name", name, "--ids").out

    done = cli.ok("workflow", "terminate", "-", stdin=listed)

    assert sorted(done.out.splitlines()) == sorted(f"terminated {each}" for each in ids)
    assert {_status(cli, each) for each in ids} == {"TERMINATED"}


def test_of_many_those_that_refuse_are_told_and_the_others_done(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT))

    for command in ("pause", "retry"):
        ran = cli("workflow", command, workflow_id, "no-such-id")

        assert ran.status == 1
        assert "no-such-id: " in ran.err
    assert _status(cli, workflow_id) == "PAUSED"


def test_a_deep_retry_goes_one_by_one(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    ids = [start(name), start(name)]
    cli.ok("workflow", "terminate", *ids)

    ran = cli("workflow", "retry", "--deep", *ids, "no-such-id")

    assert ran.status == 1
    assert {_status(cli, each) for each in ids} == {"RUNNING"}


def test_none_on_standard_input_is_wrong_usage(cli: Cli) -> None:
    assert cli("workflow", "pause", "-", stdin="\n").status == 2


def test_one_that_is_unknown_is_not_found(cli: Cli) -> None:
    assert cli("workflow", "terminate", "no-such-id").status == 4


def test_a_person_is_asked_before_anything_is_destroyed(
    server_url: str, cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT))

    refused = run_at_terminal(server_url, "workflow", "terminate", workflow_id, typed="n\n")
    assert "nothing was changed" in plain(refused.out)
    assert (refused.status, _status(cli, workflow_id)) == (1, "RUNNING")

    run_at_terminal(server_url, "workflow", "terminate", workflow_id, "--yes")
    assert _status(cli, workflow_id) == "TERMINATED"


def test_a_wait_is_signalled_with_an_output(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT, outputParameters={"ok": "${wait.output.approved}"}))

    cli.ok("workflow", "signal", workflow_id, "-o", '{"approved": true}')

    assert cli.ok("workflow", "get", workflow_id, "--json").json["output"] == {"ok": True}


def test_a_signal_to_nobody_is_told(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(NEXT))

    assert cli("workflow", "signal", workflow_id).status == 4


def test_a_task_is_completed_by_its_reference_name(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT))

    assert cli("workflow", "complete", workflow_id, "other").status == 4
    cli.ok("workflow", "complete", workflow_id, "wait", "--status", "FAILED")

    assert _status(cli, workflow_id) == "FAILED"


def test_variables_are_shown_and_changed(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    workflow_id = start(register(WAIT, variables={"limit": 100, "stage": "first"}))

    changed = cli.ok("workflow", "variables", workflow_id, "--set", '{"limit": 500}').json

    assert changed == {"limit": 500, "stage": "first"}
    assert cli.ok("workflow", "variables", workflow_id).json == changed


def test_an_execution_skips_a_task_and_jumps(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT, NEXT, LAST)
    skipping, jumping = start(name), start(name)

    cli.ok("workflow", "skip", skipping, "next")
    cli.ok("workflow", "signal", skipping)
    cli.ok("workflow", "jump", jumping, "last")

    account = cli.ok("workflow", "get", skipping).out
    assert "SKIPPED" in next(line for line in account.splitlines() if "next" in line)
    tasks = cli.ok("workflow", "get", jumping, "--json").json["tasks"]
    assert tasks[-1]["referenceTaskName"] == "last"


def test_a_rerun_begins_at_a_task(
    cli: Cli, register: Callable[..., str], start: Callable[..., str], api: Any
) -> None:
    workflow_id = start(register(NEXT, WAIT))
    cli.ok("workflow", "terminate", workflow_id)

    lost = cli("workflow", "rerun", workflow_id, "--task", "other")
    assert lost.status == 4
    assert "it has: next, wait" in lost.err
    cli.ok("workflow", "rerun", workflow_id, "--task", "wait")

    assert _status(cli, workflow_id) == "RUNNING"
