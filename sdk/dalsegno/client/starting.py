"""Starting executions so that a request made twice starts one."""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from pydantic import ValidationError

from dalsegno.client.call import Call, path, reads, reads_text, sends
from dalsegno.client.payload import Payload, json_object
from dalsegno.client.violations import never_sent
from dalsegno.models import IdempotencyStrategy, StartWorkflowRequest, WorkflowDef, WorkflowRun

# Quick workflows have ended by then. The others are looked after from here, less and less often:
# a function that waits is billed for it.
_WAIT_SECONDS: Final = 2


def start_request(
    name: str,
    input: Payload | None,
    *,
    version: int | None,
    correlation_id: str | None,
    priority: int,
    task_to_domain: Mapping[str, str] | None,
    idempotency_key: str | None,
    idempotency_strategy: IdempotencyStrategy | None,
    external_input_path: str | None = None,
    workflow_def: WorkflowDef | None = None,
) -> StartWorkflowRequest:
    """Return what starts a workflow. Raises InvalidRequestError."""
    if idempotency_key is not None and idempotency_strategy is None:
        idempotency_strategy = IdempotencyStrategy.RETURN_EXISTING
    try:
        return StartWorkflowRequest(
            name=name,
            version=version,
            input=json_object("input", input),
            correlation_id=correlation_id,
            priority=priority,
            task_to_domain=dict(task_to_domain or {}),
            idempotency_key=idempotency_key,
            idempotency_strategy=idempotency_strategy,
            external_input_payload_storage_path=external_input_path,
            workflow_def=workflow_def,
        )
    except ValidationError as error:
        raise never_sent(error) from None


def with_key(request: StartWorkflowRequest) -> StartWorkflowRequest:
    """Return the request with an idempotency key, one of its own if it has none."""
    if request.idempotency_key is not None:
        return request
    update = {
        "idempotency_key": str(uuid4()),
        "idempotency_strategy": IdempotencyStrategy.RETURN_EXISTING,
    }
    return request.model_copy(update=update)


def start_call(request: StartWorkflowRequest) -> Call[str]:
    """Return the call that starts an execution and answers with its id."""
    return Call(
        "POST",
        "/workflow",
        reads_text,
        body=sends(request),
        repeatable=_gets_the_same(request),
    )


def run_call(request: StartWorkflowRequest, timeout_seconds: float | None) -> Call[WorkflowRun]:
    """Return the call that starts an execution and answers when it has ended, or soon."""
    wait = _WAIT_SECONDS if timeout_seconds is None else min(_WAIT_SECONDS, timeout_seconds)
    wait_seconds = max(1, round(wait))
    return Call(
        "POST",
        path("/workflow/execute/{}/{}", request.name, request.version or 0),
        reads(WorkflowRun),
        query={"waitForSeconds": wait_seconds},
        body=sends(request),
        repeatable=_gets_the_same(request),
        wait_seconds=wait_seconds,
    )


def _gets_the_same(request: StartWorkflowRequest) -> bool:
    """Return whether starting again gets the execution started before, and not a conflict."""
    return request.idempotency_strategy is IdempotencyStrategy.RETURN_EXISTING
