"""A function of the user's as a worker."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from dalsegno.queue_names import NAME_TAG
from dalsegno_cdk import Dalsegno, LambdaWorker


@pytest.fixture(scope="module")
def with_worker() -> Template:
    """Return the template of a stack in which a function charges cards."""
    stack = Stack(App(), "shop")
    code = lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["*", "!conftest.py"])
    workflows = Dalsegno(stack, "Workflows", code=code)
    charge = lambda_.Function(
        stack,
        "Charge",
        code=code,
        handler="shop.charge",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    LambdaWorker(stack, "Worker", workflows=workflows, task_type="charge-card", handler=charge)
    return Template.from_stack(stack)


def test_the_queue_is_the_one_that_the_engine_sends_to(with_worker: Template) -> None:
    with_worker.has_resource_properties(
        "AWS::SQS::Queue",
        {
            "QueueName": "dalsegno-dev-charge--card",
            "RedrivePolicy": Match.absent(),
            "Tags": Match.array_with([{"Key": NAME_TAG, "Value": "charge--card"}]),
        },
    )


def test_the_taker_may_invoke_the_function_and_no_other(with_worker: Template) -> None:
    policies = with_worker.find_resources("AWS::IAM::Policy")
    statements = [
        statement
        for name, policy in policies.items()
        if name.startswith("WorkerTaker")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]

    (statement,) = statements
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("Charge")


def test_the_taker_may_come_to_itself_again_as_often_as_the_workflow_has_steps(
    with_worker: Template,
) -> None:
    functions = with_worker.find_resources("AWS::Lambda::Function").items()
    loops = {name: function["Properties"].get("RecursiveLoop") for name, function in functions}

    assert {loop for name, loop in loops.items() if not name.startswith("Charge")} == {"Allow"}


def test_the_function_itself_gets_no_rights(with_worker: Template) -> None:
    policies = with_worker.find_resources("AWS::IAM::Policy")

    assert not [name for name in policies if name.startswith("Charge")]
