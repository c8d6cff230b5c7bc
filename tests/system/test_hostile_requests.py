"""A running server goes on answering, whatever it is asked to evaluate, and ends when told to."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from dalsegno_functions.local.server import GRACE_SECONDS
from tests.eventually import eventually
from tests.killable_server import KillableServer, running

_SLOW_SECONDS = 10  # for a machine that is busy with other tests


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KillableServer]:
    with running(tmp_path) as server:
        yield server


@pytest.fixture
def api(server: KillableServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=120) as api:
        yield api


def a_workflow(name: str, *tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": 1, "tasks": [*tasks], **fields}


def a_task(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"name": "t", "taskReferenceName": "t", "type": type_, "inputParameters": inputs}


def script(source: str) -> dict[str, Any]:
    return a_task("INLINE", {"evaluatorType": "javascript", "expression": source})


def start(api: httpx.Client, definition: dict[str, Any], given: dict[str, Any]) -> httpx.Response:
    body = {"name": definition["name"], "input": given, "workflowDef": definition}
    return api.post("/api/workflow", json=body)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def fan_out(levels: int) -> dict[str, Any]:
    defs: dict[str, Any] = {f"d{levels}": {"type": "string"}}
    for level in range(levels):
        below = {"properties": {"a": {"$ref": f"#/$defs/d{level + 1}"}}}
        defs[f"d{level}"] = {"anyOf": [below, below]}
    return {"$defs": defs, "$ref": "#/$defs/d0"}


NOOP = a_task("NOOP", {})
ENFORCED = {
    "enforceSchema": True,
    "inputSchema": {"name": "s", "version": 1, "type": "JSON", "data": fan_out(40)},
}
HOSTILE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a duration": (a_workflow("w", a_task("WAIT", {"duration": " " * 400 + "x"})), {}),
    "a duration given": (
        a_workflow("w", a_task("WAIT", {"duration": "${workflow.input.d}"})),
        {"d": " " * 400_000 + "x"},
    ),
    "dollars": (a_workflow("w", a_task("NOOP", {"x": "$" * 400_000 + "${"})), {}),
    "expressions in expressions": (
        a_workflow("w", a_task("NOOP", {"x": "${workflow.input." * 3_000 + "}" * 3_000})),
        {},
    ),
    "a pattern": (
        a_workflow(
            "w", a_task("NOOP", {"x": "${workflow.input.l[?(@.b =~ /[a-z]*[a-z]*[a-z]*x/)]}"})
        ),
        {"l": [{"b": "y" * 20_000}]},
    ),
    "deep scans": (
        a_workflow("w", a_task("NOOP", {"x": "${workflow.input" + "..*" * 12 + "}"})),
        {"l": deep(90)},
    ),
    "a schema": (a_workflow("w", NOOP, **ENFORCED), deep(40)),
    "a loop's condition": (
        a_workflow(
            "w",
            {
                **a_task("DO_WHILE", {}),
                "loopCondition": "$.t" + " " * 9_000 + "[" * 900,
                "loopOver": [{"name": "n", "taskReferenceName": "n", "type": "NOOP"}],
            },
        ),
        {},
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_health_answers_while_something_hostile_is_evaluated(
    server: KillableServer, api: httpx.Client, name: str
) -> None:
    definition, given = HOSTILE[name]

    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(start, api, definition, given) for _ in range(4)]
        while not all(each.done() for each in starts):
            began = time.monotonic()
            assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200
            assert time.monotonic() - began < _SLOW_SECONDS
            time.sleep(0.1)

    # 503: others keep the child busy that checks costly schemas; the same start may work later.
    assert {each.result().status_code for each in starts} <= {200, 400, 503}
    assert server.stop(GRACE_SECONDS + 30) == 0


def test_endless_scripts_hold_up_neither_health_nor_polls_nor_other_workflows(
    server: KillableServer, api: httpx.Client
) -> None:
    endless = a_workflow("endless", script("while (true) {}"))
    quick = a_workflow("quick", script("1 + 1"), outputParameters={"sum": "${t.output.result}"})

    with ThreadPoolExecutor(80) as pool:
        starts = [pool.submit(start, api, endless, {}) for _ in range(80)]
        time.sleep(1)
        for path in ("/health", "/api/tasks/poll/nobody", "/api/metadata/taskdefs"):
            began = time.monotonic()
            assert httpx.get(f"{server.url}{path}", timeout=60).status_code in {200, 204}
            assert time.monotonic() - began < _SLOW_SECONDS
        other = start(api, quick, {})
        assert {each.result().status_code for each in starts} == {200}

    assert other.status_code == 200
    done = eventually(
        lambda: api.get(f"/api/workflow/{other.text}").json(),
        lambda seen: seen["status"] != "RUNNING",
        within_seconds=120,
    )
    assert (done["status"], done["output"]) == ("COMPLETED", {"sum": 2})
    # The endless ones are still being evaluated, one after the other.
    assert server.stop(GRACE_SECONDS + 30) == 0
