"""The stack passes AWS's rules for solutions; what it breaks on purpose says why."""

import pytest
from aws_cdk import App, Environment, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"auth": "keys"},
        {"endpoint": "function-url"},
        {"customerKey": "true", "archive": "true"},
    ],
)
def test_no_rule_is_broken_without_a_reason(context: dict[str, str], code: lambda_.Code) -> None:
    app = App()
    settings = DalsegnoSettings.from_context(context)
    environment = Environment(region="eu-west-1")
    DalsegnoStack(app, "test", settings=settings, code=code, env=environment)

    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    app.synth()  # raises, and names the rules, if any is broken
