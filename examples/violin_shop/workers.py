"""The shop's workers, written with the official Conductor SDK for Python.

    export CONDUCTOR_SERVER_URL=http://127.0.0.1:8080/api
    python -m examples.violin_shop.workers

Nothing in here knows Dalsegno: the same file works against any Conductor server.
"""

import os
import signal
import sys
import time
import zlib
from pathlib import Path
from typing import Final

from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.context.task_context import get_task_context
from conductor.client.worker.exception import NonRetryableException
from conductor.client.worker.worker_task import worker_task

from examples.violin_shop.ledger import Entry, Ledger
from examples.violin_shop.prices import LABOUR, PARTS

_LEDGER: Final = Ledger(Path(os.environ.get("VIOLIN_SHOP_LEDGER", "violin_shop.jsonl")))
_FAILING_NOTIFICATIONS: Final = 2


class MailServerBusyError(Exception):
    """The mail server asks to be left alone for a moment."""


@worker_task(task_definition_name="validate_order", thread_count=2)  # type: ignore[untyped-decorator]  # the SDK is untyped
def validate_order(instrument: str, parts: list[str]) -> dict[str, object]:
    """Return what the instrument costs to begin; one that cannot be built fails for good."""
    unknown = [part for part in parts if part not in PARTS]
    if instrument not in LABOUR or unknown or not parts:
        raise NonRetryableException(f"we cannot build a {instrument} of {parts}")
    labour = LABOUR[instrument]
    return {"labour": labour, "deposit": labour // 4}


@worker_task(task_definition_name="source_part", thread_count=4)  # type: ignore[untyped-decorator]  # the SDK is untyped
def source_part(part: str, order_id: str) -> dict[str, object]:
    """Take a part from a supplier, which takes its time."""
    time.sleep(1 + zlib.crc32(f"{order_id} {part}".encode()) % 1000 / 1000)
    entry = _do_once(f"take the {part} for {order_id}")
    return {"part": part, "price": PARTS[part], "receipt": entry.number}


@worker_task(task_definition_name="write_invoice", thread_count=2)  # type: ignore[untyped-decorator]  # the SDK is untyped
def write_invoice(order_id: str, total: int) -> dict[str, object]:
    """Give the invoice its number, which must not be used up twice."""
    entry = _do_once(f"invoice {order_id} over {total}")
    return {"number": f"INV-{entry.number:04}"}


@worker_task(task_definition_name="notify_customer", thread_count=4)  # type: ignore[untyped-decorator]  # the SDK is untyped
def notify_customer(customer: str, text: str) -> dict[str, object]:
    """Write to the customer; the mail server is busy on the first two attempts."""
    if get_task_context().get_retry_count() < _FAILING_NOTIFICATIONS:
        raise MailServerBusyError("451 the mail server is busy, try again later")
    entry = _do_once(f"mail {customer}: {text}")
    return {"mail": entry.number}


def main() -> None:
    """Work until told to stop."""
    handler = TaskHandler(configuration=Configuration())

    def stop(signal_number: int, frame: object) -> None:
        handler.stop_processes()
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    handler.start_processes()
    handler.join_processes()


def _do_once(what: str) -> Entry:
    """Have an effect whose key is the step of the workflow, not the attempt at it."""
    context = get_task_context()
    step = context.task.reference_task_name
    key = f"{context.get_workflow_instance_id()}/{step}"
    return _LEDGER.do_once(key, context.get_task_id(), what)


if __name__ == "__main__":
    main()
