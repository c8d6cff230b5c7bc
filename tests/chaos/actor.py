"""Clients that do as chance says, and what they were told."""

import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx

Json = dict[str, Any]

RECENT = 40  # operations meet each other where they choose among few
ENDED = frozenset(
    {
        "COMPLETED",
        "COMPLETED_WITH_ERRORS",
        "FAILED",
        "FAILED_WITH_TERMINAL_ERROR",
        "TIMED_OUT",
        "CANCELED",
        "SKIPPED",
    }
)


@dataclass
class Record:
    """What clients did and were told.

    Attributes:
        started: Ids of workflows whose start was acknowledged.
        removed: Ids of workflows that somebody asked to remove.
        known: Ids of workflows that operations choose from: those started, and children seen.
        held: Tasks that were handed out and not reported on by the one who got them.
        reported: For each task id, the tokens that were sent as its output.
        acknowledged: For each task id, when a report that ends it was acknowledged first.
        endings: For each task id, status and output when it was first seen ended.
        calls: How often each operation was called.
        slowest: The longest time that any call took, in seconds, and which.
        faults: What must not happen, and did.
    """

    started: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    known: list[str] = field(default_factory=list)
    held: list[Json] = field(default_factory=list)
    reported: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    acknowledged: dict[str, float] = field(default_factory=dict)
    endings: dict[str, tuple[str, Any]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    slowest: tuple[float, str] = (0, "")
    faults: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def saw(self, workflow: Json) -> None:
        """Note the children of a workflow, and that what has ended once stays as it is."""
        for task in workflow.get("tasks", ()):
            child = task.get("subWorkflowId")
            if child and child not in self.known:
                self.known.append(child)
            if task["status"] in ENDED and task["taskType"] not in {"JOIN", "DO_WHILE"}:
                self._ended(task)

    def _ended(self, task: Json) -> None:
        now = (task["status"], task.get("outputData"))
        with self.lock:
            before = self.endings.setdefault(task["taskId"], now)
        if before != now:
            self.faults.append(f"{task['referenceTaskName']} ended twice: {before}, then {now}")


@dataclass
class Actor:
    """One client, with dice of its own."""

    url: str
    http: httpx.Client
    record: Record
    chance: random.Random
    name: str

    def call(
        self, method: str, path: str, *, may: tuple[int, ...] = (), **options: Any
    ) -> httpx.Response:
        """Return the answer; note it as a fault unless its status is 2xx or one of ``may``."""
        began = time.monotonic()
        reply = self.http.request(method, f"/api{path}", **options)
        seconds = time.monotonic() - began
        with self.record.lock:
            self.record.slowest = max(self.record.slowest, (seconds, f"{method} {path}"))
        if not reply.is_success and reply.status_code not in may:
            fault = f"{method} {path} {options}: {reply.status_code} {reply.text}"
            self.record.faults.append(fault)
        return reply

    def workflow(self) -> str:
        """Return the id of a workflow: of a late one, since most others have ended."""
        known = self.record.known
        return self.chance.choice(known[-RECENT:]) if known else "none"

    def workflows(self) -> list[str]:
        """Return the ids of a few workflows."""
        return sorted({self.workflow() for _ in range(self.chance.randint(1, 3))})

    def tasks(self, workflow_id: str) -> list[Json]:
        """Return the tasks of a workflow; none if it is gone."""
        reply = self.call("GET", f"/workflow/{workflow_id}", may=(404,))
        if not reply.is_success:
            return []
        workflow: Json = reply.json()
        self.record.saw(workflow)
        tasks: list[Json] = workflow["tasks"]
        return tasks

    def poll(self, path: str) -> list[Json]:
        """Return the tasks that a poll hands out; none may have an acknowledged result."""
        began = time.monotonic()
        reply = self.call("GET", path)
        found: Any = reply.json() if reply.is_success and reply.text else []
        tasks: list[Json] = found if isinstance(found, list) else [found]
        for task in tasks:
            self.handed_out(task, began)
        return tasks

    def handed_out(self, task: Json, asked: float) -> None:
        """Note a fault if a task's end was acknowledged before this client asked for work."""
        if self.record.acknowledged.get(task["taskId"], asked) < asked:
            self.record.faults.append(f"handed out after its acknowledged end: {task}")

    def report(self, task: Json, status: str, path: str = "/tasks", **fields: Any) -> Json | None:
        """Report on a task; return the next one, if any came with the answer."""
        token = f"{self.name}-{self.chance.getrandbits(40):x}"
        result = {
            "workflowInstanceId": task["workflowInstanceId"],
            "taskId": task["taskId"],
            "workerId": self.name,
            "status": status,
            "outputData": {"token": token},
            **fields,
        }
        with self.record.lock:
            self.record.reported[task["taskId"]].add(token)
        asked = time.monotonic()
        reply = self.call("POST", path, json=result, may=(404,))
        if reply.is_success and status in ENDED:
            with self.record.lock:
                self.record.acknowledged.setdefault(task["taskId"], time.monotonic())
        if reply.status_code == 200 and path.endswith("v2") and reply.text:
            following: Json = reply.json()
            self.handed_out(following, asked)
            return following
        return None
