"""The CDK app: the engine, and the workers as a Lambda function. ``dalsegno deploy`` deploys it."""

import os
from pathlib import Path

import aws_cdk as cdk
from dalsegno_cdk import DalsegnoSettings, DalsegnoStack, LambdaWorker, PythonWorker

from project_package.lambda_function import functions

app = cdk.App()
settings = DalsegnoSettings.from_context(app.node.get_all_context())
stack = DalsegnoStack(
    app,
    f"project-name-{settings.stage}",
    settings=settings,
    env=cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    ),
    termination_protection=settings.keep_data,
)
workers = PythonWorker(
    stack,
    "Workers",
    settings=settings,
    folder=Path(__file__).parent / "project_package",
    handler="project_package.lambda_function.handler",
)
for function in functions:
    LambdaWorker(
        stack,
        f"Worker-{function.task_type}",
        workflows=stack.workflows,
        task_type=function.task_type,
        handler=workers,
    )
app.synth()
