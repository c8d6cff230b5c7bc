"""The workflow: an order is priced, approved if it is large, and paid."""

from dalsegno.definitions import Workflow, human, input, js, switch, task
from dalsegno.models import TaskDef

from project_package.workers import charge_card, price_items

price = task(price_items, items=input.items)
size = switch(
    js("$.total > 1000 ? 'large' : 'small'", total=price.output.total),
    {"large": human("approve"), "small": []},
    ref="size",
)
charge = task(charge_card, card=input.card, amount=price.output.total)

order = Workflow(
    "order",
    price,
    size,
    charge,
    output={"receipt": charge.output.number, "total": price.output.total},
)

# How tasks are tried again, and how long a worker may be silent.
task_defs = [
    TaskDef(name="price_items", retry_count=3, retry_delay_seconds=1, response_timeout_seconds=30),
    TaskDef(name="charge_card", retry_count=5, retry_delay_seconds=5, response_timeout_seconds=30),
]
