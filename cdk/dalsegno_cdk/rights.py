"""What functions of the engine may do, as sets of rights that each function adds up to its own."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from dalsegno_cdk.engine_function import EngineFunction
from dalsegno_cdk.messaging import Messaging
from dalsegno_cdk.storage import Storage
from dalsegno_cdk.timers import Timers
from dalsegno_state.aws.archive import PREFIX as ARCHIVE_PREFIX
from dalsegno_state.aws.external import PREFIX as UPLOAD_PREFIX
from dalsegno_state.aws.layout import DUE, EXECUTION_INDEXES

SECRET_PREFIX: Final = "dalsegno/"  # noqa: S105  (a name, not a value)
PARAMETER_PREFIX: Final = "/dalsegno/"

_READ: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE: Final = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_SEND: Final = ("sqs:GetQueueUrl", "sqs:SendMessage", "sqs:CreateQueue", "sqs:TagQueue")
_RECEIVE: Final = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage")


@dataclass(frozen=True, slots=True)
class Rights:
    """Grants rights on one deployment's resources."""

    storage: Storage
    messaging: Messaging
    timers: Timers
    archives: bool = False

    def patterns(self) -> list[str]:
        """Return every pattern that a right is granted on, in place of what bears one name."""
        return [
            self.messaging.arns,
            self.timers.schedule_arns,
            self._objects,
            self._uploads,
            self._archive,
            self._secrets,
            self._parameters,
            "*",
        ]

    @property
    def _objects(self) -> str:
        return self.storage.payloads.arn_for_objects("payloads/*")

    @property
    def _uploads(self) -> str:
        return self.storage.payloads.arn_for_objects(f"{UPLOAD_PREFIX}/*")

    @property
    def _archive(self) -> str:
        return self.storage.payloads.arn_for_objects(f"{ARCHIVE_PREFIX}/*")

    @property
    def _secrets(self) -> str:
        return Stack.of(self.storage).format_arn(
            service="secretsmanager", resource=f"secret:{SECRET_PREFIX}*"
        )

    @property
    def _parameters(self) -> str:
        return Stack.of(self.storage).format_arn(
            service="ssm", resource=f"parameter{PARAMETER_PREFIX}*"
        )

    def run_workflows(self, function: EngineFunction) -> None:
        """Let a function take events of workflows in, and do all that follows from them.

        It reads definitions, but writes only the snapshots of those that executions run.
        """
        self._use_executions(function)
        self._use_payloads(function)
        self._use_secrets(function)
        self._read_definitions(function)
        self._send(function)
        self._use_key(function)

    def hand_out_tasks(self, function: EngineFunction) -> None:
        """Let a function take messages from the queues of workers."""
        function.allow(*_RECEIVE, on=[self.messaging.arns])

    def define_workflows(self, function: EngineFunction) -> None:
        """Let a function write definitions and delete them, but no access keys beside them."""
        function.allow(
            *_WRITE,
            on=[self.storage.definitions.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["W#*", "T#*"]}},
        )

    def archive(self, function: EngineFunction) -> None:
        """Let a function write ended executions to the archive, and read none, if there is one."""
        if self.archives:
            function.allow("s3:PutObject", on=[self._archive])

    def check_tokens(self, function: EngineFunction, secret: secretsmanager.ISecret) -> None:
        """Let a function sign and recognize tokens; it reads the access keys as definitions."""
        secret.grant_read(function.role)

    def list_queues(self, function: EngineFunction) -> None:
        """Let a function tell how long the queues are."""
        function.allow("sqs:GetQueueAttributes", "sqs:ListQueueTags", on=[self.messaging.arns])
        function.allow("sqs:ListQueues", on=["*"])  # there is no narrower one

    def sweep(self, function: EngineFunction) -> None:
        """Let a function find due workflows, send them to the evaluator and put off their wakes."""
        executions = self.storage.executions
        function.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[executions.table_arn])
        function.allow("dynamodb:Query", on=[f"{executions.table_arn}/index/{DUE.name}"])
        evaluator = self.messaging.evaluator.queue
        function.allow("sqs:GetQueueUrl", "sqs:SendMessage", on=[evaluator.queue_arn])
        self._use_key(function)

    def trigger(self, function: EngineFunction) -> None:
        """Let a function create workflows and tell the evaluator of them, and nothing else."""
        executions = self.storage.executions.table_arn
        function.allow("dynamodb:GetItem", "dynamodb:PutItem", on=[executions])
        function.allow("s3:PutObject", on=[self._objects])
        function.allow("s3:GetObject", on=[self._uploads])
        self._read_definitions(function)
        evaluator = self.messaging.evaluator.queue
        function.allow("sqs:GetQueueUrl", "sqs:SendMessage", on=[evaluator.queue_arn])
        self._use_key(function)

    def _read_definitions(self, function: EngineFunction) -> None:
        """Let a function read definitions, and write only the snapshots that executions run."""
        function.allow(*_READ, on=[self.storage.definitions.table_arn])
        function.allow(
            "dynamodb:PutItem",
            on=[self.storage.definitions.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["S#*"]}},
        )

    def _use_executions(self, function: EngineFunction) -> None:
        table_arn = self.storage.executions.table_arn
        indexes = [f"{table_arn}/index/{index.name}" for index in EXECUTION_INDEXES]
        function.allow(*_READ, *_WRITE, on=[table_arn])
        function.allow("dynamodb:Query", on=indexes)

    def _use_payloads(self, function: EngineFunction) -> None:
        function.allow(
            "s3:DeleteObject", "s3:GetObject", "s3:PutObject", on=[self._objects, self._uploads]
        )
        function.allow("s3:ListBucket", on=[self.storage.payloads.bucket_arn])

    def _use_secrets(self, function: EngineFunction) -> None:
        function.allow("secretsmanager:GetSecretValue", on=[self._secrets])
        function.allow("ssm:GetParameter", on=[self._parameters])

    def _send(self, function: EngineFunction) -> None:
        """Let it send to any queue; worker queues are made by whoever first sends or asks."""
        function.allow(*_SEND, on=[self.messaging.arns])
        function.allow("scheduler:CreateSchedule", on=[self.timers.schedule_arns])
        function.allow(
            "iam:PassRole",
            on=[self.timers.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        )

    def _use_key(self, function: EngineFunction) -> None:
        if self.storage.key is not None:
            self.storage.key.grant_encrypt_decrypt(function.role)
