"""SWITCH: continue with the branch that an expression names."""

from collections.abc import Iterator
from typing import ClassVar, Final

from dalsegno.models import JsonObject, JsonValue, TaskStatus, WorkflowTask
from dalsegno_state import flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.scripts import ScriptError
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed

JAVASCRIPT_EVALUATORS: Final = frozenset({"javascript", "graaljs"})
EVALUATORS: Final = JAVASCRIPT_EVALUATORS | {"value-param", "python"}


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not task.evaluator_type:
        yield f"evaluatorType field is required for taskType: SWITCH taskName: {task.name}"
    elif task.evaluator_type not in EVALUATORS:
        yield f"No evaluator registered for type: {task.evaluator_type}"
    if not task.expression:
        yield f"expression field is required for taskType: SWITCH taskName: {task.name}"
    if not task.decision_cases:
        of_task = f"taskType: SWITCH taskName: {task.name}"
        yield f"decisionCases should have atleast one task for {of_task}"


def script(task: WorkflowTask) -> str | None:
    """Return the JavaScript that chooses the branch, None if something else does."""
    return task.expression if task.evaluator_type in JAVASCRIPT_EVALUATORS else None


class Switch(InstantTask):
    """Outputs the chosen case as ``selectedCase``, and goes on with its tasks."""

    type: ClassVar[str] = "SWITCH"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        task = place.node.task
        expression = task.expression or ""
        if task.evaluator_type == "value-param":
            case = case_name(inputs.get(expression))
        elif task.evaluator_type in JAVASCRIPT_EVALUATORS:
            try:
                case = case_name(draft.tools.scripts.javascript(expression, inputs))
            except ScriptError as error:
                return failed(f"Error evaluating SWITCH {task.name}: {error}")
        else:
            return failed(f"No evaluator registered for type: {task.evaluator_type}", final=True)
        return chosen(place, inputs, case, {"evaluationResult": [case], "selectedCase": case})

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        follow_branch(draft, task, place)


def case_name(value: JsonValue) -> str:
    """Return the text a value is compared by: ``null``, ``true``, ``1``, or the text itself."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def chosen(place: Place, inputs: JsonObject, case: str, output: JsonObject) -> Outcome:
    """Return the outcome of a task that chose a case; its input shows the case."""
    shown = {**inputs, "case": case}
    if flow.chosen_branch(place.node, output) is not None:
        shown["hasChildren"] = "true"
    return Outcome(status=TaskStatus.COMPLETED, inputs=shown, output=output)


def follow_branch(draft: Draft, task: TaskState, place: Place) -> None:
    """Go on with the branch that was chosen, or behind the task if it has no tasks."""
    first = flow.chosen_branch(place.node, draft.payload(task.output))
    if first is None:
        flow.advance(draft, place)
    else:
        flow.schedule(draft, place.at(first))
