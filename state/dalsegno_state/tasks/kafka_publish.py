"""KAFKA_PUBLISH: publish a record to Kafka."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import WorkflowTask
from dalsegno_state.tasks.system_task import SystemTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if "kafka_request" not in task.input_parameters:
        yield (
            "inputParameters.kafka_request field is required for "
            f"taskType: KAFKA_PUBLISH taskName: {task.name}"
        )


class KafkaPublish(SystemTask):
    """Is sent by a system worker, or handed over to a worker that polls this type."""

    type: ClassVar[str] = "KAFKA_PUBLISH"
