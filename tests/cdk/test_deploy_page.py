"""The examples of the page on deploying make stacks."""

from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack, aws_events, aws_iam, aws_sns, aws_sqs
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

import dalsegno_cdk
from dalsegno_cdk import Dalsegno
from tests.docs.pages import DOCS, Reader


def test_examples_deploy(
    code: lambda_.Code, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path)
    unbundled = App(context={"aws:cdk:bundling-stacks": []})
    stack = Stack(unbundled, "shop", env=Environment(region="eu-west-1"))
    function = lambda_.Function(
        stack,
        "Function",
        code=lambda_.Code.from_inline("handler = print"),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    people = ("my_service", "my_worker", "deployer", "support", "dashboard")
    pattern = aws_events.EventPattern(source=["bank"])
    names = {
        **{name: aws_iam.Role(stack, name, assumed_by=aws_iam.AnyPrincipal()) for name in people},
        "self": stack,
        "charge": function,
        "function": function,
        "topic": aws_sns.Topic(stack, "Topic"),
        "queue": aws_sqs.Queue(stack, "Queue"),
        "rule": aws_events.Rule(stack, "Rule", event_pattern=pattern),
    }
    monkeypatch.setattr(dalsegno_cdk, "Dalsegno", lambda *a, **k: Dalsegno(*a, **k, code=code))

    Reader(DOCS / "deploy.md", names=names).read()

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Scheduler::Schedule", 1)
    template.has_resource_properties("AWS::Events::Rule", {"EventPattern": {"source": ["shop"]}})
    template.has_resource_properties("AWS::SQS::Queue", {"QueueName": "dalsegno-prod-pack"})
