"""The violin shop's workers, polling a local server: see test_aws_local for SQS and Lambda."""

from pathlib import Path

import pytest

from dalsegno import Worker
from examples.violin_shop.ledger import Ledger
from examples.violin_shop_sdk import workers
from tests.violin_orders import check_orders, payments


def test_orders_are_done_over_http(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    monkeypatch.setattr(workers, "LEDGER", ledger)

    with payments(tmp_path) as payment_url, Worker(*workers.WORKERS, url=server_url):
        check_orders(server_url, payment_url, ledger)
