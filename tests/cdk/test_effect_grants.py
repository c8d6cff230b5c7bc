"""What tasks may reach outside: what they were granted, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from dalsegno_cdk import Dalsegno


@pytest.fixture(scope="module")
def granted() -> Template:
    """Return a stack whose tasks may reach one of each kind, and there are two."""
    stack = Stack(App(), "shop")
    code = lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["*", "!conftest.py"])
    workflows = Dalsegno(stack, "Workflows", code=code)
    for name in ("Granted", "Other"):
        sinks = (
            sqs.Queue(stack, f"{name}Queue"),
            sns.Topic(stack, f"{name}Topic"),
            events.EventBus(stack, f"{name}Bus"),
        )
        function = lambda_.Function(
            stack,
            f"{name}Function",
            code=code,
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
        )
        if name == "Granted":
            for sink in sinks:
                workflows.grant_publish(sink)
            workflows.grant_invoke(function)
    return Template.from_stack(stack)


def _statements(template: Template, role: str) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy")
    return [
        statement
        for name, policy in policies.items()
        if name.startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sqs:SendMessage", "GrantedQueue"),
        ("sns:Publish", "GrantedTopic"),
        ("events:PutEvents", "GrantedBus"),
        ("lambda:InvokeFunction", "GrantedFunction"),
    ],
)
def test_system_tasks_reach_what_was_granted(granted: Template, action: str, resource: str) -> None:
    statements = _statements(granted, "WorkflowsFunctionsSystemTasks")

    reached = [str(s["Resource"]) for s in statements if action in str(s["Action"])]
    assert any(resource in each for each in reached)
    assert not any("Other" in each for each in reached)


def test_nobody_else_does(granted: Template) -> None:
    for function in ("Api", "Poll", "Evaluator", "Sweeper"):
        statements = _statements(granted, f"WorkflowsFunctions{function}")
        assert statements
        assert "Granted" not in str(statements)


def test_results_of_the_function_come_back(granted: Template) -> None:
    destination = {"Destination": {"Fn::GetAtt": [Match.string_like_regexp("Results"), "Arn"]}}
    granted.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnSuccess": destination, "OnFailure": destination},
        },
    )
    sends = [
        statement
        for statement in _statements(granted, "GrantedFunction")
        if "sqs:SendMessage" in statement["Action"]
    ]
    assert "Results" in str(sends)
