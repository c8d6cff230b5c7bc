"""A workflow's definition, built from steps."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import ValidationError

from dalsegno.definitions.checking import ensure_valid
from dalsegno.definitions.errors import InvalidDefinitionError, Problem, refuse
from dalsegno.definitions.expressions import Expression, Value, rendered, rendered_map
from dalsegno.definitions.places import misplaced, places_in, suggestion, unknown_roots
from dalsegno.definitions.steps.step import Steps, tasks_of
from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonObject, JsonValue, WorkflowDef, WorkflowTask


class Workflow:
    """A workflow: its steps, one after the other, and what comes out of it.

    A value: nothing is registered and nothing runs. Two are equal if their definitions are.

    Args:
        name: Of the workflow.
        *steps: What it does; lists among them are opened.
        version: Of the definition.
        output: Values by key, of its steps and its input; the last step's output by default.
        description: For readers.
        input_parameters: Names of the inputs it expects, for readers and tools.
        input_template: Input that a start need not give.
        variables: What ``workflow.variables`` is at first.
        timeout_seconds: How long an execution may take; 0 is for ever.
        timeout_policy: What happens then.
        failure_workflow: The workflow to start when an execution fails.
        failure_workflow_version: Its version.
        restartable: A finished execution may be started again.
        owner_email: Whom to ask.
        unchecked_reads: Reference names that may be read though no step has them, or before the
            step: of tasks that a dynamic fork creates.

    Raises:
        InvalidDefinitionError: Two steps have the same reference name, or a step reads what no
            step has put out by then. All faults are named together.
        TypeError: Something is no step, or no value.
    """

    __slots__ = ("_definition",)

    def __init__(
        self,
        name: str,
        /,
        *steps: Steps,
        version: int = 1,
        output: Mapping[str, Value] | None = None,
        description: str | None = None,
        input_parameters: Sequence[str] = (),
        input_template: Mapping[str, Value] | None = None,
        variables: Mapping[str, Value] | None = None,
        timeout_seconds: int = 0,
        timeout_policy: Literal["TIME_OUT_WF", "ALERT_ONLY"] | None = None,
        failure_workflow: str | Expression | None = None,
        failure_workflow_version: int | None = None,
        restartable: bool = True,
        owner_email: str | None = None,
        unchecked_reads: Collection[str] = (),
    ) -> None:
        what = f"workflow {name}"
        if timeout_policy is None:
            timeout_policy = "TIME_OUT_WF" if timeout_seconds else "ALERT_ONLY"
        self._definition = _parsed(
            {
                "name": name,
                "version": version,
                "tasks": _all_tasks(steps, what),
                "outputParameters": rendered_map(output or {}, f"{what}: output"),
                "description": description,
                "inputParameters": list(input_parameters),
                "inputTemplate": rendered_map(input_template or {}, f"{what}: input_template"),
                "variables": rendered_map(variables or {}, f"{what}: variables"),
                "timeoutSeconds": timeout_seconds,
                "timeoutPolicy": timeout_policy,
                "failureWorkflow": rendered(failure_workflow, f"{what}: failure_workflow"),
                "failureWorkflowVersion": failure_workflow_version,
                "restartable": restartable,
                "ownerEmail": owner_email,
            }
        )
        if problems := _misplaced(self._definition, unchecked_reads):
            raise InvalidDefinitionError(what, problems)

    @property
    def name(self) -> str:
        """Name of the workflow."""
        return self._definition.name

    @property
    def version(self) -> int:
        """Version of the definition."""
        return self._definition.version

    def with_fields(self, fields: Mapping[str, JsonValue]) -> Self:
        """Return the workflow with fields of its JSON as they stand on the wire, known or not."""
        changed = object.__new__(type(self))
        changed._definition = _parsed({**self._definition.to_wire(), **fields})
        return changed

    def draft(self) -> WorkflowDef:
        """Return the definition as it is, not checked by the engine's rules."""
        return self._definition

    def definition(self) -> WorkflowDef:
        """Return the definition, checked by the engine's own rules.

        Raises:
            InvalidDefinitionError: The engine would not register it.
            MissingExtraError: See ``check``.
        """
        ensure_valid(self._definition)
        return self._definition

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return the definition as JSON, without what says no more than the default.

        Raises:
            InvalidDefinitionError: The engine would not register it.
        """
        return json.dumps(plain(self.definition()), indent=indent, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        """Return whether the other's definition is the same in every field."""
        return isinstance(other, Workflow) and self._definition == other._definition

    def __hash__(self) -> int:
        """Return the hash of name and version."""
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        """Return name and version."""
        return f"<Workflow {self.name}, version {self.version}>"


def plain(definition: WorkflowDef) -> JsonObject:
    """Return a definition's JSON object, without what says no more than the default."""
    wire: dict[str, Any] = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"name": definition.name, "version": definition.version, "schemaVersion": 2, **wire}


def _parsed(wire: Mapping[str, object]) -> WorkflowDef:
    try:
        return WorkflowDef.model_validate(wire)
    except ValidationError as error:
        faults = InvalidRequestError.from_validation(error).validation_errors
        problems = [Problem(fault.message, fault.path) for fault in faults]
        raise InvalidDefinitionError(f"workflow {wire.get('name')}", problems) from error


def _all_tasks(steps: Sequence[Steps], what: str) -> list[WorkflowTask]:
    tasks = [task for each in steps for task in tasks_of(each, what)]
    if not tasks:
        raise refuse(what, "there is no step in it")
    return tasks


def _misplaced(definition: WorkflowDef, unchecked_reads: Collection[str]) -> list[Problem]:
    places = places_in(definition.tasks)
    problems = list(misplaced(places, unchecked_reads))
    names = [place.ref for place in places]
    for key, value in definition.output_parameters.items():
        problems += [
            Problem(
                f"reads {root}, but no step has this reference name{suggestion(root, names)}",
                f"outputParameters.{key}",
            )
            for root in unknown_roots(value, places)
            if root not in unchecked_reads
        ]
    return problems
