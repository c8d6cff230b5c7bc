"""``dalsegno verify``."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from dalsegno.cli.verify.checks import CHECKS
from tests.serving import serving
from tests.terminal import Cli

SMALL = ("--steps", 3, "--wide", 5, "--timeout", 30)


def test_every_check_holds_on_a_local_server(cli: Cli, prefix: str) -> None:
    with serving(_Echo) as url:
        ran = cli("verify", *SMALL, "--prefix", prefix, "--echo-url", url, "--json")

    results = {each["check"]: each["result"] for each in ran.json}
    assert results == dict.fromkeys(CHECKS, "held") | {"sinks": "skipped"}, ran.out
    assert ran.status == 0
    assert "worker-chain held (" in ran.err


def test_what_a_run_made_is_removed(cli: Cli, api: httpx.Client, prefix: str) -> None:
    chosen = ("--only", "subworkflow-chain", "--only", "schedule", "--only", "event-handler")
    cli.ok("verify", *SMALL, "--prefix", prefix, *chosen)

    listed = [
        *(each["name"] for each in api.get("/metadata/workflow").json()),
        *(each["name"] for each in api.get("/metadata/taskdefs").json()),
        *(each["name"] for each in api.get("/scheduler/schedules").json()),
        *(each["name"] for each in api.get("/event").json()),
        *(
            each["workflowType"]
            for each in api.get("/workflow/search", params={"size": 1000}).json()["results"]
        ),
    ]
    assert [name for name in listed if name.startswith(prefix)] == []


def test_a_second_run_holds_too(cli: Cli, prefix: str) -> None:
    only = ("--only", "idempotency", "--only", "cache", "--only", "event-handler")

    for _ in range(2):
        ran = cli("verify", *SMALL, "--prefix", prefix, *only, "--json")

        assert [each["result"] for each in ran.json] == ["held"] * 3, ran.out


def test_a_check_that_fails_says_why_and_where_to_look(cli: Cli, prefix: str) -> None:
    only = ("--only", "http-chain", "--only", "timer")
    ran = cli("verify", *SMALL, "--prefix", prefix, *only, "--echo-url", "http://127.0.0.1:1")

    failed, look, held = ran.out.splitlines()
    assert ran.status == 1
    assert failed.startswith("✗ http-chain: ")
    assert "logs of the functions" in look
    assert held.startswith("✓ timer: a WAIT of 3 s ended after ")


@pytest.mark.parametrize(
    ("check", "breaking"),
    [
        ("task-concurrency", {"concurrentExecLimit": 0}),
        ("task-rate", {"rateLimitPerFrequency": 0}),
    ],
)
def test_a_limit_that_does_not_hold_is_noticed(
    cli: Cli, prefix: str, check: str, breaking: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dalsegno.client.task_definitions import TaskDefinitions
    from dalsegno.models import TaskDef

    put = TaskDefinitions.put

    def unlimited(definitions: TaskDefinitions, *given: TaskDef) -> None:
        wire = [TaskDef.model_validate({**each.to_wire(), **breaking}) for each in given]
        definitions._sender.send(put.call(definitions, *wire))

    monkeypatch.setattr(TaskDefinitions, "put", unlimited)

    (outcome,) = cli("verify", *SMALL, "--prefix", prefix, "--only", check, "--json").json

    assert outcome["result"] == "failed"
    assert "at a time" in outcome["saw"] or "began within" in outcome["saw"]


def test_unknown_checks_are_refused_before_anything_is_made(cli: Cli) -> None:
    ran = cli("verify", "--only", "everything")

    assert ran.status == 2
    assert "no check everything" in ran.err


def test_checks_are_listed_with_what_they_do(cli: Cli) -> None:
    lines = cli.ok("verify", "--list").out.splitlines()

    assert [line.partition(": ")[0] for line in lines] == list(CHECKS)


@pytest.fixture
def prefix(a_name: Callable[[str], str]) -> str:
    return a_name("verify")


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass
