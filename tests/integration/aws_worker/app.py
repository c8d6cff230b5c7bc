"""A CDK app of a user: the stack, a function of their own as a worker, and a rule."""

import os
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack, LambdaWorker

app = cdk.App()
settings = DalsegnoSettings.from_context(app.node.get_all_context())
region = os.environ["CDK_DEFAULT_REGION"]
stack = DalsegnoStack(app, "dalsegno-local", settings=settings, env=cdk.Environment(region=region))
charge = lambda_.Function(
    stack,
    "Charge",
    code=lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["app.py", "__pycache__"]),
    handler="shop.charge",
    runtime=lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON),
)
LambdaWorker(stack, "Worker", workflows=stack.workflows, task_type="charge_card", handler=charge)
placed = events.Rule(
    stack, "Placed", event_pattern=events.EventPattern(source=["shop"], detail_type=["OrderPlaced"])
)
stack.workflows.start_on(
    placed, "placed_order", correlation_id=events.EventField.from_path("$.detail.orderId")
)
app.synth()
