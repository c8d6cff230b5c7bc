"""What messages of rules and schedules say, and which say nothing."""

import json
from typing import Any

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno_functions.triggers import trigger_of
from dalsegno_state.versions import NewerVersionError

EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "StartWorkflow",
    "source": "shop",
    "account": "111122223333",
    "time": "2026-03-01T12:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {"name": "order", "version": 2, "input": {"id": 7}, "correlationId": "o-7"},
}
MESSAGE = {
    "identity": "arn:aws:scheduler:eu-west-1:111122223333:schedule/default/x/2026-03-01T12:00:00Z",
    "at": "2026-03-01T12:00:00Z",
    "request": {"name": "order"},
}
NOON = 1_772_366_400_000


def test_a_message_of_a_rule_or_a_schedule_is_a_trigger() -> None:
    trigger = trigger_of(json.dumps(MESSAGE))

    assert (trigger.identity, trigger.at) == (MESSAGE["identity"], NOON)
    assert trigger.request.name == "order"


def test_an_event_may_carry_the_request_itself() -> None:
    trigger = trigger_of(json.dumps(EVENT))

    assert trigger.identity == f"111122223333/eu-west-1/shop/{EVENT['id']}"
    assert trigger.at == NOON
    assert (trigger.request.name, trigger.request.version) == ("order", 2)
    assert trigger.request.input == {"id": 7}


def test_a_time_before_ids_can_tell_it_is_their_first() -> None:
    assert trigger_of(json.dumps({**MESSAGE, "at": "1950-01-01T00:00:00Z"})).at == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "Expecting value"),
        ("poison", "Expecting value"),
        ("[]", "valid dictionary"),
        ("{}", "identity"),
        (json.dumps({**MESSAGE, "identity": ""}), "identity"),
        (json.dumps({**MESSAGE, "at": "noon"}), "at"),
        (json.dumps({**MESSAGE, "at": "2026-03-01T12:00:00"}), "timezone"),
        (json.dumps({**MESSAGE, "request": {"input": {}}}), "name"),
        (json.dumps({**MESSAGE, "request": {"name": "x", "priority": 100}}), "priority"),
        (json.dumps({**EVENT, "detail": {"orderId": 7}}), "name"),
    ],
)
def test_what_says_nothing_is_refused_with_the_reason(body: str, named: str) -> None:
    with pytest.raises(NewerVersionError, match=named):
        trigger_of(body)


def test_unfilled_placeholders_of_a_schedule_are_refused() -> None:
    sent: dict[str, Any] = {**MESSAGE, "at": "<aws.scheduler.scheduled-time>"}

    with pytest.raises(NewerVersionError, match="at"):
        trigger_of(json.dumps(sent))
