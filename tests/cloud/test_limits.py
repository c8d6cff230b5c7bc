"""What is beyond a limit of AWS is refused in front of emulators that would take it."""

import json
from typing import Any

import pytest

from tests.cloud.accesses import Sent
from tests.cloud.limits import ITEM_BYTES, MESSAGE_BYTES, breach

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}


def sent(service: str, asked: dict[str, Any], path: str = "/") -> Sent:
    body = json.dumps(asked).encode()
    return Sent(service, "", "POST", f"http://127.0.0.1{path}", body)


@pytest.mark.parametrize(
    ("service", "asked"),
    [
        ("dynamodb", {"TableName": "t", "Item": {**KEY, "b": {"S": "x" * ITEM_BYTES}}}),
        ("dynamodb", {"TableName": "t", "Item": {**KEY, "b": {"B": "x" * ITEM_BYTES * 2}}}),
        ("dynamodb", {"TableName": "t", "Key": {**KEY, "pk": {"S": "p" * 2049}}}),
        ("dynamodb", {"TableName": "t", "Key": {**KEY, "sk": {"S": "ü" * 513}}}),
        ("dynamodb", {"TableName": "t", "Key": {**KEY, "sk": {"S": ""}}}),
        ("dynamodb", {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}] * 26}}),
        ("dynamodb", {"RequestItems": {"t": {"Keys": [KEY] * 101}}}),
        ("dynamodb", {"TableName": "t", "FilterExpression": "sk > :a"}),
        ("sqs", {"QueueName": "a.b"}),
        ("sqs", {"QueueName": "a" * 81}),
        ("sqs", {"QueueUrl": "q", "MessageBody": "x" * (MESSAGE_BYTES + 1)}),
        ("sqs", {"QueueUrl": "q", "Entries": [{"MessageBody": "x" * 600_000}] * 2}),
        ("sqs", {"QueueUrl": "q", "Entries": [{}] * 11}),
        ("sqs", {"QueueUrl": "q", "DelaySeconds": 901}),
        ("sqs", {"QueueUrl": "q", "VisibilityTimeout": 43_201}),
        ("sqs", {"QueueUrl": "q", "WaitTimeSeconds": 21}),
        ("secretsmanager", {"Name": "a b"}),
        ("ssm", {"Name": "a$"}),
    ],
)
def test_beyond_a_limit(service: str, asked: dict[str, Any]) -> None:
    assert breach(sent(service, asked))


def test_schedules_have_short_names() -> None:
    assert breach(sent("scheduler", {}, f"/schedules/{'n' * 65}"))
    assert breach(sent("scheduler", {}, f"/schedules/{'n' * 64}")) is None


@pytest.mark.parametrize(
    ("service", "asked"),
    [
        ("dynamodb", {"TableName": "t", "Item": {**KEY, "b": {"S": "x" * 390_000}}}),
        ("dynamodb", {"TableName": "t", "IndexName": "i", "FilterExpression": "pk > :a"}),
        ("sqs", {"QueueUrl": "q", "MessageBody": "x" * MESSAGE_BYTES, "DelaySeconds": 900}),
        ("secretsmanager", {"Name": "dalsegno/prod/card_token"}),
        ("ssm", {"Name": "/dalsegno/prod/region"}),
    ],
)
def test_within_the_limits(service: str, asked: dict[str, Any]) -> None:
    assert breach(sent(service, asked)) is None
