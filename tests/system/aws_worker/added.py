"""What a user adds to the CDK app of a new project: other kinds of workers, and a rule."""

import os
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack, LambdaWorker, PythonWorker, TaskQueue

EXAMPLES = Path(__file__).parents[3] / "examples"


def name_functions(stack: DalsegnoStack) -> None:
    """Have each function say who it is, and ask at an address that judges by that."""
    for construct in stack.node.find_all():
        if isinstance(construct, lambda_.CfnFunction):
            variables = {
                "AWS_ENDPOINT_URL": os.environ.get("STRICT_ENDPOINT", ""),
                "AWS_SDK_UA_APP_ID": stack.get_logical_id(construct),
            }
            for name, value in variables.items():
                construct.add_property_override(f"Environment.Variables.{name}", value)


def add_workers(stack: DalsegnoStack, settings: DalsegnoSettings) -> None:
    """Add to a stack functions as workers of every kind, and a rule that starts a workflow."""
    charge = lambda_.Function(
        stack,
        "Charge",
        code=lambda_.Code.from_asset(
            str(Path(__file__).parent), exclude=["added.py", "__pycache__"]
        ),
        handler="shop.charge",
        runtime=lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON),
    )
    LambdaWorker(
        stack, "Worker", workflows=stack.workflows, task_type="charge_by_function", handler=charge
    )
    # The violin shop's workers, for tasks of the domain `lambda`: half of them are invoked with a
    # task, the others are on their queues.
    shop = PythonWorker(
        stack,
        "ViolinShop",
        settings=settings,
        folder=EXAMPLES,
        handler="examples.violin_shop_sdk.on_lambda.handler",
        function_name="violin-shop",
        timeout=cdk.Duration.seconds(30),
        environment={
            "STAGE": settings.stage,
            "VIOLIN_SHOP_LEDGER": os.environ.get("VIOLIN_SHOP_LEDGER", "/tmp/ledger.jsonl"),  # noqa: S108
        },
    )
    for task_type in ("write_invoice", "notify_customer"):
        LambdaWorker(
            stack,
            task_type,
            workflows=stack.workflows,
            task_type=task_type,
            domain="lambda",
            handler=shop,
        )
    # What fails for good is here: the emulator hides which exception an invoked function raised.
    for task_type in ("validate_order", "source_part"):
        queue = TaskQueue(
            stack, task_type, workflows=stack.workflows, task_type=task_type, domain="lambda"
        )
        shop.add_event_source(sources.SqsEventSource(queue, report_batch_item_failures=True))
    stack.workflows.grant_worker(shop, "validate_order", "source_part")
    for sink in (
        sqs.Queue(stack, "SinkQueue", queue_name="verified"),
        sns.Topic(stack, "SinkTopic", topic_name="verified"),
        events.EventBus(stack, "SinkBus", event_bus_name="verified"),
    ):
        stack.workflows.grant_publish(sink)
    placed = events.Rule(
        stack,
        "Placed",
        event_pattern=events.EventPattern(source=["shop"], detail_type=["OrderPlaced"]),
    )
    stack.workflows.start_on(
        placed, "placed_order", correlation_id=events.EventField.from_path("$.detail.orderId")
    )
