"""One Lambda function of the engine, with a role and a log of its own."""

from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from dalsegno_cdk.settings import DalsegnoSettings


class EngineFunction(Construct):
    """A function that may do nothing but write its own log, until it is granted more.

    Attributes:
        role: What its rights are added to.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        code: lambda_.Code,
        module: str,
        description: str,
        timeout: Duration,
        memory_mb: int,
        environment: Mapping[str, str],
        reserved_concurrency: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(self, "Log", removal_policy=RemovalPolicy.DESTROY)
        # As a number: the construct itself takes the names of some numbers only.
        cast(
            logs.CfnLogGroup, log_group.node.default_child
        ).retention_in_days = settings.log_retention_days
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            role=self.role,
            code=code,
            handler=f"dalsegno_functions.{module}.handler",
            runtime=lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=architecture_of(settings),
            timeout=timeout,
            memory_size=memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE if settings.tracing else lambda_.Tracing.DISABLED,
            log_group=log_group,
            # A workflow of many steps invokes the same function again and again: no loop.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            environment={**environment, "POWERTOOLS_SERVICE_NAME": module},
        )

    def allow(self, *actions: str, on: list[str], conditions: dict[str, Any] | None = None) -> None:
        """Let the function do something."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(actions), resources=on, conditions=conditions)
        )

    def deny(self, *actions: str, on: list[str]) -> None:
        """Keep the function from something that a wider right would include."""
        self.role.add_to_policy(
            iam.PolicyStatement(effect=iam.Effect.DENY, actions=list(actions), resources=on)
        )


def architecture_of(settings: DalsegnoSettings) -> lambda_.Architecture:
    """Return the processors that functions run on."""
    if settings.architecture == "arm64":
        return lambda_.Architecture.ARM_64
    return lambda_.Architecture.X86_64
