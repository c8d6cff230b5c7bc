"""The workflow and its workers, on the real engine in memory."""

from dalsegno.testing import Fails, WorkflowTest

from project_package.workers import charge_card, price_items
from project_package.workflow import order, task_defs


def a_test() -> WorkflowTest:
    return WorkflowTest(order, task_defs=task_defs).use(price_items, charge_card)


def test_small_order_is_charged_at_once() -> None:
    run = a_test().run({"items": ["bow", "rosin"], "card": "4242"})

    run.assert_completed()
    assert run.path == ["price_items", "charge_card"]
    assert run.output["total"] == "162"


def test_large_order_waits_for_approval() -> None:
    run = a_test().start({"items": ["violin"], "card": "4242"}).until("approve").advance(days=3)
    assert run.status == "RUNNING"

    run.signal("approve", {"by": "Antonia"}).finish()

    run.assert_completed()
    assert run.elapsed.days == 3


def test_card_is_charged_at_the_second_attempt() -> None:
    test = WorkflowTest(order, task_defs=task_defs).use(price_items)
    test.mock("charge_card", Fails("no network"), {"number": "R-1"})

    run = test.run({"items": ["rosin"], "card": "4242"})

    assert run.output["receipt"] == "R-1"
    assert run.attempts("charge_card") == 2


def test_what_nobody_sells_is_refused_for_good() -> None:
    run = a_test().run({"items": ["piano"], "card": "4242"})

    assert run.status == "FAILED"
    assert run.attempts("price_items") == 1
