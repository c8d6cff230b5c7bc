"""Dalsegno on AWS, as constructs for the AWS CDK."""

from dalsegno_cdk.dalsegno import Dalsegno
from dalsegno_cdk.lambda_worker import LambdaWorker
from dalsegno_cdk.python_worker import PythonWorker
from dalsegno_cdk.settings import AuthMode, DalsegnoSettings, Endpoint, SettingsError
from dalsegno_cdk.stack import DalsegnoStack
from dalsegno_cdk.task_queue import TaskQueue

__all__ = [
    "AuthMode",
    "Dalsegno",
    "DalsegnoSettings",
    "DalsegnoStack",
    "Endpoint",
    "LambdaWorker",
    "PythonWorker",
    "SettingsError",
    "TaskQueue",
]
