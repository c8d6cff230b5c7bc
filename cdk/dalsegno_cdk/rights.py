"""What functions of the engine may do, as sets of rights that each function adds up to its own."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from dalsegno_cdk.engine_function import EngineFunction
from dalsegno_cdk.messaging import Messaging
from dalsegno_cdk.settings import DalsegnoSettings
from dalsegno_cdk.storage import Storage
from dalsegno_cdk.timers import Timers
from dalsegno_state.aws.archive import PREFIX as ARCHIVE_PREFIX
from dalsegno_state.aws.external import PREFIX as UPLOAD_PREFIX
from dalsegno_state.aws.layout import DUE, EXECUTION_INDEXES, REVISION_PK, document_pk
from dalsegno_state.engine.idempotency import KEY_KINDS
from dalsegno_state.engine.output_cache import OUTPUT_KINDS
from dalsegno_state.engine.rate_limits import RATE_KINDS
from dalsegno_state.engine.scheduler import SCHEDULE_KIND

_READ: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE: Final = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)
_SEND: Final = ("sqs:GetQueueUrl", "sqs:SendMessage", "sqs:CreateQueue", "sqs:TagQueue")
_RECEIVE: Final = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage")
_MANAGE_SECRETS: Final = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
)


@dataclass(frozen=True, slots=True)
class Rights:
    """Grants rights on one deployment's resources."""

    settings: DalsegnoSettings
    storage: Storage
    messaging: Messaging
    timers: Timers

    def patterns(self) -> list[str]:
        """Return every pattern that a right is granted on, in place of what bears one name."""
        return [
            self.messaging.arns,
            self.messaging.own_arns,
            self.timers.schedule_arns,
            self._objects,
            self._uploads,
            self._archive,
            self._files,
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
    def _files(self) -> str:
        return self.storage.payloads.arn_for_objects("files/*")

    @property
    def _secrets(self) -> str:
        return Stack.of(self.storage).format_arn(
            service="secretsmanager", resource=f"secret:{self.settings.secret_prefix}*"
        )

    @property
    def _parameters(self) -> str:
        return Stack.of(self.storage).format_arn(
            service="ssm", resource=f"parameter{self.settings.parameter_prefix}*"
        )

    def run_workflows(self, function: EngineFunction) -> None:
        """Let a function take events of workflows in, and do all that follows from them.

        It reads definitions, but writes only the snapshots of those that executions run, and
        the documents of rate limits, idempotency keys and cached outputs.
        """
        self._use_executions(function)
        self._use_payloads(function)
        self._use_secrets(function)
        self._read_definitions(function)
        self.keep_documents(function, RATE_KINDS, KEY_KINDS, OUTPUT_KINDS)
        self._send(function)
        self._use_key(function)

    def hand_out_tasks(self, function: EngineFunction) -> None:
        """Let a function take messages from the queues of workers, and from no others."""
        function.allow(*_RECEIVE, on=[self.messaging.arns])
        function.deny(*_RECEIVE, on=[self.messaging.own_arns, self.messaging.http.queue.queue_arn])

    def define_workflows(self, function: EngineFunction) -> None:
        """Let a function write definitions and documents, but no access keys beside them."""
        function.allow(
            *_WRITE,
            on=[self.storage.definitions.table_arn],
            conditions={
                "ForAllValues:StringLike": {
                    "dynamodb:LeadingKeys": ["W#*", "T#*", "D#*", REVISION_PK]
                }
            },
        )

    def manage_secrets(self, function: EngineFunction) -> None:
        """Let a function put, list and delete secrets and environment values of this stage."""
        function.allow(*_MANAGE_SECRETS, on=[self._secrets])
        function.allow("secretsmanager:ListSecrets", on=["*"])  # there is no narrower one
        function.allow("ssm:DeleteParameter", "ssm:PutParameter", on=[self._parameters])
        path = self._parameters.removesuffix("/*")
        function.allow("ssm:GetParametersByPath", on=[path, self._parameters])

    def keep_documents(self, function: EngineFunction, *kinds: str) -> None:
        """Let a function write documents whose kinds begin with these words, and delete them."""
        function.allow(
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            on=[self.storage.definitions.table_arn],
            conditions={
                "ForAllValues:StringLike": {
                    "dynamodb:LeadingKeys": [f"{document_pk(kind)}*" for kind in kinds]
                }
            },
        )

    def keep_files(self, function: EngineFunction) -> None:
        """Let a function sign URLs for files, and see to uploads in parts; URLs are its rights."""
        actions = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
        function.allow(*actions, on=[self._files])

    def forget_files(self, function: EngineFunction) -> None:
        """Let a function remove the files of executions whose time is over."""
        function.allow("s3:DeleteObject", on=[self._files])
        self.keep_documents(function, "file")

    def archive(self, function: EngineFunction) -> None:
        """Let a function write ended executions to the archive, and read none, if there is one."""
        if self.settings.archive:
            function.allow("s3:PutObject", on=[self._archive])

    def check_tokens(self, function: EngineFunction, secret: secretsmanager.ISecret) -> None:
        """Let a function sign and recognize tokens; it reads the access keys as definitions."""
        secret.grant_read(function.role)

    def list_queues(self, function: EngineFunction) -> None:
        """Let a function tell how long the queues are."""
        function.allow("sqs:GetQueueAttributes", "sqs:ListQueueTags", on=[self.messaging.arns])
        function.allow("sqs:ListQueues", on=["*"])  # there is no narrower one

    def sweep(self, function: EngineFunction) -> None:
        """Let a function find what is due, send it to the evaluator and put off wakes."""
        executions = self.storage.executions
        schedules = f"{document_pk(SCHEDULE_KIND)}*"
        function.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[executions.table_arn])
        function.allow("dynamodb:Query", on=[f"{executions.table_arn}/index/{DUE.name}"])
        function.allow(
            "dynamodb:GetItem",
            "dynamodb:Query",
            on=[self.storage.definitions.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [schedules]}},
        )
        evaluator = self.messaging.evaluator.queue
        function.allow("sqs:GetQueueUrl", "sqs:SendMessage", on=[evaluator.queue_arn])
        self._use_key(function)

    def trigger(self, function: EngineFunction) -> None:
        """Let a function create workflows and tell the evaluator of them, and nothing else.

        A start in a group with a rate limit lets others of the group begin, too.
        """
        executions = self.storage.executions.table_arn
        function.allow(
            "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[executions]
        )
        self.keep_documents(function, RATE_KINDS, KEY_KINDS)
        function.allow("s3:PutObject", on=[self._objects])
        function.allow("s3:GetObject", on=[self._uploads])
        # Without it, S3 does not tell an absent object from a forbidden one.
        function.allow("s3:ListBucket", on=[self.storage.payloads.bucket_arn])
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
        """Let it send to any queue but those that are filled from outside.

        Worker queues are made by the function that first sends to them, or asks them.
        """
        function.allow(*_SEND, on=[self.messaging.arns])
        filled_from_outside = (self.messaging.results, self.messaging.triggers)
        function.deny("sqs:SendMessage", on=[work.queue.queue_arn for work in filled_from_outside])
        function.allow("scheduler:CreateSchedule", on=[self.timers.schedule_arns])
        function.allow(
            "iam:PassRole",
            on=[self.timers.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        )

    def _use_key(self, function: EngineFunction) -> None:
        if self.storage.key is not None:
            self.storage.key.grant_encrypt_decrypt(function.role)
