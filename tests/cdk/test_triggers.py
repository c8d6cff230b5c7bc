"""Rules and schedules that start workflows: what they send, where to, and what may not go."""

import json
from typing import Any

import pytest
from aws_cdk import App, Duration, Environment, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from dalsegno_cdk import Dalsegno, DalsegnoSettings

ORDERS = events.EventPattern(source=["shop"], detail_type=["OrderPlaced"])
HOURLY = scheduler.ScheduleExpression.rate(Duration.hours(1))


class _Shop:
    """A stack in which an event and a schedule may start workflows."""

    def __init__(self, code: lambda_.Code, **settings: Any) -> None:
        self.app = App()
        self.stack = Stack(self.app, "shop", env=Environment(region="eu-west-1"))
        self.workflows = Dalsegno(
            self.stack, "Workflows", settings=DalsegnoSettings(**settings), code=code
        )
        self.rule = events.Rule(self.stack, "Placed", event_pattern=ORDERS)

    def target(self) -> dict[str, Any]:
        """Return the only target of the rule."""
        rules = Template.from_stack(self.stack).find_resources("AWS::Events::Rule")
        (rule,) = (rule for name, rule in rules.items() if name.startswith("Placed"))
        (target,) = rule["Properties"]["Targets"]
        found: dict[str, Any] = target
        return found


@pytest.fixture
def shop(code: lambda_.Code) -> _Shop:
    return _Shop(code)


def test_a_rule_sends_the_event_as_the_input_of_a_workflow(shop: _Shop) -> None:
    shop.workflows.start_on(shop.rule, "order_processing", version=2)

    sent = shop.target()["InputTransformer"]
    paths = {f"<{name}>": path for name, path in sent["InputPathsMap"].items()}
    filled = sent["InputTemplate"]
    for placeholder, path in paths.items():
        filled = filled.replace(f":{placeholder}", f':"{path}"').replace(placeholder, path)
    message = json.loads(filled)
    assert message["identity"].endswith("/order_processing/$.id")
    assert message["at"] == "$.time"
    assert message["request"]["name"] == "order_processing"
    assert message["request"]["version"] == 2
    assert message["request"]["input"]["detail"] == "$.detail"
    assert message["request"]["input"]["detail-type"] == "$.detail-type"


def test_a_rule_may_choose_what_the_input_is(shop: _Shop) -> None:
    order_id = events.EventField.from_path("$.detail.orderId")

    shop.workflows.start_on(shop.rule, "order", inputs={"id": order_id}, correlation_id=order_id)

    sent = shop.target()["InputTransformer"]
    assert set(sent["InputPathsMap"].values()) == {"$.id", "$.time", "$.detail.orderId"}


def test_an_event_whose_detail_is_a_request_is_sent_as_it_is(shop: _Shop) -> None:
    shop.workflows.start_on(shop.rule)

    assert "InputTransformer" not in shop.target()


def test_one_rule_starts_a_workflow_once(shop: _Shop) -> None:
    shop.workflows.start_on(shop.rule, "order")

    with pytest.raises(ValueError, match="starts order already"):
        shop.workflows.start_on(shop.rule, "order")


def test_a_schedule_names_itself_and_its_time_the_same_in_all_deliveries(shop: _Shop) -> None:
    shop.workflows.start_at("Hourly", HOURLY, "report", inputs={"kind": "hourly"})

    (schedule,) = (
        Template.from_stack(shop.stack).find_resources("AWS::Scheduler::Schedule").values()
    )
    message = json.loads(schedule["Properties"]["Target"]["Input"])
    assert message == {
        "identity": "<aws.scheduler.schedule-arn>/<aws.scheduler.scheduled-time>",
        "at": "<aws.scheduler.scheduled-time>",
        "request": {"name": "report", "input": {"kind": "hourly"}},
    }


def test_what_cannot_be_delivered_goes_to_the_dead_letters(shop: _Shop) -> None:
    shop.workflows.start_on(shop.rule, "order")
    shop.workflows.start_at("Hourly", HOURLY, "report")

    (schedule,) = (
        Template.from_stack(shop.stack).find_resources("AWS::Scheduler::Schedule").values()
    )
    for target in (shop.target(), schedule["Properties"]["Target"]):
        queue = target["Arn"]["Fn::GetAtt"][0]
        letters = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
        assert queue.startswith("WorkflowsMessagingTriggersQueue")
        assert letters.startswith("WorkflowsMessagingTriggersDeadLetters")


@pytest.mark.parametrize("settings", [{}, {"customer_key": True}])
def test_triggers_break_no_rule_of_aws(code: lambda_.Code, settings: dict[str, Any]) -> None:
    shop = _Shop(code, **settings)
    shop.workflows.start_on(shop.rule, "order")
    shop.workflows.start_at("Hourly", HOURLY, "report")

    Validations.of(shop.app).add_plugins(AwsSolutionsChecks(shop.app))

    shop.app.synth()


@pytest.mark.parametrize("customer_key", [False, True])
def test_only_rules_of_this_account_send_to_the_engine(
    code: lambda_.Code, *, customer_key: bool
) -> None:
    shop = _Shop(code, customer_key=customer_key)
    shop.workflows.start_on(shop.rule, "fulfil")
    shop.workflows.on_events(events.Rule(shop.stack, "Paid", event_pattern=ORDERS))

    template = Template.from_stack(shop.stack)
    kinds = ("AWS::SQS::QueuePolicy", "PolicyDocument"), ("AWS::KMS::Key", "KeyPolicy")
    opened = [
        statement
        for kind, document in kinds
        for resource in template.find_resources(kind).values()
        for statement in resource["Properties"][document]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert len(opened) >= 4
    for statement in opened:
        conditions = statement["Condition"]
        assert conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        if statement["Action"] == "sqs:SendMessage":
            assert conditions["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][1] == "Arn"
    used = Template.to_json(template)["Resources"]
    assert any(resource["Type"] == "AWS::KMS::Key" for resource in used.values()) is customer_key
