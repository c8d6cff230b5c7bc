"""``dalsegno import conductor``: from another server that speaks its API."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from tests.serving import serving
from tests.terminal import Cli

Serve = Callable[[Path | None], AbstractContextManager[str]]

WORKFLOW = {
    "name": "order",
    "version": 2,
    "tasks": [{"name": "charge", "taskReferenceName": "charge", "type": "SIMPLE"}],
}
SCHEDULE = {
    "name": "nightly",
    "cronExpression": "0 0 2 * * *",
    "startWorkflowRequest": {"name": "order"},
}
HANDLER = {
    "name": "paid",
    "event": "conductor:paid",
    "active": True,
    "actions": [{"action": "start_workflow", "start_workflow": {"name": "order"}}],
}


@pytest.fixture
def source(running_server: Serve) -> Iterator[str]:
    """Return the URL of a server that has one of everything."""
    with running_server(None) as url:
        api = httpx.Client(base_url=f"{url}/api")
        for path, body in (
            ("/metadata/taskdefs", [{"name": "charge", "retryCount": 7}]),
            ("/metadata/workflow", WORKFLOW),
            ("/event", HANDLER),
            ("/scheduler/schedules", SCHEDULE),
        ):
            reply = api.post(path, json=body)
            assert reply.status_code == 200, reply.text
        yield url


@pytest.fixture
def target(
    running_server: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Return commands against a server that has nothing."""
    with running_server(None) as url:
        yield Cli(url, monkeypatch, capsys)


class _OldConductor(BaseHTTPRequestHandler):
    """Has definitions that were never checked, and neither a scheduler nor event handlers."""

    headers_seen: ClassVar[set[str]] = set()
    paths: ClassVar[list[str]] = []
    answers: ClassVar[dict[str, Any]] = {
        "/api/metadata/taskdefs": [{"name": "charge"}],
        "/api/metadata/workflow": [
            {"name": "broken", "version": 1, "tasks": []},
            {"name": "unversioned", "version": "latest", "tasks": []},
        ],
    }

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.headers_seen.update(self.headers.keys())
        self.paths.append(path)
        self.send_response(200 if path in self.answers else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(self.answers.get(path, {})).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def an_old_conductor() -> Iterator[str]:
    with serving(_OldConductor) as url:
        yield url


def _results(told: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["name"], each["result"]) for each in told]


def test_everything_is_copied_once(source: str, target: Cli) -> None:
    first = target.ok("import", "conductor", source, "--json").json
    again = target.ok("import", "conductor", source, "--json").json

    assert _results(first) == [
        ("task", "charge", "copied"),
        ("workflow", "order v2", "copied"),
        ("event handler", "paid", "copied"),
        ("schedule", "nightly", "copied"),
    ]
    assert {each["result"] for each in again} == {"exists"}
    assert target.ok("def", "show", "charge", "--task", "--json").json["retryCount"] == 7
    assert target.ok("def", "show", "order", "--json").json["version"] == 2


def test_schedules_arrive_paused_unless_asked(source: str, target: Cli) -> None:
    target.ok("import", "conductor", source)
    paused = target.ok("schedule", "get", "nightly", "--json").json
    target.ok("import", "conductor", source, "--overwrite", "--keep-active")
    active = target.ok("schedule", "get", "nightly", "--json").json

    assert paused["paused"]
    assert source in paused["pausedReason"]
    assert not active["paused"]


def test_a_dry_run_tells_and_changes_nothing(source: str, target: Cli) -> None:
    told = target.ok("import", "conductor", source, "--dry-run")

    assert told.out.count("would be copied") == 4
    assert "4 would be copied" in told.err
    assert target.ok("def", "list", "--json").json == []
    assert target.ok("schedule", "list", "--json").json == []


def test_what_is_here_is_replaced_if_asked(source: str, target: Cli) -> None:
    target.ok("import", "conductor", source)
    httpx.post(f"{source}/api/metadata/taskdefs", json=[{"name": "charge", "retryCount": 1}])

    target.ok("import", "conductor", source)
    kept = target.ok("def", "show", "charge", "--task", "--json").json["retryCount"]
    target.ok("import", "conductor", source, "--overwrite")
    replaced = target.ok("def", "show", "charge", "--task", "--json").json["retryCount"]

    assert (kept, replaced) == (7, 1)


def test_what_cannot_be_had_here_is_refused_and_told_why(
    target: Cli, an_old_conductor: str
) -> None:
    dry = target("import", "conductor", an_old_conductor, "--dry-run", "--json")
    real = target("import", "conductor", an_old_conductor, "--json")

    assert (dry.status, real.status) == (1, 1)
    assert dry.json == real.json
    charge, broken, unversioned = real.json
    assert _results(real.json) == [
        ("task", "charge", "copied"),
        ("workflow", "broken v1", "refused"),
        ("workflow", "unversioned", "refused"),
    ]
    assert "tasks" in broken["reason"]
    assert "version" in unversioned["reason"]
    assert charge["reason"] is None


def test_the_key_of_this_server_is_never_shown_to_the_other(
    target: Cli, an_old_conductor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_AUTH_KEY", "ours")
    monkeypatch.setenv("CONDUCTOR_AUTH_SECRET", "ours too")

    target("import", "conductor", an_old_conductor, "--dry-run")

    assert _OldConductor.headers_seen
    assert not any("authorization" in name.lower() for name in _OldConductor.headers_seen)
    assert not any(path.endswith("/token") for path in _OldConductor.paths)


def test_a_server_does_not_import_from_itself(target: Cli) -> None:
    assert target("import", "conductor", target.url).status == 2


def test_a_source_that_is_not_there_is_unavailable(target: Cli) -> None:
    assert target("import", "conductor", "http://127.0.0.1:1").status == 5
