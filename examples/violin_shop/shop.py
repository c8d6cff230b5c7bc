"""The shop's counter: talks to the server through the official Conductor SDK for Python."""

import json
import logging
from typing import Any

from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models.start_workflow_request import StartWorkflowRequest
from conductor.client.orkes_clients import OrkesClients

from examples.violin_shop.orders import HERE, Attempt, Order, Progress


class Shop:
    """Registers definitions, takes orders, looks after them and passes on the luthier's word."""

    def __init__(self, api_url: str, payment_url: str) -> None:
        logging.getLogger("conductor").setLevel(logging.CRITICAL)
        clients = OrkesClients(Configuration(server_api_url=api_url))
        self._metadata = clients.get_metadata_client()
        self._workflows = clients.get_workflow_client()
        self._executor = clients.get_workflow_executor()
        self._payment_url = payment_url

    def register(self) -> None:
        """Register all definitions of the shop."""
        for task_def in _read("task_definitions.json"):
            self._metadata.register_task_def(task_def)
        for name in ("refund_order.json", "order_processing.json"):
            self._metadata.register_workflow_def(_read(name), overwrite=True)

    def take(self, order: Order) -> Progress:
        """Start an order's workflow."""
        request = StartWorkflowRequest(
            name="order_processing",
            version=1,
            correlation_id=order.id,
            input={"order": order.document, "paymentService": self._payment_url},
        )
        return Progress(order, self._workflows.start_workflow(request))

    def look(self, progress: Progress) -> Progress:
        """Return how far an order has come by now."""
        workflow = self._workflows.get_workflow(progress.workflow_id, include_tasks=True)
        return Progress(
            order=progress.order,
            workflow_id=progress.workflow_id,
            status=str(workflow.status),
            reason=workflow.reason_for_incompletion or "",
            attempts=tuple(_attempt(task) for task in workflow.tasks or ()),
            failure_workflow_id=(workflow.output or {}).get("conductor.failure_workflow"),
        )

    def agree(self, progress: Progress, note: str) -> None:
        """Let the luthier agree to an order's wishes: a signal to the task that waits for it."""
        self._executor.signal_async(progress.workflow_id, "COMPLETED", {"note": note})


def _read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def _attempt(task: Any) -> Attempt:
    return Attempt(
        ref=task.reference_task_name,
        type=task.task_type,
        status=task.status,
        number=(task.retry_count or 0) + 1,
        task_id=task.task_id,
        output=json.dumps(task.output_data, sort_keys=True),
        reason=task.reason_for_incompletion or "",
    )
