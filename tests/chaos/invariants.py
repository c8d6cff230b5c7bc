"""What must hold once workers have finished all that random operations left behind."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.chaos.actor import ENDED, Json, Record

Executions = Mapping[str, Json]

_REFERENCE: Final = re.compile(r"^\$\{(\w+)\.(input|output)\.?([\w.]*)\}$")
# Their input is what a worker, or the definition, is given, and no operator has changed.
_WORKED: Final = {"SIMPLE"}


def violations(executions: Executions, record: Record) -> Iterator[str]:
    """Yield what is wrong with what is stored, each in a sentence."""
    for workflow in executions.values():
        name = f"{workflow['workflowName']} {workflow['workflowId']}"
        for fault in (
            *_of_its_end(workflow),
            *_of_its_output(workflow),
            *_of_its_attempts(workflow, record),
            *_of_its_inputs(workflow),
            *_of_its_joins(workflow),
            *_of_its_children(workflow, executions, record),
        ):
            yield f"{name} ({workflow['status']}): {fault}"


def current(workflow: Json) -> dict[str, Json]:
    """Return the latest attempt of each task, by its reference name."""
    tasks: dict[str, Json] = {}
    for task in workflow["tasks"]:
        ref = task["referenceTaskName"]
        if ref not in tasks or not task.get("retried"):
            tasks[ref] = task
    return tasks


def _of_its_end(workflow: Json) -> Iterator[str]:
    if workflow["status"] not in {"COMPLETED", "FAILED", "TERMINATED", "TIMED_OUT"}:
        states = {ref: task["status"] for ref, task in current(workflow).items()}
        yield f"has not ended: {states}"
    for task in workflow["tasks"]:
        if task["status"] not in ENDED:
            yield f"{task['referenceTaskName']} is {task['status']}"
    if workflow["status"] != "COMPLETED":
        return
    for ref, task in current(workflow).items():
        if task["status"] not in {"COMPLETED", "SKIPPED", "COMPLETED_WITH_ERRORS"}:
            optional = (task.get("workflowTask") or {}).get("optional")
            left = _ended_by_task(workflow) and task["status"] == "CANCELED"
            if not optional and not left:
                yield f"is complete, but {ref} is {task['status']}"


def _of_its_output(workflow: Json) -> Iterator[str]:
    if workflow["status"] != "COMPLETED" or _ended_by_task(workflow):
        return
    tasks = current(workflow)
    for key, text in workflow["workflowDefinition"]["outputParameters"].items():
        expected = _value(text, workflow, tasks)
        if workflow["output"].get(key) != expected:
            yield f"output {key} is {workflow['output'].get(key)}, not {expected}"


def _of_its_attempts(workflow: Json, record: Record) -> Iterator[str]:
    ids = [task["taskId"] for task in workflow["tasks"]]
    if len(ids) != len(set(ids)):
        yield "has two attempts of the same id"
    for ref in {task["referenceTaskName"] for task in workflow["tasks"]}:
        attempts = [task for task in workflow["tasks"] if task["referenceTaskName"] == ref]
        if sum(not task.get("retried") for task in attempts) > 1:
            yield f"{ref} has more than one attempt that counts"
        if sum(task["status"] == "COMPLETED" for task in attempts) > 1:
            yield f"{ref} was completed twice"
    for task in workflow["tasks"]:
        if task["taskType"] not in _worker_types() or task["status"] != "COMPLETED":
            continue
        token = task["outputData"].get("token")
        by_hand = isinstance(token, str) and token.startswith("by-hand-")
        if not by_hand and token not in record.reported.get(task["taskId"], ()):
            yield f"{task['referenceTaskName']} has the output {task['outputData']} of no report"


def _of_its_inputs(workflow: Json) -> Iterator[str]:
    tasks = current(workflow)
    for ref, task in tasks.items():
        if (task.get("workflowTask") or {}).get("type") not in _WORKED or "__" in ref:
            continue
        for key, text in (task["workflowTask"].get("inputParameters") or {}).items():
            expected = _value(text, workflow, tasks)
            if task["status"] != "SKIPPED" and task["inputData"].get(key) != expected:
                yield f"{ref}: input {key} is {task['inputData'].get(key)}, not {expected}"


def _of_its_joins(workflow: Json) -> Iterator[str]:
    tasks = current(workflow)
    for ref, task in tasks.items():
        if task["taskType"] != "JOIN" or task["status"] != "COMPLETED":
            continue
        for joined in task["inputData"].get("joinOn") or ():
            if joined not in tasks:
                yield f"{ref} is complete without {joined}"
            elif tasks[joined]["status"] not in ENDED:
                yield f"{ref} is complete, but {joined} is {tasks[joined]['status']}"


def _of_its_children(workflow: Json, executions: Executions, record: Record) -> Iterator[str]:
    for task in workflow["tasks"]:
        child_id = task.get("subWorkflowId")
        if task["taskType"] != "SUB_WORKFLOW" or not child_id or child_id in record.removed:
            continue
        ref, child = task["referenceTaskName"], executions.get(child_id)
        if child is None:
            yield f"{ref}: its workflow {child_id} is not there"
        elif child["status"] in {"RUNNING", "PAUSED"}:
            yield f"{ref}: its workflow {child_id} is {child['status']}"
        elif task["status"] == "COMPLETED" and not task.get("retried"):
            given = {k: v for k, v in task["outputData"].items() if k != "subWorkflowId"}
            if child["status"] != "COMPLETED" or given != child["output"]:
                yield f"{ref} has {given}, its workflow ended {child['status']}: {child['output']}"


def _ended_by_task(workflow: Json) -> bool:
    return any(
        task["taskType"] == "TERMINATE" and task["status"] == "COMPLETED"
        for task in workflow["tasks"]
    )


def _worker_types() -> set[str]:
    from tests.chaos.definitions import FRAIL, STEP

    return {STEP, FRAIL}


def _value(text: Any, workflow: Json, tasks: Mapping[str, Json]) -> Any:
    """Return what an expression of the definitions yields."""
    match = _REFERENCE.match(text)
    assert match is not None, text
    ref, side, path = match.groups()
    if ref == "workflow":
        value: Any = workflow[side]
    else:
        value = tasks[ref]["outputData"] if ref in tasks else None
    for key in filter(None, path.split(".")):
        value = value.get(key) if isinstance(value, dict) else None
    return value
