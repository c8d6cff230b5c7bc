"""Where the adapters find what the stack created, read from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

_SECRET_PREFIX: Final = "dalsegno/"  # noqa: S105  (a name, not a value)
_PARAMETER_PREFIX: Final = "/dalsegno/"
_QUEUE_PREFIX: Final = re.compile(r"[A-Za-z0-9_-]{1,30}")
_QUEUE_ARN: Final = re.compile(r"arn:[a-z0-9-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}")
_KEY_ARN: Final = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/\S+")
_ROLE_ARN: Final = re.compile(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/\S+")


class SettingsError(Exception):
    """The environment lacks a variable, or one holds what cannot be.

    Attributes:
        problems: One sentence each, beginning with the variable's name.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Names and addresses of the resources of one deployment.

    Attributes:
        execution_table: DynamoDB table of executions, limits and poll records.
        definition_table: DynamoDB table of definitions and their snapshots.
        payload_bucket: S3 bucket of large payloads.
        queue_prefix: What the names of all queues begin with; no deployment's prefix may begin
            with another's, or each lists the other's queues.
        evaluator_queue_arn: SQS queue that schedules send their timers to.
        schedule_group: EventBridge Scheduler group of one-time schedules.
        schedule_role_arn: Role that lets schedules send to the evaluator queue.
        secret_prefix: What the names of secrets in Secrets Manager begin with.
        parameter_prefix: What the names of environment values in the parameter store begin with.
        customer_key: KMS key that encrypts what the engine makes by itself: queues, secrets and
            environment values; empty for AWS's own keys.
        event_bus: EventBridge bus that is told of the engine's own events; empty for none.
        lists_ended: Whether ended executions are listed in an index, to be removed in time.
    """

    region: str
    execution_table: str
    definition_table: str
    payload_bucket: str
    queue_prefix: str
    evaluator_queue_arn: str
    schedule_group: str
    schedule_role_arn: str
    secret_prefix: str = _SECRET_PREFIX
    parameter_prefix: str = _PARAMETER_PREFIX
    customer_key: str = ""
    event_bus: str = ""
    lists_ended: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings that the stack put into a function's environment.

        Raises:
            SettingsError: Variables are missing or malformed; it names all of them.
        """
        reader = _Reader(environment)
        settings = cls(
            region=reader.region(),
            execution_table=reader.text("DALSEGNO_EXECUTION_TABLE"),
            definition_table=reader.text("DALSEGNO_DEFINITION_TABLE"),
            payload_bucket=reader.text("DALSEGNO_PAYLOAD_BUCKET"),
            queue_prefix=reader.match("DALSEGNO_QUEUE_PREFIX", _QUEUE_PREFIX),
            evaluator_queue_arn=reader.match("DALSEGNO_EVALUATOR_QUEUE_ARN", _QUEUE_ARN),
            schedule_group=reader.text("DALSEGNO_SCHEDULE_GROUP"),
            schedule_role_arn=reader.match("DALSEGNO_SCHEDULE_ROLE_ARN", _ROLE_ARN),
            secret_prefix=environment.get("DALSEGNO_SECRET_PREFIX", _SECRET_PREFIX),
            parameter_prefix=environment.get("DALSEGNO_PARAMETER_PREFIX", _PARAMETER_PREFIX),
            customer_key=reader.match("DALSEGNO_CUSTOMER_KEY", _KEY_ARN, is_optional=True),
            event_bus=environment.get("DALSEGNO_EVENT_BUS", ""),
            lists_ended=environment.get("DALSEGNO_RETENTION_DAYS", "0") != "0",
        )
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them, so that one run tells it all."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def region(self) -> str:
        value = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")
        if not value:
            self.problems.append("AWS_REGION is not set")
        return value or ""

    def text(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            self.problems.append(f"{name} is not set")
        return value

    def match(self, name: str, pattern: re.Pattern[str], *, is_optional: bool = False) -> str:
        value = self._environment.get(name, "") if is_optional else self.text(name)
        if value and not pattern.fullmatch(value):
            self.problems.append(f"{name} is {value!r}, which does not match {pattern.pattern}")
        return value
