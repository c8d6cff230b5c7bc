"""A step: one task of a definition, or a few that belong together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self, TypeAlias

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from dalsegno.definitions.errors import InvalidDefinitionError, Problem, refuse
from dalsegno.definitions.expressions import Expression, Value, rendered, rendered_map
from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonObject, JsonValue, StateChangeEvent, TaskDef, WorkflowTask

# Options that stand in the task's JSON under their own name.
_PLAIN_OPTIONS: Final = (
    "name",
    "description",
    "optional",
    "permissive",
    "retry_count",
    "async_complete",
    "rate_limited",
)


class NamesTask(Protocol):
    """Something that knows its task type: a function decorated with ``@worker``."""

    @property
    def task_type(self) -> str:
        """The type, which is also the task's name."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A value; methods return a changed copy.

    Attributes:
        tasks: What stands in the definition: one task, or a fork and its JOIN.
    """

    tasks: tuple[WorkflowTask, ...]

    @property
    def ref(self) -> str:
        """Reference name of the task whose output is the step's, the last one."""
        return self.tasks[-1].task_reference_name

    @property
    def output(self) -> Expression:
        """What the step will put out."""
        return Expression(f"{self.ref}.output")

    @property
    def status(self) -> Expression:
        """Status of the step's task, such as ``COMPLETED``."""
        return Expression(f"{self.ref}.status")

    def with_inputs(self, inputs: Mapping[str, Value] | None = None, /, **named: Value) -> Self:
        """Return the step with these inputs laid over its own; a mapping takes any name."""
        added = rendered_map({**(inputs or {}), **named}, f"step {self.ref}: input")
        return self._changed({"inputParameters": {**self.tasks[0].input_parameters, **added}})

    def with_options(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        optional: bool | None = None,
        permissive: bool | None = None,
        retry_count: int | None = None,
        start_delay_seconds: int | None = None,
        async_complete: bool | None = None,
        rate_limited: bool | None = None,
        task_def: TaskDef | Mapping[str, JsonValue] | None = None,
        cache_key: str | None = None,
        cache_seconds: int | None = None,
        on_state_change: Mapping[str, Sequence[StateChangeEvent]] | None = None,
        metadata: Mapping[str, Value] | None = None,
    ) -> Self:
        """Return the step with these options; those left out stay as they are.

        Args:
            name: The task's name, if that is not its reference name: it names the task definition
                that retries and timeouts come from.
            description: For readers.
            optional: The workflow goes on if the task fails.
            permissive: The workflow fails because of the task only once all else has ended.
            retry_count: In place of the task definition's.
            start_delay_seconds: How long the task waits before it is offered to workers.
            async_complete: The task stays open after the call until it is updated from outside.
            rate_limited: The task definition's rate limit applies.
            task_def: Retries and timeouts of this task alone, in place of what is registered.
            cache_key: With ``cache_seconds``: tasks with the same key have this one's output.
            cache_seconds: How long the output may be had.
            on_state_change: Events to publish, by status.
            metadata: For tools; the engine keeps it.

        Raises:
            InvalidDefinitionError: An option cannot have this value.
        """
        given = locals()
        fields: JsonObject = {
            to_camel(option): given[option]
            for option in _PLAIN_OPTIONS
            if given[option] is not None
        }
        if start_delay_seconds is not None:
            fields["startDelay"] = start_delay_seconds
        if task_def is not None:
            fields["taskDefinition"] = as_wire(task_def)
        if (cache_key is None) != (cache_seconds is None):
            raise refuse(f"step {self.ref}", "cache_key and cache_seconds belong together")
        if cache_key is not None and cache_seconds is not None:
            fields["cacheConfig"] = {"key": cache_key, "ttlInSecond": cache_seconds}
        if on_state_change is not None:
            fields["onStateChange"] = {
                status: [event.to_wire() for event in events]
                for status, events in on_state_change.items()
            }
        if metadata is not None:
            fields["metadata"] = rendered_map(metadata, f"step {self.ref}: metadata")
        return self._changed(fields)

    def with_fields(self, fields: Mapping[str, JsonValue]) -> Self:
        """Return the step with fields of its JSON as they stand on the wire, known or not."""
        return self._changed(dict(fields))

    def _changed(self, fields: JsonObject) -> Self:
        """Return the step with other fields of its first task."""
        first, *others = self.tasks
        return replace(self, tasks=(wire_task({**first.to_wire(), **fields}), *others))


# What a case, a branch or a loop consists of.
Steps: TypeAlias = Step | list[Step] | tuple[Step, ...]


def step_of(task_type: str, ref: str, inputs: Mapping[str, Value], **fields: Any) -> Step:
    """Return the step of one task, named by its reference unless ``fields`` say otherwise.

    Raises:
        InvalidDefinitionError: A field has the wrong type.
        TypeError: An input is neither JSON nor an expression.
    """
    if not isinstance(ref, str) or not ref:
        raise refuse(f"a step of type {task_type}", f"ref is {ref!r}: give it a name")
    given = rendered_map(inputs, f"step {ref}: input")
    wire = {"name": ref, "taskReferenceName": ref, "type": task_type, "inputParameters": given}
    return Step((wire_task({**wire, **fields}),))


def wire_task(wire: Mapping[str, Any]) -> WorkflowTask:
    """Return the task that ``wire`` spells.

    Raises:
        InvalidDefinitionError: A field has the wrong type.
    """
    try:
        return WorkflowTask.model_validate(wire)
    except ValidationError as error:
        faults = InvalidRequestError.from_validation(error).validation_errors
        ref = wire.get("taskReferenceName")
        raise InvalidDefinitionError(
            f"step {ref}", [Problem(fault.message, fault.path) for fault in faults]
        ) from error


def tasks_of(steps: Steps, what: str) -> list[WorkflowTask]:
    """Return the tasks of ``steps`` in order.

    Args:
        steps: One step, or a list of steps.
        what: Names the list in the error.

    Raises:
        TypeError: Something in it is no step.
    """
    match steps:
        case Step():
            return list(steps.tasks)
        case list() | tuple():
            return [task for each in steps for task in tasks_of(each, what)]
    hint = f": write task({steps!r})" if isinstance(steps, str) else ""
    raise TypeError(f"{what}: expected a step, got {steps!r:.80}{hint}")


def some_tasks_of(steps: Steps, what: str) -> list[WorkflowTask]:
    """Return the tasks of ``steps``, which are at least one; see ``tasks_of``."""
    tasks = tasks_of(steps, what)
    if not tasks:
        raise refuse(what, "there is no step in it")
    return tasks


def as_wire(model: TaskDef | Mapping[str, JsonValue]) -> JsonObject:
    """Return a task definition as JSON."""
    return model.to_wire() if isinstance(model, TaskDef) else dict(model)


def present(what: str, **values: Value) -> JsonObject:
    """Return the values that are not None, as JSON."""
    return {
        key: rendered(each, f"{what}: {key}") for key, each in values.items() if each is not None
    }
