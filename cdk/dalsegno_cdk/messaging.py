"""The queues that functions consume; those of workers are made when they are first used."""

from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from dalsegno.queue_names import sqs_name
from dalsegno_cdk.settings import DalsegnoSettings
from dalsegno_state.ids import EVALUATOR_QUEUE, EVENTS_QUEUE, SYSTEM_QUEUE
from dalsegno_state.tasks.http import Http

RESULTS_QUEUE: Final = "_results"
TRIGGERS_QUEUE: Final = "_triggers"
# Deliveries back off to a minute: twenty of them take about a quarter of an hour.
_MOST_DELIVERIES: Final = 20
_KEPT: Final = Duration.days(14)


class WorkQueue(Construct):
    """A queue, and beside it one for what could not be done.

    Attributes:
        queue: Found by the engine under its name.
        dead_letters: Kept for 14 days, to be looked at and sent back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        name: str,
        visibility: Duration,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        encryption = sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            # Not the prefix first, or the API would list it among the queues of workers.
            queue_name=f"dead-letters-{sqs_name(prefix, name)}",
            retention_period=_KEPT,
            enforce_ssl=True,
            encryption=encryption,
            encryption_master_key=key,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=sqs_name(prefix, name),
            retention_period=_KEPT,
            visibility_timeout=visibility,
            enforce_ssl=True,
            encryption=encryption,
            encryption_master_key=key,
            dead_letter_queue=sqs.DeadLetterQueue(
                max_receive_count=_MOST_DELIVERIES, queue=self.dead_letters
            ),
        )


class Messaging(Construct):
    """The queues of the evaluator, of workers' results, of system tasks, triggers and events."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = settings.queue_prefix
        self._key = key
        # Longer than the function may take, or SQS delivers a message again while it is at it.
        self.evaluator = self._work("Evaluator", EVALUATOR_QUEUE, Duration.seconds(180))
        self.results = self._work("Results", RESULTS_QUEUE, Duration.seconds(180))
        self.http = self._work("Http", Http.type, Duration.seconds(960))
        self.system = self._work("System", SYSTEM_QUEUE, Duration.seconds(960))
        self.triggers = self._work("Triggers", TRIGGERS_QUEUE, Duration.seconds(180))
        self.events = self._work("Events", EVENTS_QUEUE, Duration.seconds(180))

    @property
    def all(self) -> tuple[WorkQueue, ...]:
        """All of them."""
        of_tasks = (self.results, self.http, self.system)
        return (self.evaluator, *of_tasks, self.triggers, self.events)

    @property
    def arns(self) -> str:
        """Pattern of the addresses of all queues of this stage, those of workers included."""
        return Stack.of(self).format_arn(service="sqs", resource=f"{self._prefix}*")

    @property
    def own_arns(self) -> str:
        """Pattern of the addresses of the engine's own queues, which no worker serves."""
        return Stack.of(self).format_arn(service="sqs", resource=f"{self._prefix}_*")

    def _work(self, construct_id: str, name: str, visibility: Duration) -> WorkQueue:
        return WorkQueue(
            self,
            construct_id,
            prefix=self._prefix,
            name=name,
            visibility=visibility,
            key=self._key,
        )
