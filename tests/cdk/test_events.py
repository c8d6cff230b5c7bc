"""Queues and rules whose messages event handlers take."""

import json
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from dalsegno_cdk import Dalsegno
from dalsegno_state.incoming_event import decode_incoming_event


def _deployed(code: lambda_.Code) -> tuple[Stack, Dalsegno]:
    stack = Stack(App(), "shop")
    return stack, Dalsegno(stack, "Workflows", code=code)


def test_a_rule_sends_what_the_queue_of_events_takes(code: lambda_.Code) -> None:
    stack, workflows = _deployed(code)
    rule = events.Rule(stack, "Placed", event_pattern=events.EventPattern(source=["shop"]))

    workflows.on_events(rule, bus="orders")

    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule")
    (target,) = next(
        each["Properties"]["Targets"] for name, each in rules.items() if name.startswith("Placed")
    )
    sent = target["InputTransformer"]
    values = {"$.id": '"e-1"', "$.detail-type": "Order placed", "$.detail": '{"n": 7}'}
    filled = sent["InputTemplate"].replace('"<event-id>"', "<event-id>")
    for name, path in sent["InputPathsMap"].items():
        filled = filled.replace(f"<{name}>", values[path])
    event = decode_incoming_event(filled)
    assert (event.event, event.id) == ("eventbridge:orders:Order placed", "e-1")
    assert event.payload == {"n": 7}
    assert "DeadLetterConfig" in target


def test_a_queue_is_consumed_by_the_evaluator(code: lambda_.Code) -> None:
    stack, workflows = _deployed(code)
    queue = sqs.Queue(stack, "Orders", visibility_timeout=Duration.minutes(3))

    workflows.on_events_of(queue)

    template = Template.from_stack(stack)
    mappings = template.find_resources("AWS::Lambda::EventSourceMapping").values()
    mine: list[dict[str, Any]] = [
        each["Properties"]
        for each in mappings
        if each["Properties"]["EventSourceArn"]["Fn::GetAtt"][0].startswith("Orders")
    ]
    (mapping,) = mine
    assert "Evaluator" in mapping["FunctionName"]["Ref"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_evaluator_may_remember_events_and_change_no_handler(code: lambda_.Code) -> None:
    stack, _ = _deployed(code)

    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (policy,) = (each for name, each in policies.items() if "Evaluator" in name)
    keys = [
        key
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for key in statement.get("Condition", {})
        .get("ForAllValues:StringLike", {})
        .get("dynamodb:LeadingKeys", [])
    ]
    assert {"D#event-message*", "D#event-execution/*"} <= set(keys), json.dumps(keys)
    assert not any("D#event-handler".startswith(key.rstrip("*")) for key in keys)


def test_the_evaluator_publishes_on_a_bus_it_was_given(code: lambda_.Code) -> None:
    stack, workflows = _deployed(code)

    workflows.publish_events_to(events.EventBus(stack, "Company"))

    template = Template.from_stack(stack)
    functions = template.find_resources("AWS::Lambda::Function").values()
    told = [
        function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for function in functions
        if "DALSEGNO_EVENT_BUS"
        in function["Properties"].get("Environment", {}).get("Variables", {})
    ]
    assert told == ["evaluator"]
    policies = template.find_resources("AWS::IAM::Policy")
    assert sum("events:PutEvents" in json.dumps(policy) for policy in policies.values()) == 1
