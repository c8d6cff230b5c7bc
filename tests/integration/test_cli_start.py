"""``dalsegno workflow start`` and ``run``."""

from collections.abc import Callable
from pathlib import Path

from tests.terminal import Cli

NOOP = {"name": "nothing", "taskReferenceName": "nothing", "type": "NOOP"}
WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}
FAIL = {
    "name": "stop",
    "taskReferenceName": "stop",
    "type": "TERMINATE",
    "inputParameters": {"terminationStatus": "FAILED", "terminationReason": "out of wood"},
}


def test_start_prints_the_id_alone(cli: Cli, register: Callable[..., str]) -> None:
    name = register(WAIT)

    workflow_id = cli.ok("workflow", "start", name, "-i", '{"order": 7}').line

    found = cli.ok("workflow", "get", workflow_id, "--json").json
    assert found["workflowName"] == name
    assert found["input"] == {"order": 7}


def test_start_tells_the_id_as_json(cli: Cli, register: Callable[..., str]) -> None:
    started = cli.ok("workflow", "start", register(WAIT), "--json").json

    assert cli.ok("workflow", "get", started["workflowId"], "--json").json["status"] == "RUNNING"


def test_input_comes_from_a_file_or_from_standard_input(
    cli: Cli, register: Callable[..., str], tmp_path: Path
) -> None:
    name = register(NOOP, outputParameters={"got": "${workflow.input.order}"})
    (tmp_path / "order.json").write_text('{"order": "from a file"}')

    of_file = cli.ok("workflow", "run", name, "-i", f"@{tmp_path}/order.json").json
    of_stdin = cli.ok("workflow", "run", name, "-i", "@-", stdin='{"order": "piped"}').json

    assert (of_file, of_stdin) == ({"got": "from a file"}, {"got": "piped"})


def test_input_that_is_no_json_is_wrong_usage(cli: Cli) -> None:
    for given, reason in (("{a: 1}", "no JSON"), ("[1]", "JSON object"), ("@gone", "gone")):
        refused = cli("workflow", "start", "any", "-i", given)

        assert (refused.status, refused.out) == (2, "")
        assert reason in refused.err


def test_start_with_wait_shows_what_became_of_it(cli: Cli, register: Callable[..., str]) -> None:
    done = cli.ok("workflow", "start", register(NOOP), "--wait")
    failed = cli("workflow", "start", register(FAIL), "--wait")

    assert "✓ COMPLETED in" in done.out
    assert failed.status == 3
    assert "✗ FAILED in" in failed.out
    assert "out of wood" in failed.out


def test_run_of_what_fails_prints_no_output_and_the_reason(
    cli: Cli, register: Callable[..., str]
) -> None:
    failed = cli("workflow", "run", register(FAIL))

    assert (failed.status, failed.out) == (3, "")
    assert "out of wood" in failed.err
    assert "dalsegno workflow get" in failed.err


def test_a_wait_ends_when_its_time_is_over(cli: Cli, register: Callable[..., str]) -> None:
    for command in (["run"], ["start", "--wait"]):
        late = cli("workflow", *command, register(WAIT), "--timeout", "0.2")

        assert (late.status, late.out) == (3, "")
        assert "is still RUNNING; it goes on" in late.err
        assert "dalsegno workflow watch" in late.err


def test_a_key_starts_one_execution(cli: Cli, register: Callable[..., str]) -> None:
    name = register(WAIT)

    first, second = (
        cli.ok("workflow", "start", name, "--idempotency-key", f"{name}-1").line for _ in range(2)
    )

    assert first == second


def test_a_workflow_that_is_unknown_is_not_found(cli: Cli) -> None:
    refused = cli("workflow", "start", "no_such_workflow")

    assert (refused.status, refused.out) == (4, "")
    assert "no_such_workflow" in refused.err


def test_a_server_that_is_not_there_is_unavailable(cli: Cli) -> None:
    refused = cli("workflow", "get", "any", "--url", "http://127.0.0.1:1")

    assert refused.status == 5
    assert "cannot reach http://127.0.0.1:1/api" in refused.err
    assert "--url or DALSEGNO_URL" in refused.err


def test_a_url_that_is_none_is_wrong_usage(cli: Cli) -> None:
    refused = cli("workflow", "list", "--url", "localhost:8080")

    assert refused.status == 2
    assert "must begin with http://" in refused.err
