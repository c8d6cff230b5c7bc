"""WAIT_FOR_WEBHOOK: wait until a request comes that fits."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import WorkflowTask
from dalsegno_state.expressions import ExpressionError, parse_path_in_document
from dalsegno_state.tasks.system_task import SystemTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered; expressions are not looked into."""
    suffix = f"for taskType: WAIT_FOR_WEBHOOK taskName: {task.name}"
    matches = task.input_parameters.get("matches")
    if isinstance(matches, str) and "${" in matches:
        return
    if not isinstance(matches, dict) or not matches:
        yield f"inputParameters.matches: JSON paths and their values are required {suffix}"
        return
    for path in matches:
        problem = path_problem(path)
        if problem is not None:
            yield f"inputParameters.matches: {path} is no JSON path: {problem} {suffix}"


class WaitForWebhook(SystemTask):
    """Is in progress from when it is known to wait, until it completes with a request's body."""

    type: ClassVar[str] = "WAIT_FOR_WEBHOOK"


def whole_path(path: str) -> str:
    """Return a JSON path from the root of a request's body, which need not be written."""
    if path.startswith("$"):
        return path
    return f"${path}" if path.startswith("[") else f"$.{path}"


def path_problem(path: str) -> str | None:
    """Return why a text is no JSON path, or None if it is one."""
    try:
        parse_path_in_document(whole_path(path))
    except ExpressionError as error:
        return error.reason
    return None
