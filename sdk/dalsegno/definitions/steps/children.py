"""Steps that run other workflows."""

from collections.abc import Mapping
from typing import Any

from dalsegno.definitions.definition import Workflow
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.step import Step, present, step_of
from dalsegno.models import WorkflowDef


def subworkflow(
    workflow: str | Workflow | WorkflowDef | Expression,
    /,
    ref: str | None = None,
    *,
    version: int | None = None,
    priority: int | str | Expression | None = None,
    task_to_domain: Mapping[str, str] | None = None,
    idempotency_key: str | Expression | None = None,
    idempotency_strategy: str | Expression | None = None,
    **inputs: Value,
) -> Step:
    """Return a workflow within the workflow, and a wait for its end; has its output.

    Args:
        workflow: A registered workflow's name; a definition, which is embedded; or an expression
            that yields one.
        ref: Reference name, the workflow's name by default.
        version: Of a registered workflow, its latest by default.
        priority: Of the execution, 0 to 99.
        task_to_domain: Which domain's workers do its tasks, by task type.
        idempotency_key: At most one execution has it.
        idempotency_strategy: What happens if one has it already: an ``IdempotencyStrategy``.
        **inputs: The workflow's input.
    """
    name, which = _which(workflow)
    params = present(
        f"step {ref}",
        **which,
        version=version,
        priority=priority,
        taskToDomain=task_to_domain,
        idempotencyKey=idempotency_key,
        idempotencyStrategy=idempotency_strategy,
    )
    return step_of("SUB_WORKFLOW", name if ref is None else ref, inputs, subWorkflowParam=params)


def start_workflow(
    name: str | Expression,
    /,
    ref: str = "start_workflow",
    *,
    version: int | None = None,
    correlation_id: str | Expression | None = None,
    idempotency_key: str | Expression | None = None,
    **inputs: Value,
) -> Step:
    """Return the start of a workflow that goes on by itself; ``output.workflowId`` names it."""
    request = present(
        f"step {ref}",
        name=name,
        version=version,
        correlationId=correlation_id,
        idempotencyKey=idempotency_key,
        input=inputs or None,
    )
    return step_of("START_WORKFLOW", ref, {"startWorkflow": request})


def _which(workflow: object) -> tuple[str, dict[str, Any]]:
    match workflow:
        case str():
            return workflow, {"name": workflow}
        case Workflow():
            return workflow.name, {"workflowDefinition": workflow.definition().to_wire()}
        case WorkflowDef():
            return workflow.name, {"workflowDefinition": workflow.to_wire()}
        case Expression():
            return "subworkflow", {"name": "subworkflow", "workflowDefinition": workflow}
    raise TypeError(f"{workflow!r:.80} is no workflow: give a name, a Workflow or an expression")
