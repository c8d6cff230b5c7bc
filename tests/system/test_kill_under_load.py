"""The server is killed again and again under load: nothing it has acknowledged is lost."""

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually
from tests.killable_server import KillableServer, running

SEED = 20260821
KILLS = 3
STARTERS = 3
# Rounds are bounded by count, not by time: on a slow machine as much is done between two kills.
STARTS_BEFORE_A_KILL = 5
STARTS_A_ROUND = 12
REHEARSERS = 2
KEEPERS = 3
WORKERS = 6
BRANCHES = ["violin", "viola", "cello"]
# A poll whose answer was lost with the server leaves a task with nobody: it is tried again.
TASK = {
    "name": "play",
    "retryCount": 50,
    "retryDelaySeconds": 0,
    "timeoutPolicy": "RETRY",
    "timeoutSeconds": 0,
    "responseTimeoutSeconds": 3,
}


Executions = dict[str, dict[str, Any]]


def play(ref: str, after: str = "${workflow.input.piece}") -> dict[str, Any]:
    inputs = {"as": ref, "after": after}
    return {
        "name": "play",
        "taskReferenceName": ref,
        "type": "SIMPLE",
        "inputParameters": inputs,
    }


def played(given: dict[str, Any]) -> str:
    """Return what a worker makes of its input: the output of a workflow tells the whole way."""
    return f"{given['as']}({given['after']})"


FLOW = {
    "name": "concert",
    "version": 1,
    "tasks": [
        play("tune"),
        {
            "name": "fork",
            "taskReferenceName": "fork",
            "type": "FORK_JOIN",
            "forkTasks": [[play(ref, "${tune.output.played}")] for ref in BRANCHES],
        },
        {"name": "join", "taskReferenceName": "join", "type": "JOIN", "joinOn": BRANCHES},
        play("bow", ", ".join(f"${{{ref}.output.played}}" for ref in BRANCHES)),
    ],
    "outputParameters": {"played": "${bow.output.played}"},
}
# Told what to do while it runs: by values of variables, and by the signal that ends its WAIT.
REHEARSAL = {
    "name": "rehearsal",
    "version": 1,
    "tasks": [{"name": "cue", "taskReferenceName": "cue", "type": "WAIT"}, play("solo")],
    "outputParameters": {
        "cue": "${cue.output.cue}",
        "notes": ["${workflow.variables.first}", "${workflow.variables.second}"],
        "played": "${solo.output.played}",
    },
}
TICK = {
    "name": "tick",
    "version": 1,
    "tasks": [{"name": "noop", "taskReferenceName": "noop", "type": "NOOP"}],
    "outputParameters": {"time": "${workflow.input._scheduledTime}"},
}
METRONOME = {
    "name": "metronome",
    "cronExpression": "* * * * * *",
    "startWorkflowRequest": {"name": "tick", "version": 1},
}
# At most so many missed runs are caught up, and remembered.
MISSED_RUNS = 100


@dataclass
class Record:
    """What clients and workers were told, and did.

    Attributes:
        started: What is to come out of each workflow whose start was acknowledged, by its id.
        keys: Idempotency keys of starts that were repeated until they were acknowledged.
        kept: What was stored last under each path, and acknowledged; None if it was deleted.
        done: For each task id, a token for each time that a worker did it.
        acknowledged: For each task id, the tokens whose report was acknowledged.
        acknowledged_at: When a task's report was acknowledged.
        handed_out_at: For each task id, when the request was sent that got it last.
        may_start: How many more starts may be acknowledged in this round.
    """

    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    done: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged_at: dict[str, float] = field(default_factory=dict)
    handed_out_at: dict[str, float] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    may_start: Semaphore = field(default_factory=lambda: Semaphore(0))


class Client:
    """Calls the server, and calls again if it is gone, as the SDKs do."""

    def __init__(self, http: httpx.Client, stopping: Event) -> None:
        self._http = http
        self._stopping = stopping

    def call(
        self, method: str, path: str, body: Any = None, *, tries: int = 100_000, text: str = ""
    ) -> str | None:
        """Return the answer's body; None if there was none, or the test is over."""
        content = text or (None if body is None else json.dumps(body))
        headers = {"Content-Type": "text/plain" if text else "application/json"}
        for number in range(tries):
            try:
                reply = self._http.request(
                    method, f"/api{path}", content=content, headers=headers if content else {}
                )
            except httpx.TransportError:
                if self._stopping.wait(0.02):
                    return None
                continue
            if method == "DELETE" and number and reply.status_code == 404:
                return ""  # the first time, it was done, and the answer was lost
            assert reply.status_code < 300, f"{method} {path}: {reply.status_code} {reply.text}"
            return reply.text
        return None


def start_workflows(client: Client, record: Record, stopping: Event, seed: int) -> None:
    chance = random.Random(seed)
    while not stopping.wait(chance.uniform(0, 0.1)):
        if not record.may_start.acquire(timeout=0.1):
            continue
        piece = f"{chance.getrandbits(60):x}"
        request: dict[str, Any] = {"name": "concert", "input": {"piece": piece}}
        repeats = chance.random() < 0.5
        if repeats:  # it may be repeated: the key says that it is the same start
            key = {"idempotencyKey": piece, "idempotencyStrategy": "RETURN_EXISTING"}
            workflow_id = client.call("POST", "/workflow", {**request, **key})
        else:  # not repeated: a start whose answer was lost may have happened
            workflow_id = client.call("POST", "/workflow", request, tries=1)
        if not workflow_id:
            record.may_start.release()
            continue
        tuned = f"tune({piece})"
        parts = ", ".join(f"{ref}({tuned})" for ref in BRANCHES)
        with record.lock:
            record.started[workflow_id] = {"played": f"bow({parts})"}
            record.keys += [piece] if repeats else []


def rehearse(client: Client, record: Record, stopping: Event, seed: int) -> None:
    """Start workflows, set their variables and signal them, each until it is acknowledged."""
    chance = random.Random(seed)
    while not stopping.wait(chance.uniform(0, 0.2)):
        piece = f"{chance.getrandbits(60):x}"
        key = {"idempotencyKey": piece, "idempotencyStrategy": "RETURN_EXISTING"}
        request = {"name": "rehearsal", "input": {"piece": piece}, **key}
        workflow_id = client.call("POST", "/workflow", request)
        for name in ("first", "second"):
            if workflow_id:
                path = f"/workflow/{workflow_id}/variables"
                workflow_id = client.call("POST", path, {name: name + piece}) and workflow_id
        if workflow_id:
            path = f"/tasks/{workflow_id}/COMPLETED/signal"
            if client.call("POST", path, {"cue": piece}) is not None:
                notes = [f"first{piece}", f"second{piece}"]
                output = {"cue": piece, "notes": notes, "played": f"solo({piece})"}
                with record.lock:
                    record.started[workflow_id] = output


def keep(client: Client, record: Record, stopping: Event, number: int) -> None:
    """Store, replace and delete definitions, secrets, values and schedules under some names."""
    chance = random.Random(SEED + number)
    while not stopping.wait(chance.uniform(0, 0.05)):
        what, value = chance.choice(KINDS), chance.randrange(1, 1_000_000)
        path = what.path.format(f"kept_{number}_{chance.randrange(4)}")
        with record.lock:
            before = record.kept.get(path)
        if before is not None and chance.random() < 0.3:
            if client.call("DELETE", path) is None:
                return
            value = 0
        elif not what.put(client, path, value):
            return
        with record.lock:
            record.kept[path] = what.stored(path, value) if value else None


@dataclass(frozen=True)
class Kind:
    """Something that is stored under a name, and holds a number."""

    path: str

    def put(self, client: Client, path: str, value: int) -> bool:
        """Store a value until that is acknowledged; return False if the test is over first."""
        if "/secrets/" in path or "/environment/" in path:
            return client.call("PUT", path, text=f"v{value}") is not None
        name = path.rpartition("/")[2]
        if "/taskdefs/" in path:
            body = [{"name": name, "retryCount": value % 100, "timeoutSeconds": value}]
            return client.call("POST", "/metadata/taskdefs", body) is not None
        schedule = {
            "name": name,
            "cronExpression": "0 0 0 1 1 ?",
            "startWorkflowRequest": {"name": "tick", "input": {"value": value}},
        }
        return client.call("POST", "/scheduler/schedules", schedule) is not None

    def stored(self, path: str, value: int) -> Any:
        """Return what is found of a value."""
        return f"v{value}" if "/secrets/" in path or "/environment/" in path else value

    @staticmethod
    def read(api: httpx.Client, path: str) -> Any:
        """Return what is stored under a path; None if nothing is."""
        reply = api.get(path)
        if reply.status_code == 404 or not reply.text:
            return None
        reply.raise_for_status()
        if "/taskdefs/" in path:
            return reply.json()["timeoutSeconds"]
        if "/schedules/" in path:
            return reply.json()["startWorkflowRequest"]["input"]["value"]
        return reply.text


KINDS = [
    Kind("/secrets/{}"),
    Kind("/environment/{}"),
    Kind("/metadata/taskdefs/{}"),
    Kind("/scheduler/schedules/{}"),
]


def work(client: Client, record: Record, stopping: Event, name: str) -> None:
    path = f"/tasks/poll/batch/play?workerid={name}&count=3&timeout=100"
    while not stopping.is_set():
        asked = time.monotonic()
        answer = client.call("GET", path, tries=1)
        todo = [(task, asked) for task in (json.loads(answer) if answer else [])]
        while todo:
            task, asked = todo.pop()
            with record.lock:
                record.handed_out_at[task["taskId"]] = asked
            asked = time.monotonic()
            following = do_task(client, record, task, name)
            todo += [(following, asked)] if following else []


def do_task(client: Client, record: Record, task: dict[str, Any], name: str) -> Any:
    """Do a task and report it until that is acknowledged; return the next one, if any came."""
    token = uuid4().hex
    with record.lock:
        record.done[task["taskId"]].append(token)
    result = {
        "workflowInstanceId": task["workflowInstanceId"],
        "taskId": task["taskId"],
        "workerId": name,
        "status": "COMPLETED",
        "outputData": {"token": token, "played": played(task["inputData"])},
    }
    answer = client.call("POST", "/tasks/update-v2", result)
    if answer is not None:
        with record.lock:
            record.acknowledged[task["taskId"]].append(token)
            record.acknowledged_at.setdefault(task["taskId"], time.monotonic())
    return json.loads(answer) if answer else None


@contextmanager
def load(server: KillableServer, record: Record) -> Iterator[Event]:
    """Keep starters and workers busy; yields the event that stops the starters."""
    starting_over, over = Event(), Event()
    with ExitStack() as clients:

        def client() -> Client:
            http = httpx.Client(base_url=server.url, timeout=60)
            return Client(clients.enter_context(http), over)

        threads = [
            Thread(target=start_workflows, args=(client(), record, starting_over, SEED + number))
            for number in range(STARTERS)
        ]
        threads += [
            Thread(target=rehearse, args=(client(), record, starting_over, SEED - number))
            for number in range(1, REHEARSERS + 1)
        ]
        threads += [
            Thread(target=keep, args=(client(), record, starting_over, number))
            for number in range(KEEPERS)
        ]
        threads += [
            Thread(target=work, args=(client(), record, over, f"worker-{number}"))
            for number in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield starting_over
        finally:
            starting_over.set()
            over.set()
            for thread in threads:
                thread.join(120)


def found(api: httpx.Client, query: str) -> list[dict[str, Any]]:
    """Return the summaries of the workflows that a query finds."""
    params: dict[str, str | int] = {"query": query, "size": 5000}
    results: list[dict[str, Any]] = api.get("/workflow/search", params=params).json()["results"]
    return results


def running_of(api: httpx.Client, ids: set[str]) -> set[str]:
    """Return which of these workflows have not ended."""
    return {each["workflowId"] for each in found(api, "status = 'RUNNING'")} & ids


@dataclass
class Aftermath:
    """What is stored when all is quiet again.

    Attributes:
        executions: Every workflow whose start was acknowledged.
        kept: What is stored under each path of ``Record.kept``.
        keys: How many workflows there are of each idempotency key that was acknowledged.
        ticks: For which times the schedule has started a workflow.
    """

    executions: Executions
    kept: dict[str, Any]
    keys: Counter[str]
    ticks: list[int]


def under_fire(directory: Path, soak_seconds: float) -> tuple[Record, Aftermath]:
    """Return what was acknowledged under fire, and what is stored when all is quiet again."""
    chance, record = random.Random(SEED), Record()
    with running(directory) as server:
        with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
            api.post("/metadata/taskdefs", json=[TASK]).raise_for_status()
            api.put("/metadata/workflow", json=[FLOW, REHEARSAL, TICK]).raise_for_status()
            api.post("/scheduler/schedules", json=METRONOME).raise_for_status()
        with load(server, record) as starting_over:
            until, kills = time.monotonic() + soak_seconds, 0
            while kills < KILLS or time.monotonic() < until:
                strike(server, record, chance)
                kills += 1
            starting_over.set()
            with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
                # A message in hand when the server died is handed out again after 30 seconds.
                eventually(
                    lambda: running_of(api, set(record.started)),
                    lambda unfinished: not unfinished,
                    within_seconds=600,
                    every_seconds=0.2,
                )
        with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
            return record, aftermath(api, record)


def strike(server: KillableServer, record: Record, chance: random.Random) -> None:
    """Kill the server once enough was acknowledged, and start it again."""
    before = len(record.started)
    record.may_start.release(STARTS_A_ROUND)
    eventually(
        lambda: len(record.started) - before,
        lambda started: started >= STARTS_BEFORE_A_KILL,
        within_seconds=120,
    )
    Event().wait(chance.uniform(0, 1))  # a moment of work, then:
    server.kill()
    server.start()


def aftermath(api: httpx.Client, record: Record) -> Aftermath:
    """Return what is stored."""
    api.put("/scheduler/schedules/metronome/pause").raise_for_status()
    ticks = found(api, "workflowType = 'tick'")
    executions = {
        workflow_id: api.get(f"/workflow/{workflow_id}").json() for workflow_id in record.started
    }
    concerts = [api.get(f"/workflow/{each['workflowId']}").json() for each in found(api, CONCERTS)]
    return Aftermath(
        executions=executions,
        kept={path: Kind.read(api, path) for path in record.kept},
        keys=Counter(each["input"]["piece"] for each in concerts),
        ticks=sorted(
            api.get(f"/workflow/{each['workflowId']}").json()["output"]["time"]
            for each in ticks[-MISSED_RUNS:]
            if each["status"] == "COMPLETED"
        ),
    )


CONCERTS = "workflowType = 'concert'"


def attempts(executions: Executions) -> dict[str, dict[str, Any]]:
    """Return every attempt of a worker task, by its id."""
    return {
        task["taskId"]: task
        for execution in executions.values()
        for task in execution["tasks"]
        if task["taskType"] == "play"
    }


@pytest.mark.timeout(1_500)
# One test, because its rules are about the same half minute, and that is long enough.
def test_nothing_acknowledged_is_lost_or_done_differently(
    tmp_path: Path, soak_seconds: float
) -> None:
    record, after = under_fire(tmp_path, soak_seconds)

    executions = after.executions
    assert len(record.started) >= KILLS * STARTS_BEFORE_A_KILL
    every_acknowledged_start_has_ended_with_its_exact_output(record, executions)
    every_key_has_started_one_workflow(record, after.keys)
    everything_kept_is_as_acknowledged_last(record, after.kept)
    every_second_has_had_its_run(after.ticks)
    nothing_was_handed_out_after_its_acknowledged_result(record, executions)
    every_acknowledged_result_is_in_effect(record, executions)
    every_stored_result_is_of_somebody_who_did_that_attempt(record, executions)
    every_task_was_completed_in_one_attempt_only(executions)
    other_attempts_were_made_only_of_what_nobody_reported_in_time(executions)
    every_attempt_was_handed_out_to_one_worker_only(record)


def every_acknowledged_start_has_ended_with_its_exact_output(
    record: Record, executions: Executions
) -> None:
    ended = {
        workflow_id: (execution.get("status"), execution.get("output"))
        for workflow_id, execution in executions.items()
    }
    expected = {key: ("COMPLETED", output) for key, output in record.started.items()}
    assert ended == expected


def every_key_has_started_one_workflow(record: Record, keys: Counter[str]) -> None:
    assert record.keys
    assert {key: keys[key] for key in record.keys} == dict.fromkeys(record.keys, 1)


def everything_kept_is_as_acknowledged_last(record: Record, kept: dict[str, Any]) -> None:
    assert len(kept) > len(KINDS)
    assert kept == record.kept


def every_second_has_had_its_run(ticks: list[int]) -> None:
    """The schedule has run once for each second, those without a server included."""
    assert ticks
    assert ticks == list(range(ticks[0], ticks[-1] + 1, 1_000))


def nothing_was_handed_out_after_its_acknowledged_result(
    record: Record, executions: Executions
) -> None:
    """A result in effect is final: neither its attempt nor another one is handed out later."""
    for execution in executions.values():
        done_at = {
            task["referenceTaskName"]: record.acknowledged_at[task["taskId"]]
            for task in execution["tasks"]
            if task["status"] == "COMPLETED" and task["taskId"] in record.acknowledged_at
        }
        for task in execution["tasks"]:
            handed_out_at = record.handed_out_at.get(task["taskId"], 0)
            assert handed_out_at <= done_at.get(task["referenceTaskName"], handed_out_at), task


def every_acknowledged_result_is_in_effect(record: Record, executions: Executions) -> None:
    stored = attempts(executions)
    for task_id, tokens in record.acknowledged.items():
        if task_id not in stored:  # of a workflow whose start was not acknowledged
            continue
        task = stored[task_id]
        # A report that comes after the response timeout is acknowledged and changes nothing.
        assert task["status"] in {"COMPLETED", "TIMED_OUT"}, task
        if task["status"] == "COMPLETED":
            assert task["outputData"]["token"] in tokens


def every_stored_result_is_of_somebody_who_did_that_attempt(
    record: Record, executions: Executions
) -> None:
    for task in attempts(executions).values():
        if task["status"] == "COMPLETED":
            assert task["outputData"]["token"] in record.done[task["taskId"]]


def every_task_was_completed_in_one_attempt_only(executions: Executions) -> None:
    for execution in executions.values():
        completed = [
            task["referenceTaskName"]
            for task in execution["tasks"]
            if task["status"] == "COMPLETED" and task["taskType"] == "play"
        ]
        concert = ["tune", *BRANCHES, "bow"]
        expected = concert if execution["workflowName"] == "concert" else ["solo"]
        assert sorted(completed) == sorted(expected)


def other_attempts_were_made_only_of_what_nobody_reported_in_time(
    executions: Executions,
) -> None:
    for task in attempts(executions).values():
        if task["status"] != "COMPLETED":
            assert task["status"] == "TIMED_OUT", task
            assert task["retried"], task


def every_attempt_was_handed_out_to_one_worker_only(record: Record) -> None:
    assert max(len(tokens) for tokens in record.done.values()) == 1
