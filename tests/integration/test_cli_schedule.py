"""``dalsegno schedule``."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.terminal import Cli, plain, run_at_terminal

NOOP = {"name": "nothing", "taskReferenceName": "nothing", "type": "NOOP"}


@pytest.fixture
def name(cli: Cli, a_name: Callable[[str], str]) -> Iterator[str]:
    name = a_name("nightly")
    yield name
    cli("schedule", "delete", name)


@pytest.fixture
def workflow(register: Callable[..., str]) -> str:
    return register(NOOP)


def test_a_schedule_is_put_shown_paused_resumed_and_deleted(
    cli: Cli, name: str, workflow: str
) -> None:
    cron = ("--cron", "0 30 2 * * *", "--zone", "Europe/Madrid")
    put = cli.ok("schedule", "put", name, *cron, "-w", workflow, "-i", '{"day": 1}')

    assert put.line.startswith(f"schedule {name} starts {workflow}: next ")
    kept = cli.ok("schedule", "get", name, "--json").json
    assert kept["startWorkflowRequest"]["input"] == {"day": 1}
    assert "0 30 2 * * * (Europe/Madrid)" in cli.ok("schedule", "get", name).out
    cli.ok("schedule", "pause", name, "--reason", "the database is being moved")
    assert "paused" in cli.ok("schedule", "list", "--workflow", workflow).out
    assert "the database is being moved" in cli.ok("schedule", "get", name).out
    assert cli.ok("schedule", "resume", name).line.startswith(f"resumed {name}: next ")
    (listed,) = cli.ok("schedule", "list", "--workflow", workflow, "--json").json
    assert listed["name"] == name
    cli.ok("schedule", "delete", name)
    assert cli("schedule", "get", name).status == 4


def test_a_schedule_comes_from_a_file(cli: Cli, name: str, workflow: str, tmp_path: Path) -> None:
    request = {"name": workflow}
    schedule = {"name": name, "cronExpression": "0 0 9 * * *", "startWorkflowRequest": request}
    file = tmp_path / "schedule.json"
    file.write_text(json.dumps(schedule))

    cli.ok("schedule", "put", "--file", file)

    assert cli.ok("schedule", "get", name, "--json").json["cronExpression"] == "0 0 9 * * *"
    assert cli("schedule", "put", name, "--file", file).status == 2


def test_what_a_schedule_lacks_is_named(cli: Cli, name: str, workflow: str) -> None:
    assert "--cron and --workflow" in plain(cli("schedule", "put", name).err)

    refused = cli("schedule", "put", name, "--cron", "never", "-w", workflow)

    assert refused.status == 1
    assert "never" in refused.err


def test_the_next_times_of_a_schedule_and_of_an_expression(
    cli: Cli, name: str, workflow: str
) -> None:
    cli.ok("schedule", "put", name, "--cron", "0 0 9 * * *", "-w", workflow)

    of_cron = cli.ok("schedule", "next", "0 0 9 * * *", "-n", "3", "--json").json

    assert len(of_cron) == 3
    assert cli.ok("schedule", "next", name, "-n", "3", "--json").json == of_cron
    assert len(cli.ok("schedule", "next", name).out.splitlines()) == 5
    assert "(in " in cli.ok("schedule", "next", name, "-n", "1").line


def test_the_history_tells_what_was_started(cli: Cli, name: str, workflow: str) -> None:
    cli.ok("schedule", "put", name, "--cron", "* * * * * *", "-w", workflow)

    found = eventually(lambda: cli.ok("schedule", "history", name, "--json").json, bool)

    assert found[0]["workflowName"] == workflow
    assert found[0]["workflowId"] in cli.ok("schedule", "history", name).out
    assert cli.ok("schedule", "history", name, "--failed", "--json").json == []


def test_a_person_is_asked_before_a_schedule_is_deleted(
    server_url: str, cli: Cli, name: str, workflow: str
) -> None:
    cli.ok("schedule", "put", name, "--cron", "0 0 9 * * *", "-w", workflow)

    run_at_terminal(server_url, "schedule", "delete", name, typed="n\n")

    cli.ok("schedule", "get", name)
