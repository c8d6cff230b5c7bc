"""A Lambda function of yours as the worker of a task type."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from dalsegno_cdk.dalsegno import Dalsegno
from dalsegno_cdk.settings import SettingsError
from dalsegno_cdk.task_queue import TaskQueue

_MARGIN = Duration.seconds(20)
_LONGEST_SECONDS = 900


class LambdaWorker(Construct):
    """Has ``handler`` do every task of a type, as soon as it is there; nothing polls meanwhile.

    The handler is invoked with the task, as Conductor's JSON, and answers with its output. If it
    raises, the attempt has failed, and is tried again as its definition says; with an error named
    ``NonRetryableException``, it has failed for good. It needs no rights of Dalsegno's, and may
    be written in any language.

    The queue of the task type belongs to this construct, so deploy it before the first workflow
    asks for that type: a queue that the engine has made by itself must be deleted first.

    Args:
        timeout: How long the handler may take, up to 880 seconds; its own timeout should be
            shorter.
        max_concurrency: How many tasks are done at once, at least 2; None leaves it to Lambda.

    Attributes:
        queue: Where the tasks are announced.

    Raises:
        SettingsError: The timeout is longer than any function may run.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        workflows: Dalsegno,
        task_type: str,
        handler: lambda_.IFunction,
        domain: str | None = None,
        timeout: Duration | None = None,
        max_concurrency: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        longest = (timeout or Duration.seconds(60)).plus(_MARGIN)
        if longest.to_seconds() > _LONGEST_SECONDS:
            raise SettingsError(
                f"LambdaWorker {self.node.path}: timeout: at most "
                f"{_LONGEST_SECONDS - _MARGIN.to_seconds():g} seconds, as no function runs for "
                "longer than 15 minutes; a worker that polls may take any time"
            )
        self.queue = TaskQueue(
            self,
            "Queue",
            workflows=workflows,
            task_type=task_type,
            domain=domain,
            visibility_timeout=longest,
        )
        taker = workflows.functions.make(
            self,
            "Taker",
            module="lambda_worker",
            description=f"Has {handler.node.id} do {task_type}",
            timeout=longest,
            environment={
                "DALSEGNO_TASK_TYPE": task_type,
                "DALSEGNO_TASK_DOMAIN": domain or "",
                "DALSEGNO_WORKER_FUNCTION": handler.function_arn,
            },
        )
        workflows.functions.rights.run_workflows(taker)
        # The address names an alias or a version, if the handler is one.
        taker.allow("lambda:InvokeFunction", on=[handler.function_arn])
        taker.function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=1,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )
