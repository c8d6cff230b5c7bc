"""Accesses are judged as IAM judges them."""

from typing import Any

import pytest

from tests.cloud.accesses import Access, arn
from tests.cloud.policies import Statement, judged

TABLE = arn("dynamodb", "table/orders")
READ = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}
LEADING = "dynamodb:LeadingKeys"


def is_allowed(access: Access, *statements: dict[str, Any]) -> bool:
    return judged([Statement.read(statement) for statement in statements], access)


def reading(*keys: str, resource: str = TABLE) -> Access:
    return Access("dynamodb:GetItem", resource, {LEADING: keys} if keys else {})


def test_what_no_statement_allows_is_denied() -> None:
    assert not is_allowed(reading())
    assert not is_allowed(Access("dynamodb:PutItem", TABLE), READ)
    assert not is_allowed(reading(resource=arn("dynamodb", "table/orders2")), READ)


def test_what_a_statement_allows_is_allowed() -> None:
    assert is_allowed(reading(), READ)
    assert is_allowed(reading(), {**READ, "Action": ["dynamodb:Query", "DynamoDB:getitem"]})


def test_a_denial_outweighs_every_right() -> None:
    assert not is_allowed(reading(), READ, {**READ, "Effect": "Deny", "Action": "dynamodb:*"})


@pytest.mark.parametrize(
    ("pattern", "is_matched"),
    [("*", True), (f"{TABLE}*", True), (TABLE[:-1] + "?", True), (f"{TABLE}/index/*", False)],
)
def test_patterns_of_resources(pattern: str, *, is_matched: bool) -> None:
    assert is_allowed(reading(), {**READ, "Resource": pattern}) is is_matched


def test_every_leading_key_must_match() -> None:
    limited = {**READ, "Condition": {"ForAllValues:StringLike": {LEADING: ["D#*", "EXACT"]}}}

    assert is_allowed(reading("D#1", "EXACT"), limited)
    assert not is_allowed(reading("D#1", "W#1"), limited)
    assert not is_allowed(reading("EXACTLY"), limited)


def test_for_all_values_holds_where_there_is_none() -> None:
    """As AWS warns: an allowing statement must not rest on it."""
    limited = {**READ, "Condition": {"ForAllValues:StringLike": {LEADING: ["D#*"]}}}

    assert is_allowed(reading(), limited)


def test_a_plain_condition_needs_a_value() -> None:
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    }
    role = arn("iam", "role/timers", region="")

    assert not is_allowed(Access("iam:PassRole", role), passing)
    assert not is_allowed(Access("iam:PassRole", role, {"iam:PassedToService": ("x",)}), passing)
    assert is_allowed(
        Access("iam:PassRole", role, {"iam:PassedToService": ("scheduler.amazonaws.com",)}), passing
    )
