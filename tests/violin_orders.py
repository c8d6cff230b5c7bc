"""An order at the violin shop, done by its workers wherever they run."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from dalsegno import Dalsegno, Execution, WorkflowFailedError
from dalsegno.models import TaskStatus
from examples.violin_shop.ledger import Ledger
from examples.violin_shop.processes import Processes, free_port
from examples.violin_shop.proof import read_bank
from examples.violin_shop.server import await_answer
from examples.violin_shop_sdk.shop import Shop

PARTS = ("scroll", "strings", "varnish")
EFFECTS = {*PARTS, "invoice", "notify"}


@contextmanager
def payments(folder: Path) -> Iterator[str]:
    """Give the URL of a payment service."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "examples.violin_shop.payment_service", "--port", str(port)]
    with Processes(folder) as processes:
        await_answer(f"{url}/ledger", processes.start("payments", command))
        yield url


def check_orders(
    url: str, payment_url: str, ledger: Ledger, domains: Mapping[str, str] | None = None
) -> None:
    """Order a violin and a harp; whoever does the tasks, one is built and the other refused.

    Each effect of the one must be had exactly once.
    """
    Shop(url, payment_url).register()
    with Dalsegno(url) as client:
        violin = _order(client, "violin", payment_url, domains)
        harp = _order(client, "harp", payment_url, domains)
        _check_is_done_once(violin, payment_url, ledger)
        _check_is_refused(harp)


def _order(
    client: Dalsegno, instrument: str, payment_url: str, domains: Mapping[str, str] | None
) -> Execution:
    order_id = f"V-{uuid4().hex[:8]}"
    order = {"id": order_id, "customer": "Ada", "instrument": instrument, "card": "tok_ada"}
    return client.start(
        "order_processing",
        {"order": {**order, "parts": PARTS}, "paymentService": payment_url},
        correlation_id=order_id,
        task_to_domain=domains,
    )


def _check_is_refused(execution: Execution) -> None:
    with pytest.raises(WorkflowFailedError, match="we cannot build a harp"):
        execution.result(timeout_seconds=120)

    statuses = [task.status for task in execution.get().tasks]
    assert statuses == [TaskStatus.FAILED_WITH_TERMINAL_ERROR]


def _check_is_done_once(execution: Execution, payment_url: str, ledger: Ledger) -> None:
    output = execution.result(timeout_seconds=120)

    workflow = execution.get()
    tasks = workflow.tasks
    assert output["total"] == 1900 + 150 + 60 + 75
    completed = Counter(t.reference_task_name for t in tasks if t.status is TaskStatus.COMPLETED)
    assert set(completed.values()) == {1}
    assert sum(task.reference_task_name == "notify" for task in tasks) == 3
    keys = [entry.key for entry in ledger.entries() if entry.key.startswith(execution.id)]
    assert sorted(keys) == sorted(f"{execution.id}/{ref}" for ref in EFFECTS)
    movements = read_bank(payment_url).movements
    moved = [m["purpose"] for m in movements if m["order"] == workflow.correlation_id]
    assert sorted(map(str, moved)) == ["balance", "deposit"]
