"""The shop's counter: talks to the server through ``Dalsegno``."""

import json

from dalsegno import Dalsegno
from dalsegno.models import Task
from examples.violin_shop.orders import Attempt, Order, Progress
from examples.violin_shop_sdk.workflows import ORDER_PROCESSING, REFUND_ORDER, TASKS


class Shop:
    """Registers definitions, takes orders, looks after them and passes on the luthier's word."""

    def __init__(self, url: str, payment_url: str) -> None:
        self._client = Dalsegno(url)
        self._payment_url = payment_url

    def register(self) -> None:
        """Register all definitions of the shop."""
        self._client.definitions.tasks.put(*TASKS)
        for flow in (REFUND_ORDER, ORDER_PROCESSING):
            self._client.definitions.workflows.put(flow.definition())

    def take(self, order: Order) -> Progress:
        """Start an order's workflow."""
        asked = {"order": order.document, "paymentService": self._payment_url}
        execution = self._client.start(ORDER_PROCESSING.name, asked, correlation_id=order.id)
        return Progress(order, execution.id)

    def look(self, progress: Progress) -> Progress:
        """Return how far an order has come by now."""
        workflow = self._client.execution(progress.workflow_id).get()
        failure_workflow_id = workflow.output.get("conductor.failure_workflow")
        return Progress(
            order=progress.order,
            workflow_id=progress.workflow_id,
            status=workflow.status,
            reason=workflow.reason_for_incompletion or "",
            attempts=tuple(map(_attempt, workflow.tasks)),
            failure_workflow_id=None if failure_workflow_id is None else str(failure_workflow_id),
        )

    def agree(self, progress: Progress, note: str) -> None:
        """Let the luthier agree to an order's wishes: a signal to the task that waits for it."""
        self._client.execution(progress.workflow_id).signal({"note": note})


def _attempt(task: Task) -> Attempt:
    return Attempt(
        ref=task.reference_task_name,
        type=task.task_type,
        status=task.status,
        number=task.retry_count + 1,
        task_id=task.task_id,
        output=json.dumps(task.output_data, sort_keys=True),
        reason=task.reason_for_incompletion or "",
    )
