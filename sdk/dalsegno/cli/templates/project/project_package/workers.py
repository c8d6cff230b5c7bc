"""The workers: each function does the tasks that are named after it."""

from decimal import Decimal

from dalsegno import Fail, TaskContext, worker
from pydantic import BaseModel

PRICES = {"violin": Decimal(1200), "bow": Decimal(150), "rosin": Decimal(12)}


class Quote(BaseModel):
    """What an order comes to."""

    total: Decimal


class Receipt(BaseModel):
    """What a customer gets for their money."""

    number: str


@worker
def price_items(items: list[str]) -> Quote:
    """Return what the items cost together."""
    unknown = [item for item in items if item not in PRICES]
    if unknown:
        raise Fail(f"we do not sell {', '.join(unknown)}", terminal=True)
    return Quote(total=sum((PRICES[item] for item in items), Decimal()))


@worker
def charge_card(card: str, amount: Decimal, task: TaskContext) -> Receipt:
    """Charge a card; an attempt that is repeated has the same key, so pass it to who charges."""
    task.logger.info("charging %s to the card that ends in %s", amount, card[-4:])
    return Receipt(number=f"R-{task.key}")
