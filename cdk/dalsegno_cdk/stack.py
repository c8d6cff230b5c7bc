"""A stack that holds Dalsegno and nothing else."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from dalsegno_cdk.dalsegno import Dalsegno
from dalsegno_cdk.http_api import HttpApi
from dalsegno_cdk.settings import DalsegnoSettings


class DalsegnoStack(Stack):
    """One deployment; its outputs say where it is.

    Attributes:
        workflows: The construct that holds everything.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        code: lambda_.Code | None = None,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        self.workflows = Dalsegno(self, "Workflows", settings=settings, code=code)
        self._tell("ApiUrl", f"{self.workflows.url}/api", "CONDUCTOR_SERVER_URL for SDKs")
        self._tell("ExecutionTable", self.workflows.storage.executions.table_name)
        self._tell("DefinitionTable", self.workflows.storage.definitions.table_name)
        self._tell("PayloadBucket", self.workflows.storage.payloads.bucket_name)
        self._tell("ResultsQueueUrl", self.workflows.messaging.results.queue.queue_url)
        self._tell("TriggersQueueArn", self.workflows.messaging.triggers.queue.queue_arn)
        endpoint = self.workflows.endpoint
        if isinstance(endpoint, HttpApi):
            self._tell("ApiId", endpoint.api.api_id)
            if endpoint.domain_target is not None:
                self._tell("DomainTarget", endpoint.domain_target, "What the domain is to point at")

    def _tell(self, name: str, value: str, description: str | None = None) -> None:
        CfnOutput(self, name, value=value, description=description)
