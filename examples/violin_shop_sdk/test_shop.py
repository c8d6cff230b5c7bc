"""How the shop is tested: its workflows and its workers, in memory, without a server."""

from pathlib import Path
from typing import Any

import pytest

from dalsegno.testing import DisturbanceKind, Responds, Run, WorkflowTest, check_durability
from examples.violin_shop.ledger import Ledger
from examples.violin_shop_sdk import workers
from examples.violin_shop_sdk.workflows import ORDER_PROCESSING, REFUND_ORDER, TASKS

ORDER = {"id": "V-1", "customer": "Ada", "instrument": "violin", "parts": ["scroll", "strings"]}
PAID = Responds({"status": "paid"})
DECLINED = Responds({"status": "declined", "reason": "no money"})


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(workers, "LEDGER", Ledger(tmp_path / "ledger.jsonl"))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # suppliers are quick
    return workers.LEDGER


@pytest.fixture
def shop() -> WorkflowTest:
    test = WorkflowTest(ORDER_PROCESSING, sub_workflows=[REFUND_ORDER], task_defs=TASKS)
    return test.use(*workers.WORKERS).mock("charge_card", PAID).mock("refund_card", PAID)


def ordered(**changes: Any) -> dict[str, Any]:
    return {"order": {**ORDER, **changes}, "paymentService": "http://payments"}


def test_instrument_is_built_paid_and_announced(shop: WorkflowTest) -> None:
    run = shop.run(ordered())

    run.assert_completed()
    assert run.output["total"] == 1900 + 150 + 60
    assert run.output["invoice"] == "INV-0003"
    assert run.attempts("notify") == 3


def test_busy_bank_is_asked_again(shop: WorkflowTest) -> None:
    run = shop.mock("deposit", Responds(status=503), PAID).run(ordered())

    run.assert_completed()
    assert run.attempts("deposit") == 2


def test_wishes_wait_for_the_luthier(shop: WorkflowTest) -> None:
    run = shop.start(ordered(wishes="a lion's head")).until("luthier").advance(days=3)
    assert run.status == "RUNNING"

    run.signal("luthier", {"note": "agreed"}).finish()

    run.assert_completed()
    assert run.output["luthier"] == "agreed"


def test_deposit_goes_back_if_the_balance_is_declined(shop: WorkflowTest) -> None:
    run = shop.mock("balance", DECLINED).run(ordered())

    run.assert_failed("Balance declined: no money")
    assert isinstance(run.failure_workflow, Run)
    run.failure_workflow.assert_completed().assert_path("refund", *["apologize"] * 3)


def test_what_cannot_be_built_is_refused_at_once(shop: WorkflowTest) -> None:
    run = shop.run(ordered(instrument="harp"))

    assert run.path == ["validate"]
    assert "we cannot build a harp" in str(run.reason)


def test_nothing_is_done_twice_when_workers_die(shop: WorkflowTest, ledger: Ledger) -> None:
    def fresh() -> WorkflowTest:
        ledger.path.unlink(missing_ok=True)
        return shop

    report = check_durability(
        fresh,
        ordered(),
        effects=lambda: sorted(entry.what for entry in ledger.entries()),
        kinds={DisturbanceKind.WORKER_DIES_AFTER, DisturbanceKind.REPORTED_TWICE},
    )

    assert not report.differences
