"""Prints the template of a stack with a worker of each kind; arguments are ``key=value``."""

import json
import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack, LambdaWorker
from tests.cloud.accesses import ACCOUNT, REGION
from tests.cloud.template import STAGE


def template(context: dict[str, str]) -> dict[str, Any]:
    """Return the template of a stack with some settings, and code that need not be bundled."""
    code = lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["*", "!stack.py"])
    stack = DalsegnoStack(
        App(),
        "strict",
        settings=DalsegnoSettings.from_context({"stage": STAGE, **context}),
        code=code,
        env=Environment(account=ACCOUNT, region=REGION),
    )
    handler = lambda_.Function(
        stack, "Handler", code=code, handler="x.handler", runtime=lambda_.Runtime.PYTHON_3_13
    )
    LambdaWorker(stack, "Worker", workflows=stack.workflows, task_type="of_lambda", handler=handler)
    stack.workflows.grant_invoke(handler)
    stack.workflows.grant_publish(sns.Topic(stack, "Topic", topic_name="topic"))
    stack.workflows.publish_events_to(events.EventBus(stack, "Bus", event_bus_name="bus"))
    result: dict[str, Any] = Template.from_stack(stack).to_json()
    return result


if __name__ == "__main__":
    print(json.dumps(template(dict(word.split("=", 1) for word in sys.argv[1:]))))
