"""The shop's workers; they know nothing of how tasks come to them.

    export DALSEGNO_URL=http://127.0.0.1:8080
    python -m examples.violin_shop_sdk.workers

has them poll; ``on_sqs`` and ``on_lambda`` are the other ways.
"""

import os
import time
import zlib
from pathlib import Path
from typing import Final

from dalsegno import Fail, Retry, TaskContext, Worker, worker
from examples.violin_shop.ledger import Ledger
from examples.violin_shop.prices import LABOUR, PARTS

LEDGER: Final = Ledger(Path(os.environ.get("VIOLIN_SHOP_LEDGER", "violin_shop.jsonl")))


@worker
def validate_order(instrument: str, parts: list[str]) -> dict[str, int]:
    """Return what the instrument costs to begin; one that cannot be built fails for good."""
    if instrument not in LABOUR or not parts or not PARTS.keys() >= set(parts):
        raise Fail(f"we cannot build a {instrument} of {parts}", terminal=True)
    return {"labour": LABOUR[instrument], "deposit": LABOUR[instrument] // 4}


@worker(concurrency=4)
def source_part(part: str, order_id: str, task: TaskContext) -> dict[str, str | int]:
    """Take a part from a supplier, which takes its time."""
    time.sleep(1 + zlib.crc32(f"{order_id} {part}".encode()) % 1000 / 1000)
    entry = LEDGER.do_once(task.key, task.task_id, f"take the {part} for {order_id}")
    return {"part": part, "price": PARTS[part], "receipt": entry.number}


@worker
def write_invoice(order_id: str, total: int, task: TaskContext) -> dict[str, str]:
    """Give the invoice its number, which must not be used up twice."""
    entry = LEDGER.do_once(task.key, task.task_id, f"invoice {order_id} over {total}")
    return {"number": f"INV-{entry.number:04}"}


@worker
def notify_customer(customer: str, text: str, task: TaskContext) -> dict[str, int]:
    """Write to the customer; the mail server is busy on the first two attempts."""
    if task.attempt <= 2:
        raise Retry("451 the mail server is busy, try again later")
    return {"mail": LEDGER.do_once(task.key, task.task_id, f"mail {customer}: {text}").number}


WORKERS: Final = (validate_order, source_part, write_invoice, notify_customer)

if __name__ == "__main__":
    Worker(*WORKERS).run()
