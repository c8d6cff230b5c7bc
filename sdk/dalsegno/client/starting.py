"""Starting an execution so that a request made twice starts one."""

from uuid import uuid4

from dalsegno.client.call import Call, reads_text, sends
from dalsegno.models import IdempotencyStrategy, StartWorkflowRequest


def start_call(request: StartWorkflowRequest) -> Call[str]:
    """Return the call that starts an execution and answers with its id.

    One without an idempotency key gets one of its own, so that it may be made again when its
    answer gets lost.
    """
    if request.idempotency_key is None:
        request = request.model_copy(
            update={
                "idempotency_key": str(uuid4()),
                "idempotency_strategy": IdempotencyStrategy.RETURN_EXISTING,
            }
        )
    return Call("POST", "/workflow", reads_text, body=sends(request), repeatable=True)
