"""The queue of a task type, as a construct of yours."""

from aws_cdk import Duration, Tags
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from dalsegno.queue_names import NAME_TAG, sqs_name, tag_value
from dalsegno_cdk.dalsegno import Dalsegno
from dalsegno_state.worker_queue import queue_name


class TaskQueue(sqs.Queue):
    """Announces the tasks of a type, for a function on it as an event source.

    It belongs to the stack, so deploy it before the first workflow asks for that type: a queue
    that the engine has made by itself must be deleted first.

    Args:
        visibility_timeout: For how long a task is left to who has taken it; longer than that of
            the function.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workflows: Dalsegno,
        task_type: str,
        domain: str | None = None,
        visibility_timeout: Duration | None = None,
    ) -> None:
        name = queue_name(task_type, domain)
        key = workflows.storage.key
        super().__init__(
            scope,
            construct_id,
            queue_name=sqs_name(workflows.settings.queue_prefix, name),
            retention_period=Duration.days(14),
            # No dead letters: a message that comes back is a task that waits for a free slot.
            visibility_timeout=visibility_timeout or Duration.seconds(60),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
        )
        Tags.of(self).add(NAME_TAG, tag_value(name))
