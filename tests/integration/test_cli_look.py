"""``dalsegno workflow get``, ``list``, ``search``, ``export`` and ``diagram``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dalsegno.models import Workflow
from tests.terminal import Cli, plain, run_at_terminal, run_script

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}


def _simple(name: str) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": "charge", "type": "SIMPLE"}


def test_get_tells_status_steps_attempts_and_reasons(
    cli: Cli,
    register: Callable[..., str],
    start: Callable[..., str],
    work: Callable[..., dict[str, Any]],
    a_name: Callable[[str], str],
    api: Any,
) -> None:
    charge = a_name("charge")
    api.post("/metadata/taskdefs", json=[{"name": charge, "retryCount": 1, "retryDelaySeconds": 0}])
    workflow_id = start(register(_simple(charge), WAIT), input={"order": "A-17"})
    task = work(charge, "FAILED")
    work(charge)

    account = cli.ok("workflow", "get", workflow_id).out

    assert workflow_id in account
    assert "● RUNNING for" in account
    assert " ago)" in account or "(now)" in account
    assert '{"order": "A-17"}' in account
    assert "attempt 1 FAILED after" in account
    assert "attempt 2" in account
    assert "IN_PROGRESS" in next(line for line in account.splitlines() if "WAIT" in line)
    assert task["taskId"] not in account


def test_get_of_what_is_unknown_is_not_found(cli: Cli) -> None:
    refused = cli("workflow", "get", "no-such-id", "--json")

    assert (refused.status, refused.out) == (4, "")


def test_list_narrows_by_name_status_and_time(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name, other = register(WAIT), register(WAIT)
    running, ended, _ = start(name), start(name), start(other)
    cli.ok("workflow", "terminate", ended, "-r", "not needed")

    def ids(*options: str) -> set[str]:
        return set(cli.ok("workflow", "list", "--ids", "--name", name, *options).out.split())

    assert ids() == {running, ended}
    assert ids("--status", "running") == {running}
    assert ids("--failed") == {ended}
    assert ids("--since", "1h") == {running, ended}
    assert ids("--since", "2100-01-01") == set()
    assert other not in cli.ok("workflow", "list", "--name", name).out


def test_list_as_json_has_times_in_epoch_milliseconds(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    workflow_id = start(name)

    (found,) = cli.ok("workflow", "list", "--name", name, "--json").json

    whole = cli.ok("workflow", "get", workflow_id, "--json").json
    assert found["startTime"] == whole["createTime"]


def test_a_list_says_that_there_is_more_and_json_does_not(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    for _ in range(3):
        start(name)

    cut = cli.ok("workflow", "list", "--name", name, "-n", "2")

    assert len(cut.out.splitlines()) == 3  # and a heading
    assert "--limit 4" in cut.err
    assert cli.ok("workflow", "list", "--name", name, "-n", "2", "--json").err == ""


def test_a_time_that_is_none_is_wrong_usage(cli: Cli) -> None:
    refused = cli("workflow", "list", "--since", "yesterday")

    assert refused.status == 2
    assert "write 30m, 2h or 7d" in plain(refused.err)


def test_search_takes_a_query(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    first, second = start(name, correlationId="b"), start(name, correlationId="a")

    query = f"workflowType = {name}"
    found = cli.ok("workflow", "search", query, "--sort", "correlationId:ASC", "--ids").out.split()

    assert found == [second, first]


def test_a_query_that_makes_no_sense_is_refused(cli: Cli) -> None:
    refused = cli("workflow", "search", "status = ")

    assert (refused.status, refused.out) == (1, "")
    assert "query" in refused.err


def test_nothing_found_is_said_on_standard_error(cli: Cli) -> None:
    nothing = cli.ok("workflow", "list", "--name", "no_such_workflow")

    assert nothing.out == ""
    assert "no executions found" in nothing.err
    assert cli.ok("workflow", "list", "--name", "no_such_workflow", "--json").json == []


def test_export_is_a_golden_history(
    cli: Cli, register: Callable[..., str], start: Callable[..., str], tmp_path: Path
) -> None:
    workflow_id = start(register(WAIT))
    file = tmp_path / "golden.json"

    cli.ok("workflow", "export", workflow_id, "-o", file)

    history = Workflow.model_validate_json(file.read_text())
    assert history.workflow_id == workflow_id
    assert [task.reference_task_name for task in history.tasks] == ["wait"]
    assert cli.ok("workflow", "export", workflow_id).json["workflowId"] == workflow_id


def test_diagrams_of_definitions_and_of_executions(
    cli: Cli, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    workflow_id = start(name)

    assert "wait  WAIT" in cli.ok("workflow", "diagram", name).out
    drawn = cli.ok("workflow", "diagram", name, "--as", "mermaid").out
    coloured = cli.ok("workflow", "diagram", workflow_id, "--as", "mermaid").out

    assert drawn.startswith("flowchart TD\n")
    assert 'n1["wait<br/>WAIT"]\n' in drawn
    assert 'n1["wait<br/>WAIT"]:::IN_PROGRESS' in coloured
    assert cli("workflow", "diagram", "neither").status == 4


def test_ids_stay_whole_and_a_pipe_has_no_colours(
    server_url: str, register: Callable[..., str], start: Callable[..., str]
) -> None:
    name = register(WAIT)
    workflow_id = start(name)

    narrow = run_at_terminal(server_url, "workflow", "list", "--name", name, columns=80)
    sober = run_at_terminal(server_url, "workflow", "list", "--name", name, NO_COLOR="1")
    piped = run_script(server_url, "workflow", "list", "--name", name)

    assert all(workflow_id in plain(ran.out) for ran in (narrow, sober, piped))
    assert max(len(line) for line in plain(narrow.out).splitlines()) <= 80
    assert "\x1b[36m" in narrow.out
    assert "\x1b[36m" not in sober.out
    assert "\x1b" not in piped.out
