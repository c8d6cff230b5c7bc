"""``dalsegno keys``, on moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dalsegno_functions.wiring import access_key_table
from tests.aws.deployment import REGION
from tests.terminal import Cli

TABLE = "dalsegno-definitions"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Return what runs ``dalsegno keys`` for a table of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    cli = Cli("http://127.0.0.1:1", monkeypatch, capsys)
    with mock_aws():
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield lambda *arguments, table=TABLE: cli("keys", *arguments, "--table", table)


def test_key_is_created_opens_and_is_shown_without_its_secret(keys: Any) -> None:
    made = keys("create", "--role", "worker", "--task-type", "charge", "--note", "till 3", "--json")

    key_id, secret = made.json["keyId"], made.json["keySecret"]
    stored = access_key_table(REGION, TABLE).key(key_id)
    assert stored is not None
    assert stored.is_opened_by(secret)
    shown = keys("show", key_id)
    assert "till 3" in shown.out
    assert secret not in shown.out
    assert [key["keyId"] for key in keys("list", "--json").json] == [key_id]


def test_created_key_is_printed_as_the_environment_wants_it(keys: Any) -> None:
    lines = keys("create", "--role", "admin").out.splitlines()

    assert [line.partition("=")[0] for line in lines] == [
        "CONDUCTOR_AUTH_KEY",
        "CONDUCTOR_AUTH_SECRET",
    ]


def test_revoked_key_is_gone(keys: Any) -> None:
    key_id = keys("create", "--role", "reader", "--json").json["keyId"]

    assert keys("revoke", key_id).status == 0

    assert keys("revoke", key_id).status == 4
    assert keys("show", key_id).status == 4


def test_task_types_are_for_workers_only(keys: Any) -> None:
    refused = keys("create", "--role", "reader", "--task-type", "charge")

    assert refused.status == 2
    assert keys("list", "--json").json == []


def test_table_that_is_not_there_is_told_without_a_traceback(keys: Any) -> None:
    refused = keys("list", table="absent")

    assert refused.status == 1
    assert "Traceback" not in refused.err
