"""What must be the same however a scenario ran: everything stored but times and chance ids."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from dalsegno.models import JsonObject, Workflow
from tests.crash.world import World

_REVISION = re.compile(r"\.\d+\.([A-Z_]+)")
_SECONDS = re.compile(r"\d+ seconds")


def digest_of(world: World) -> JsonObject:
    """Return every workflow by its path, with every attempt of every task."""
    if not world.exists():
        return {}
    shown = {w.workflow_id: world.shown(w.workflow_id) for w in world.workflows()}
    names = {workflow_id: world.path_of(workflow_id) for workflow_id in shown}
    if len(set(names.values())) < len(names):
        raise AssertionError(f"a workflow was started twice: {sorted(names.values())}")
    workflows = {names[i]: _workflow(workflow) for i, workflow in shown.items()}
    text = json.dumps({**workflows, "events": _told(world.events)})
    for workflow_id, name in names.items():
        text = text.replace(workflow_id, name)
    digest: JsonObject = json.loads(_SECONDS.sub("N seconds", text))
    return digest


def _told(event_ids: Iterable[str]) -> dict[str, int]:
    """Return how many events tell of each change of status, whatever revision made it."""
    return dict(sorted(Counter(_REVISION.sub(r".\1", each) for each in event_ids).items()))


def leftovers(world: World) -> list[str]:
    """Return what is still open once the world has come to rest."""
    found = []
    for workflow in world.workflows():
        name = world.path_of(workflow.workflow_id)
        if not workflow.status.is_terminal:
            found.append(f"{name} is {workflow.status}")
        if workflow.closing or workflow.operation or workflow.wake_at is not None:
            found.append(f"{name} is not done with: {workflow}")
        for task in world.stored.state.all_tasks(workflow.workflow_id):
            if not task.status.is_terminal:
                found.append(f"{name} {task.ref} is {task.status}")
    found.extend(f"message in {queue}: {body}" for queue, body in world.place.messages())
    found.extend(f"slot held by {task_id}" for task_id in world.place.held_slots())
    found.extend(f"rate limit held or waited for: {group}" for group in world.place.rate_limits())
    return found


def _workflow(workflow: Workflow) -> JsonObject:
    tasks: dict[str, list[Any]] = {}
    for task in sorted(workflow.tasks, key=lambda task: (task.reference_task_name, task.seq)):
        tasks.setdefault(task.reference_task_name, []).append(
            {
                "status": task.status.value,
                "type": task.task_type,
                "attempt": task.retry_count,
                "input": _without_times(task.input_data),
                "output": _without_times(task.output_data),
                "reason": task.reason_for_incompletion,
                "iteration": task.iteration,
                "domain": task.domain,
            }
        )
    return {
        "status": workflow.status.value,
        "name": workflow.workflow_name,
        "input": _without_times(workflow.input),
        "output": _without_times(workflow.output),
        "variables": workflow.variables,
        "reason": workflow.reason_for_incompletion,
        "failed": [*sorted(workflow.failed_reference_task_names)],
        "tasks": dict(sorted(tasks.items())),
    }


def _without_times(value: Any) -> Any:
    """Return a payload that tells neither of times nor of what is named by chance."""
    if isinstance(value, list):
        return [_without_times(each) for each in value]
    if not isinstance(value, dict):
        return value
    shown = {key: _without_times(each) for key, each in value.items()}
    if "failedWorkflow" in shown:
        shown["failedWorkflow"] = "..."
    if "ownerApp" in shown or "workflowName" in shown:  # an execution that was read
        return {key: shown[key] for key in ("workflowId", "status", "output")}
    if "receivedAt" in shown:
        return shown["payload"]
    return shown
