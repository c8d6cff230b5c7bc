"""Everything that clients, workers and operators do to a server, by name."""

from collections.abc import Callable
from typing import Any, Final

from tests.chaos.actor import Actor, Json
from tests.chaos.definitions import FRAIL, NAMES, STEP, WORKFLOWS, tasks_of
from tests.raw_http import Leaving, leave, request, sent

# Refusals that are no fault: the workflow is gone, or not in a state for it.
UNFIT: Final = (404, 409)
STATUSES: Final = ("COMPLETED", "FAILED", "FAILED_WITH_TERMINAL_ERROR", "IN_PROGRESS")
REFS: Final = sorted({task["taskReferenceName"] for flow in WORKFLOWS for task in tasks_of(flow)})


def start(actor: Actor) -> None:
    """Start one of the workflows."""
    chance = actor.chance
    given = {
        "seed": f"{chance.getrandbits(40):x}",
        "width": chance.randint(0, 5),
        "turns": chance.randint(1, 3),
        "case": chance.choice(["work", "end", "other"]),
    }
    body = {"name": chance.choice(NAMES), "version": 1, "input": given, "correlationId": "chaos"}
    _started(actor, actor.call("POST", "/workflow", json=body).text)


def start_once(actor: Actor) -> None:
    """Start a workflow with a key that other clients use, too: all get the same one."""
    key = str(actor.chance.randint(0, 9))
    given = {"seed": key, "width": 1, "turns": 1, "case": "work"}
    query = {"idempotencyKey": key, "idempotencyStrategy": "RETURN_EXISTING"}
    _started(actor, actor.call("POST", "/workflow/chaos_forks", params=query, json=given).text)


def execute(actor: Actor) -> None:
    """Start a workflow and wait for a moment."""
    body = {"name": "chaos_switch", "version": 1, "input": {"seed": "x", "case": "end"}}
    path = "/workflow/execute/chaos_switch/1?waitForSeconds=1"
    _started(actor, actor.call("POST", path, json=body).json()["workflowId"])


def poll(actor: Actor) -> None:
    """Take a task and do as chance says with it."""
    for task in actor.poll(f"/tasks/poll/{_task_type(actor)}?workerid={actor.name}"):
        _work_on(actor, task)


def batch_poll(actor: Actor) -> None:
    """Take some tasks and do as chance says with each."""
    count, millis = actor.chance.randint(1, 6), actor.chance.choice((0, 50, 200))
    query = f"workerid={actor.name}&count={count}&timeout={millis}"
    for task in actor.poll(f"/tasks/poll/batch/{_task_type(actor)}?{query}"):
        _work_on(actor, task)


def update_and_poll(actor: Actor) -> None:
    """Complete a task that somebody holds, and go on with the next ones."""
    task = _held(actor)
    for _ in range(3):
        if task is not None:
            task = actor.report(task, "COMPLETED", "/tasks/update-v2")
    if task is not None:
        actor.record.held.append(task)


def report_again(actor: Actor) -> None:
    """Report on a task that may have ended long ago, twice and differently."""
    task = _held(actor)
    if task is not None:
        for status in actor.chance.sample(STATUSES, 2):
            actor.report(task, status)


def hang_up(actor: Actor) -> None:
    """Ask for tasks and go away before they come."""
    path = f"/api/tasks/poll/batch/{_task_type(actor)}?count=3&timeout=300"
    leave(
        sent(actor.url, request("GET", path)), actor.chance.choice((Leaving.CLOSE, Leaving.RESET))
    )


def extend_lease(actor: Actor) -> None:
    """Say that a task is still being worked on."""
    task = _held(actor)
    if task is not None:
        actor.report(task, "IN_PROGRESS", extendLease=True)
        actor.record.held.append(task)


def call_back(actor: Actor) -> None:
    """Give a task back for a second."""
    task = _held(actor)
    if task is not None:
        actor.report(task, "IN_PROGRESS", callbackAfterSeconds=1)


def log(actor: Actor) -> None:
    """Write to the log of a task, and read it."""
    task = _held(actor)
    if task is not None:
        actor.call("POST", f"/tasks/{task['taskId']}/log", content="a line", may=(404,))
        actor.call("GET", f"/tasks/{task['taskId']}/log", may=(404,))
        actor.record.held.append(task)


def update_by_name(actor: Actor) -> None:
    """Report on whatever is open under a reference name."""
    workflow_id = actor.workflow()
    ref, status = actor.chance.choice(REFS), actor.chance.choice(STATUSES[:2])
    open_refs = [
        task["referenceTaskName"]
        for task in actor.tasks(workflow_id)
        if task["status"] in {"SCHEDULED", "IN_PROGRESS"} and task["taskType"] in _BY_HAND
    ]
    ref = actor.chance.choice(open_refs or [ref])
    actor.call("POST", f"/tasks/{workflow_id}/{ref}/{status}", json=_output(actor), may=UNFIT)


def signal(actor: Actor) -> None:
    """End the first WAIT of a workflow."""
    path = f"/tasks/{actor.workflow()}/COMPLETED/signal"
    actor.call("POST", path, json=_output(actor), may=UNFIT)


def signal_and_wait(actor: Actor) -> None:
    """End the first WAIT of a workflow and wait for a moment."""
    path = f"/tasks/{actor.workflow()}/COMPLETED/signal/sync?timeoutMillis=200"
    actor.call("POST", path, json=_output(actor), may=UNFIT)


def set_variables(actor: Actor) -> None:
    """Merge a value into a workflow's variables."""
    path = f"/workflow/{actor.workflow()}/variables"
    actor.call("POST", path, json={actor.name: actor.chance.random()}, may=UNFIT)


def pause(actor: Actor) -> None:
    """Pause a workflow."""
    actor.call("PUT", f"/workflow/{actor.workflow()}/pause", may=UNFIT)


def resume(actor: Actor) -> None:
    """Resume a workflow."""
    actor.call("PUT", f"/workflow/{actor.workflow()}/resume", may=UNFIT)


def terminate(actor: Actor) -> None:
    """Terminate a workflow."""
    path = f"/workflow/{actor.workflow()}?reason=chaos"
    actor.call("DELETE", path, may=UNFIT)


def retry(actor: Actor) -> None:
    """Try the failed tasks of a workflow again."""
    deep = actor.chance.choice(("true", "false"))
    path = f"/workflow/{actor.workflow()}/retry?resumeSubworkflowTasks={deep}"
    actor.call("POST", path, may=UNFIT)


def restart(actor: Actor) -> None:
    """Run a workflow again from its beginning."""
    actor.call("POST", f"/workflow/{actor.workflow()}/restart", may=UNFIT)


def rerun(actor: Actor) -> None:
    """Run a workflow again, from one of its tasks or from its beginning."""
    workflow_id = actor.workflow()
    tasks = actor.tasks(workflow_id)
    chosen = actor.chance.choice(tasks)["taskId"] if tasks and actor.chance.random() < 0.8 else None
    body = {"reRunFromTaskId": chosen} if chosen else {}
    # 400: by the time that it is asked for, the task may be gone.
    actor.call("POST", f"/workflow/{workflow_id}/rerun", json=body, may=(400, *UNFIT))


def skip_task(actor: Actor) -> None:
    """Skip a task that may not have been reached yet."""
    path = f"/workflow/{actor.workflow()}/skiptask/{actor.chance.choice(REFS)}"
    body = {"taskInput": {}, "taskOutput": _output(actor)}
    actor.call("PUT", path, json=body, may=(400, *UNFIT))


def jump(actor: Actor) -> None:
    """Go on at another task."""
    path = f"/workflow/{actor.workflow()}/jump/{actor.chance.choice(REFS)}"
    actor.call("POST", path, json={}, may=(400, *UNFIT))


def decide(actor: Actor) -> None:
    """Have a workflow looked at."""
    actor.call("PUT", f"/workflow/decide/{actor.workflow()}", may=UNFIT)


def reset_callbacks(actor: Actor) -> None:
    """Hand out now what waits for a call-back."""
    actor.call("POST", f"/workflow/{actor.workflow()}/resetcallbacks", may=UNFIT)


def change_many(actor: Actor) -> None:
    """Do the same to a few workflows."""
    kinds = (("PUT", "pause"), ("PUT", "resume"), ("POST", "retry"), ("POST", "restart"))
    method, what = actor.chance.choice((*kinds, ("POST", "terminate")))
    actor.call(method, f"/workflow/bulk/{what}", json=actor.workflows())


def search(actor: Actor) -> None:
    """Search for workflows and tasks."""
    name = actor.chance.choice(NAMES)
    where, query = actor.chance.choice(
        (
            ("/workflow/search", f"workflowType = '{name}' AND status = 'RUNNING'"),
            ("/workflow/search-v2", "status IN (FAILED, TERMINATED)"),
            ("/workflow/search-by-tasks", f"taskType = '{STEP}'"),
            ("/tasks/search", f"taskType = '{STEP}' AND status = 'SCHEDULED'"),
        )
    )
    actor.call("GET", where, params={"query": query, "size": 20})


def get(actor: Actor) -> None:
    """Read a workflow, and some of it by other ways."""
    workflow_id = actor.workflow()
    actor.tasks(workflow_id)
    actor.call("GET", f"/workflow/{workflow_id}/status", may=(404,))
    actor.call("GET", f"/workflow/{workflow_id}/tasks", may=(404,))


def remove(actor: Actor) -> None:
    """Remove a workflow, ended or not."""
    workflow_id = actor.workflow()
    _removed(actor, workflow_id)
    path = actor.chance.choice(("remove", "terminate-remove"))
    actor.call("DELETE", f"/workflow/{workflow_id}/{path}", may=(400, *UNFIT))


def requeue(actor: Actor) -> None:
    """Send the messages of all scheduled tasks once more."""
    actor.call("POST", f"/tasks/queue/requeue/{STEP}")


# How often each operation comes up. There must be work to disturb, so starts and polls lead.
OPERATIONS: Final[dict[Callable[[Actor], None], int]] = {
    start: 9,
    start_once: 1,
    execute: 1,
    poll: 8,
    batch_poll: 14,
    update_and_poll: 5,
    report_again: 4,
    hang_up: 2,
    extend_lease: 2,
    call_back: 2,
    log: 2,
    update_by_name: 3,
    signal: 3,
    signal_and_wait: 1,
    set_variables: 3,
    pause: 2,
    resume: 3,
    terminate: 1,
    retry: 5,
    restart: 1,
    rerun: 3,
    skip_task: 2,
    jump: 2,
    decide: 2,
    reset_callbacks: 1,
    change_many: 1,
    search: 1,
    get: 3,
    remove: 1,
    requeue: 1,
}
# Types of which a report by name ends what a worker or a person would have ended.
_BY_HAND: Final = {"WAIT", "HUMAN", STEP}


def act(actor: Actor) -> None:
    """Do something."""
    (operation,) = actor.chance.choices(list(OPERATIONS), list(OPERATIONS.values()))
    with actor.record.lock:
        actor.record.calls[operation.__name__] += 1
    operation(actor)


def _started(actor: Actor, workflow_id: str) -> None:
    with actor.record.lock:
        actor.record.started.append(workflow_id)
        actor.record.known.append(workflow_id)


def _removed(actor: Actor, workflow_id: str) -> None:
    with actor.record.lock:
        actor.record.removed.add(workflow_id)


def _task_type(actor: Actor) -> str:
    return actor.chance.choice((STEP, STEP, STEP, FRAIL))


def _output(actor: Actor) -> dict[str, Any]:
    return {"token": f"by-hand-{actor.chance.getrandbits(40):x}"}


def _held(actor: Actor) -> Json | None:
    """Return a task that somebody holds, which from now on is this client's alone."""
    with actor.record.lock:
        held = actor.record.held
        return held.pop(actor.chance.randrange(len(held))) if held else None


def _work_on(actor: Actor, task: Json) -> None:
    """Report on a task, well or badly; or keep it."""
    done = actor.chance.random()
    if done < 0.12:
        actor.report(task, actor.chance.choice(STATUSES[1:]))
    elif done < 0.75:
        actor.report(task, "COMPLETED")
    else:
        with actor.record.lock:
            actor.record.held.append(task)
