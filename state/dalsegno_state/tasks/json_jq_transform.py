"""JSON_JQ_TRANSFORM: reshape the input with a jq program."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import JsonObject, WorkflowTask
from dalsegno_state.draft import Draft, Place
from dalsegno_state.scripts import ScriptError
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    template = task.task_definition.input_template if task.task_definition else {}
    if "queryExpression" not in task.input_parameters and "queryExpression" not in template:
        yield (
            "inputParameters.queryExpression field is required for "
            f"taskType: JSON_JQ_TRANSFORM taskName: {task.name}"
        )


class JsonJqTransform(InstantTask):
    """Outputs ``result``, the first value of a jq program over the input, and ``resultList``."""

    type: ClassVar[str] = "JSON_JQ_TRANSFORM"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        query = inputs.get("queryExpression")
        if not isinstance(query, str) or not query.strip():
            return failed("Missing 'queryExpression' in input parameters")
        try:
            results = draft.tools.scripts.jq(query, inputs)
        except ScriptError as error:
            return failed(str(error), output={"error": str(error)})
        return Outcome(output={"result": results[0] if results else None, "resultList": results})
