"""Python workers as a Lambda function; what its bundle can do is told by test_aws_local."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk.assertions import Match, Template

from dalsegno_cdk import Dalsegno, DalsegnoSettings, PythonWorker, TaskQueue
from dalsegno_cdk.asset import BundlingError, copy, hash_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a worker."""
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "shop.py").write_text("handler = None")
    return tmp_path / "workers"


def a_stack() -> Stack:
    """Return a stack for which nothing is bundled."""
    return Stack(App(context={"aws:cdk:bundling-stacks": []}), "shop")


def test_the_function_runs_as_the_engine_does_and_is_handed_the_tasks_of_the_queue(
    folder: Path, code: lambda_.Code
) -> None:
    stack = a_stack()
    settings = DalsegnoSettings(architecture="x86_64", python="3.12")
    workflows = Dalsegno(stack, "Workflows", settings=settings, code=code)
    shop = PythonWorker(stack, "Shop", settings=settings, folder=folder, handler="shop.handler")
    queue = TaskQueue(stack, "Parts", workflows=workflows, task_type="source_part")
    shop.add_event_source(sources.SqsEventSource(queue, report_batch_item_failures=True))

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {"Handler": "shop.handler", "Runtime": "python3.12", "Architectures": ["x86_64"]},
    )
    functions = template.find_resources("AWS::Lambda::Function").values()
    assert {each["Properties"].get("RecursiveLoop") for each in functions} == {"Allow"}
    template.has_resource_properties("AWS::SQS::Queue", {"QueueName": "dalsegno-dev-source_part"})
    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "EventSourceArn": {"Fn::GetAtt": [Match.string_like_regexp("^Parts"), "Arn"]},
            "FunctionName": {"Ref": Match.string_like_regexp("^Shop")},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    )


def test_changed_workers_are_deployed_again_and_hidden_files_change_nothing(folder: Path) -> None:
    before = hash_of(["3.12"], {"workers": folder})

    (folder / ".venv").mkdir()
    (folder / ".venv" / "large.py").write_text("")
    assert hash_of(["3.12"], {"workers": folder}) == before

    (folder / "requirements.txt").write_text("pendulum")
    assert hash_of(["3.12"], {"workers": folder}) != before


def test_the_bundle_leaves_hidden_files_out(folder: Path, tmp_path: Path) -> None:
    (folder / ".env").write_text("SECRET=1")

    copy(folder, tmp_path / "bundle")

    assert [path.name for path in (tmp_path / "bundle").iterdir()] == ["shop.py"]


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(BundlingError, match="there is no folder nowhere"):
        PythonWorker(
            Stack(App(), "shop"),
            "Shop",
            settings=DalsegnoSettings(),
            folder="nowhere",
            handler="shop.handler",
        )
