"""KAFKA_PUBLISH: publish a record to Kafka."""

from collections.abc import Iterator

from dalsegno.models import WorkflowTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if "kafka_request" not in task.input_parameters:
        yield (
            "inputParameters.kafka_request field is required for "
            f"taskType: KAFKA_PUBLISH taskName: {task.name}"
        )
