"""Validation: what must hold of a definition before it is registered."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    TaskDef,
    ValidationErrorItem,
    WorkflowDef,
    WorkflowTask,
)
from dalsegno_state.expressions import expressions_in
from dalsegno_state.expressions.path import MAX_PATH_CHARACTERS, root_name
from dalsegno_state.ids import turn_of
from dalsegno_state.reserved_names import domain_faults, work_fault
from dalsegno_state.schemas import SchemaChecker, schema_fault
from dalsegno_state.tasks.rules import RULES, SCRIPTS
from dalsegno_state.tasks.served_by_workers import TYPES_OF_WORKERS

# JSON parsers stop at about 200 levels, and a nested task takes up to four of them.
MAX_NESTING: Final = 40

_NOT_NEGATIVE: Final = "must be greater than or equal to 0"
_TASK_ID: Final = "CPEWF_TASK_ID"
# Conductor's largest published definitions have some hundred. With embedded definitions each
# counts for itself, and the whole is bounded by the size of a request.
MAX_TASKS: Final = 5_000


class ScriptChecker(SchemaChecker, Protocol):
    """Knows JavaScript and JSON schemas when it sees them."""

    def syntax_error(self, source: str) -> str | None:
        """Return what is wrong with ``source``, None if it can be parsed; nothing is run."""
        ...


def check_workflow_def(
    definition: WorkflowDef, scripts: ScriptChecker | None = None, *, is_embedded: bool = False
) -> None:
    """Refuse a workflow definition that could not run, naming all its faults at once.

    Args:
        definition: What is to be registered.
        scripts: Checks the scripts of SWITCH and DECISION; None leaves them unchecked.
        is_embedded: Whether it is that of a SUB_WORKFLOW task, whose references are not checked.

    Raises:
        InvalidRequestError: The definition breaks at least one rule.
    """
    depth = 1 if is_embedded else 0
    _refuse(_definition_violations(definition, scripts, path="workflowDef", depth=depth))


def check_served(definition: WorkflowDef, has_task_def: Callable[[str], bool]) -> None:
    """Refuse task types that only workers do, unless somebody has said that there are workers.

    A task definition named after the type says so.

    Raises:
        InvalidRequestError: The definition uses such a type, and no task definition is named so.
    """
    _refuse(_unserved(definition, has_task_def, path="workflowDef"))


def check_task_def(task_def: TaskDef, checker: SchemaChecker | None = None) -> None:
    """Refuse a task definition that contradicts itself, naming all its faults at once.

    Args:
        task_def: What is to be registered.
        checker: Compiles schemas that may be costly; None leaves these unchecked.

    Raises:
        InvalidRequestError: The definition breaks at least one rule.
    """
    _refuse(_task_def_violations(task_def, checker))


def _refuse(violations: Iterator[ValidationErrorItem]) -> None:
    if found := tuple(violations):
        raise InvalidRequestError(validation_errors=found)


def _violation(path: str, message: str, value: str | int | None = None) -> ValidationErrorItem:
    shown = None if value is None else str(value)
    return ValidationErrorItem(path=path, message=message, invalid_value=shown)


@dataclass(frozen=True, slots=True)
class _Place:
    """A task and where in the definition it stands."""

    path: str
    depth: int
    task: WorkflowTask
    is_in_loop: bool = False


def _definition_violations(
    definition: WorkflowDef, scripts: ScriptChecker | None, *, path: str, depth: int
) -> Iterator[ValidationErrorItem]:
    if not definition.name:
        yield _violation(f"{path}.name", "WorkflowDef name cannot be null or empty")
    if definition.schema_version != 2:
        yield _violation(
            f"{path}.schemaVersion",
            "workflowDef schemaVersion: 2 is only supported",
            definition.schema_version,
        )
    yield from _schema_violations(definition, path, scripts)
    limit = definition.rate_limit_config
    yield from _malformed(
        path,
        (
            ("outputParameters", definition.output_parameters),
            ("rateLimitConfig.rateLimitKey", limit.rate_limit_key if limit is not None else None),
        ),
    )
    if not definition.tasks:
        yield _violation(f"{path}.tasks", "WorkflowTask list cannot be empty")
    top_level = _listed(definition.tasks, f"{path}.tasks", depth)
    places = list(islice(_with_nested(top_level), MAX_TASKS + 1))
    if len(places) > MAX_TASKS:
        yield _violation(
            f"{path}.tasks",
            f"a workflow may have {MAX_TASKS:,} tasks at most, nested ones included: move some "
            "into sub-workflows, or have a dynamic fork or a loop repeat them",
        )
        return
    yield from _duplicate_references(places, definition.name, path)
    yield from _names_of_turns(places, path)
    known = {place.task.task_reference_name for place in places}
    # Conductor does not look for them in embedded definitions, where they are null at run time.
    for place in top_level if depth == 0 else ():
        yield from _unknown_references(place, known)
    for place in places:
        yield from _task_violations(place, scripts)


def _unserved(
    definition: WorkflowDef, has_task_def: Callable[[str], bool], *, path: str
) -> Iterator[ValidationErrorItem]:
    for place in _with_nested(_listed(definition.tasks, f"{path}.tasks", 0)):
        task_type, params = place.task.type, place.task.sub_workflow_param
        if task_type in TYPES_OF_WORKERS and not has_task_def(task_type):
            yield _violation(
                f"{place.path}.type",
                f"taskType: {task_type} is done by workers only: register a task definition named "
                f"{task_type} and have a worker poll it, taskName: {place.task.name}",
            )
        if params is not None and isinstance(params.workflow_definition, WorkflowDef):
            inner = f"{place.path}.subWorkflowParam.workflowDefinition"
            yield from _unserved(params.workflow_definition, has_task_def, path=inner)


def _schema_violations(
    definition: WorkflowDef | TaskDef, path: str, checker: SchemaChecker | None
) -> Iterator[ValidationErrorItem]:
    if not definition.enforce_schema:
        return
    for name, schema in (
        ("inputSchema", definition.input_schema),
        ("outputSchema", definition.output_schema),
    ):
        fault = None if schema is None else schema_fault(schema, checker)
        if fault is not None:
            yield _violation(f"{path}.{name}", fault)


def _listed(
    tasks: Iterable[WorkflowTask], path: str, depth: int, *, is_in_loop: bool = False
) -> list[_Place]:
    return [_Place(f"{path}[{index}]", depth, task, is_in_loop) for index, task in enumerate(tasks)]


def _with_nested(places: list[_Place]) -> Iterator[_Place]:
    """Yield all tasks in the order they are written, down to one level too deep."""
    open_places = places[::-1]
    while open_places:
        place = open_places.pop()
        yield place
        if place.depth <= MAX_NESTING:
            open_places.extend(_children(place)[::-1])


def _children(place: _Place) -> list[_Place]:
    task, path, depth = place.task, place.path, place.depth + 1
    match task.type:
        case "DECISION" | "SWITCH":
            lists = {f"decisionCases.{case}": tasks for case, tasks in task.decision_cases.items()}
            lists["defaultCase"] = task.default_case
        case "FORK_JOIN":
            lists = {f"forkTasks[{n}]": branch for n, branch in enumerate(task.fork_tasks)}
        case "DO_WHILE":
            lists = {"loopOver": task.loop_over}
        case _:
            lists = {}
    is_in_loop = place.is_in_loop or task.type == "DO_WHILE"
    return [
        inner
        for name, tasks in lists.items()
        for inner in _listed(tasks, f"{path}.{name}", depth, is_in_loop=is_in_loop)
    ]


def _duplicate_references(
    places: list[_Place], workflow: str, path: str
) -> Iterator[ValidationErrorItem]:
    counts = Counter(place.task.task_reference_name for place in places)
    for reference, count in counts.items():
        if count > 1 and reference:
            yield _violation(
                f"{path}.tasks",
                f"taskReferenceName: {reference} should be unique across tasks for a given "
                f"workflowDefinition: {workflow}",
            )


def _names_of_turns(places: list[_Place], path: str) -> Iterator[ValidationErrorItem]:
    """Yield the reference names that a task in a loop has in one of its turns."""
    in_loops = {place.task.task_reference_name for place in places if place.is_in_loop}
    for place in places:
        reference = place.task.task_reference_name
        if (looped := turn_of(reference, in_loops)) is not None:
            yield _violation(
                f"{path}.tasks",
                f"taskReferenceName: {reference} is the name of a turn of {looped}, which is in a "
                "loop: choose another name",
            )


def _task_violations(place: _Place, scripts: ScriptChecker | None) -> Iterator[ValidationErrorItem]:
    task, path = place.task, place.path
    yield from _common_violations(task, path)
    yield from _malformed(path, _evaluated_fields(task))
    for message in RULES[task.type](task) if task.type in RULES else ():
        yield _violation(path, message)
    if scripts is not None:
        yield from _script_violations(task, path, scripts)
    if place.depth > MAX_NESTING:
        yield _violation(path, f"tasks may be nested {MAX_NESTING} levels deep at most")
    elif task.type == "SUB_WORKFLOW" and task.sub_workflow_param is not None:
        embedded = task.sub_workflow_param.workflow_definition
        if isinstance(embedded, WorkflowDef):
            yield from _definition_violations(
                embedded,
                scripts,
                path=f"{path}.subWorkflowParam.workflowDefinition",
                depth=place.depth + 1,
            )


def _evaluated_fields(task: WorkflowTask) -> Iterator[tuple[str, object]]:
    """Yield the fields of a task whose expressions are evaluated, by name."""
    yield "inputParameters", task.input_parameters
    yield "items", task.items
    yield "sink", task.sink
    yield "onStateChange", {k: [e.payload for e in v] for k, v in task.on_state_change.items()}
    if task.cache_config is not None:
        yield "cacheConfig.key", task.cache_config.key
    if task.task_definition is not None:
        yield "taskDefinition.inputTemplate", task.task_definition.input_template
    if task.sub_workflow_param is not None:
        params = task.sub_workflow_param.to_wire()
        if not isinstance(task.sub_workflow_param.workflow_definition, str):
            params.pop("workflowDefinition", None)
        yield "subWorkflowParam", params


def _common_violations(task: WorkflowTask, path: str) -> Iterator[ValidationErrorItem]:
    reference = task.task_reference_name
    if not task.name:
        yield _violation(f"{path}.name", "WorkflowTask name cannot be empty or null")
    if not reference:
        yield _violation(
            f"{path}.taskReferenceName",
            "WorkflowTask taskReferenceName name cannot be empty or null",
        )
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in reference):
        yield _violation(
            f"{path}.taskReferenceName",
            f"taskReferenceName: {reference!a} must not contain control characters",
        )
    if not task.type:
        yield _violation(f"{path}.type", "WorkflowTask type cannot be null or empty")
    yield from _name_violations(task, path)
    if task.start_delay < 0:
        yield _violation(f"{path}.startDelay", _NOT_NEGATIVE, task.start_delay)


def _name_violations(task: WorkflowTask, path: str) -> Iterator[ValidationErrorItem]:
    """Yield names under which a task would come into a queue that is the engine's."""
    field, work = ("name", task.name) if task.type == "SIMPLE" else ("type", task.type)
    if field == "name" or work.startswith("_"):
        fault = work_fault(work)
        if fault is not None:
            yield _violation(f"{path}.{field}", f"{field}: {fault}; choose another", work)
    params = task.sub_workflow_param
    for fault in domain_faults(None if params is None else params.task_to_domain):
        yield _violation(f"{path}.subWorkflowParam.taskToDomain", fault)


def _script_violations(
    task: WorkflowTask, path: str, scripts: ScriptChecker
) -> Iterator[ValidationErrorItem]:
    source = SCRIPTS[task.type](task) if task.type in SCRIPTS else None
    error = scripts.syntax_error(source) if source else None
    if error is not None:
        yield _violation(
            path,
            f"Expression is not well formatted: {error}, taskType: {task.type} "
            f"taskName {task.name}",
        )


def _malformed(path: str, sources: Iterable[tuple[str, object]]) -> Iterator[ValidationErrorItem]:
    """Yield the expressions that could not be evaluated, in fields given by name and value."""
    for field, source in sources:
        for written in expressions_in(source):  # type: ignore[arg-type]  # wire values are JSON
            if written.fault is not None:
                yield _violation(
                    f"{path}.{field}",
                    f"key: {written.key} input parameter value: {written.path} is not valid: "
                    f"{written.fault}; a literal ${{ is written $${{",
                )


def _unknown_references(place: _Place, known: AbstractSet[str]) -> Iterator[ValidationErrorItem]:
    for written in expressions_in(place.task.input_parameters):
        root = root_name(written.path)
        if written.fault is not None or root is None or "\0" in root:
            continue
        if root not in {"workflow", _TASK_ID} and not _names_one_of(known, written.path):
            yield _violation(
                f"{place.path}.inputParameters",
                f"taskReferenceName: {root} for given task: {place.task.name} input value: "
                f"{written.key} of input parameter: {written.path} is not defined in workflow "
                "definition.",
            )


def _names_one_of(known: AbstractSet[str], path: str) -> bool:
    """Tell if ``path`` reads a task in ``known``; names may have dots and brackets."""
    ends = [index for index, char in enumerate(path[:MAX_PATH_CHARACTERS]) if char in ".["]
    return any(path[:end] in known for end in (*ends, len(path)))


def _task_def_violations(
    task_def: TaskDef, checker: SchemaChecker | None
) -> Iterator[ValidationErrorItem]:
    name, path = task_def.name, "taskDefinition"
    timeout, response = task_def.timeout_seconds, task_def.response_timeout_seconds
    total = task_def.total_timeout_seconds
    if not name:
        yield _violation(f"{path}.name", "TaskDef name cannot be null or empty")
    # One named after a type that the engine does rules how that is retried.
    if name.startswith("_"):
        yield _violation(f"{path}.name", f"name: {work_fault(name)}; choose another", name)
    yield from _bound_violations(task_def, path)
    yield from _malformed(path, (("inputTemplate", task_def.input_template),))
    yield from _schema_violations(task_def, path, checker)
    if 0 < timeout < response:
        yield _violation(
            path,
            f"TaskDef: {name} responseTimeoutSeconds: {response} must be less than "
            f"timeoutSeconds: {timeout}",
        )
    if 0 < total < timeout:
        yield _violation(
            path,
            f"TaskDef: {name} timeoutSeconds: {timeout} must be less than or equal to "
            f"totalTimeoutSeconds: {total}",
        )


def _bound_violations(task_def: TaskDef, path: str) -> Iterator[ValidationErrorItem]:
    response = task_def.response_timeout_seconds
    for field, value, least, message in (
        ("retryCount", task_def.retry_count, 0, "TaskDef retryCount: 0 must be >= 0"),
        (
            "responseTimeoutSeconds",
            response,
            1,
            f"TaskDef responseTimeoutSeconds: {response} should be minimum 1 second",
        ),
        (
            "backoffScaleFactor",
            task_def.backoff_scale_factor,
            1,
            "Backoff scale factor. Applicable for LINEAR_BACKOFF",
        ),
        ("pollTimeoutSeconds", task_def.poll_timeout_seconds or 0, 0, _NOT_NEGATIVE),
        ("maxRetryDelaySeconds", task_def.max_retry_delay_seconds, 0, _NOT_NEGATIVE),
        ("backoffJitterMs", task_def.backoff_jitter_ms, 0, _NOT_NEGATIVE),
        ("totalTimeoutSeconds", task_def.total_timeout_seconds, 0, _NOT_NEGATIVE),
    ):
        if value < least:
            yield _violation(f"{path}.{field}", message, value)
