"""Retry, rerun, restart, revival, upgrade and jump: how an execution is made to go another way.

The operation is noted on the workflow item first, set running if it had ended, its ``run``
raised; until the operation is done nothing else moves. Whoever finds it unfinished repeats it:
what it has dealt with already is told by the run in the task ids, or is open again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from dalsegno.models import EpochMillis, JsonObject, WorkflowStatus
from dalsegno_state import flow
from dalsegno_state.draft import Draft, Tools
from dalsegno_state.execution import Operation, WorkflowState
from dalsegno_state.operations.jump import jump, jump_obstacle
from dalsegno_state.operations.reopening import (
    delete,
    reopen_unsuccessful,
    retriable,
    revive,
    revives_child,
)
from dalsegno_state.operations.rerun import rerun
from dalsegno_state.operations.upgrade import upgrade, upgrade_obstacles
from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.transition import Transition
from dalsegno_state.versions import known
from dalsegno_state.view import View

__all__ = [
    "continue_operation",
    "jump_obstacle",
    "retriable",
    "revives_child",
    "set_going",
    "upgrade_obstacles",
]


def set_going(workflow: WorkflowState, operation: Operation, now: EpochMillis) -> WorkflowState:
    """Return an ended workflow set running again, its operation yet to be carried out."""
    return replace(
        workflow,
        revision=workflow.revision + 1,
        run=workflow.run + 1,
        status=WorkflowStatus.RUNNING,
        operation=operation,
        reason=None,
        failed_task_id=None,
        failed_refs=(),
        ended_at=0,
        closing=False,
        last_retried_at=now,
        updated_at=now,
    )


def continue_operation(view: View, *, now: EpochMillis, tools: Tools) -> Transition:
    """Return the next part of a workflow's operation; its last part takes the note away."""
    draft = Draft(view, tools, now, TASK_TYPES)
    draft.operating = True
    operation = view.workflow.operation
    if operation is None:
        return draft.transition()
    with known(f"an operation of workflow {view.workflow.workflow_id}"):
        carry_out = _OPERATIONS[operation.kind]
    done = carry_out(draft, operation.arguments)
    flow.drain(draft)
    if done:
        draft.update_workflow(replace(draft.workflow, operation=None))
        for ref in draft.agenda:
            draft.look_later(ref)
    return draft.transition()


def _restart(draft: Draft, _arguments: JsonObject) -> bool:
    return delete(draft, draft.everything())


def _retry(draft: Draft, _arguments: JsonObject) -> bool:
    return reopen_unsuccessful(draft)


def _revive(draft: Draft, arguments: JsonObject) -> bool:
    ref = arguments.get("ref")
    return revive(draft, ref if isinstance(ref, str) else None)


# Each returns whether nothing of it is left to do.
_OPERATIONS: Final[Mapping[str, Callable[[Draft, JsonObject], bool]]] = {
    "jump": jump,
    "rerun": rerun,
    "restart": _restart,
    "retry": _retry,
    "revive": _revive,
    "upgrade": upgrade,
}
