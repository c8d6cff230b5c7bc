"""DECISION: continue with the branch that an input value or a script names (deprecated)."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import JsonObject, WorkflowTask
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.scripts import ScriptError
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed
from dalsegno_state.tasks.switch import case_name, chosen, follow_branch


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not (task.case_value_param or task.case_expression):
        yield (
            "caseValueParam or caseExpression field is required for "
            f"taskType: DECISION taskName: {task.name}"
        )
    if not task.decision_cases:
        yield (
            "decisionCases should have atleast one task for "
            f"taskType: DECISION taskName: {task.name}"
        )


def script(task: WorkflowTask) -> str | None:
    """Return the JavaScript that chooses the branch, None if an input value does."""
    return task.case_expression or None


class Decision(InstantTask):
    """Outputs the chosen case as ``caseOutput``, and goes on with its tasks."""

    type: ClassVar[str] = "DECISION"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        task = place.node.task
        if not task.case_expression:
            case = case_name(inputs.get(task.case_value_param or ""))
        else:
            try:
                case = case_name(draft.tools.scripts.javascript(task.case_expression, inputs))
            except ScriptError as error:
                return failed(f"Error evaluating DECISION {task.name}: {error}", final=True)
        return chosen(place, inputs, case, {"caseOutput": [case]})

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        follow_branch(draft, task, place)
