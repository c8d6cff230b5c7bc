"""Writing a definition as code of the builder, each step checked against what it must be."""

import keyword
import re
from collections.abc import Iterator, Sequence
from typing import Final

from dalsegno.definitions.definition import Workflow
from dalsegno.definitions.engine_rules import expressions_of, roots_of
from dalsegno.definitions.errors import InvalidDefinitionError
from dalsegno.definitions.places import misreads, places_in, unknown_roots
from dalsegno.definitions.source.code import Atom, Call, Code, Dictionary, Listing, Text, statement
from dalsegno.definitions.source.recognizing import call_for, is_argument, parallel_for
from dalsegno.definitions.source.texts import Scope
from dalsegno.definitions.steps.branches import join
from dalsegno.definitions.steps.step import Step
from dalsegno.definitions.steps.work import raw
from dalsegno.models import JsonObject, JsonValue, WorkflowDef, WorkflowTask

# Fields of a task that are arguments of ``with_options``, by the name of the argument.
_OPTIONS: Final = {
    "name": "name",
    "description": "description",
    "optional": "optional",
    "permissive": "permissive",
    "retryCount": "retry_count",
    "startDelay": "start_delay_seconds",
    "asyncComplete": "async_complete",
    "rateLimited": "rate_limited",
    "taskDefinition": "task_def",
    "metadata": "metadata",
}
# Fields of a workflow that are arguments of ``Workflow``, and whether expressions may be in them.
_ARGUMENTS: Final = {
    "version": "version",
    "description": "description",
    "inputParameters": "input_parameters",
    "inputTemplate": "input_template",
    "variables": "variables",
    "timeoutSeconds": "timeout_seconds",
    "failureWorkflow": "failure_workflow",
    "failureWorkflowVersion": "failure_workflow_version",
    "restartable": "restartable",
    "ownerEmail": "owner_email",
    "outputParameters": "output",
}


class ModuleWriter:
    """Collects the statements of a module, each of which binds one name.

    Attributes:
        statements: In order.
    """

    def __init__(self, taken: frozenset[str]) -> None:
        self.statements: list[str] = []
        self._taken = set(taken)

    def bind(self, name: str, code: Code) -> Atom:
        """Add a statement that gives ``code`` a name like ``name``; return what names it."""
        word = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
        word = f"_{word}" if word[0].isdigit() else word
        while word in self._taken or keyword.iskeyword(word):
            word += "_"
        self._taken.add(word)
        self.statements.append(statement(word, code))
        return Atom(word, code.value)


class DefinitionWriter:
    """Writes one definition; see ``recognizing.Writer``."""

    def __init__(self, module: ModuleWriter, definition: WorkflowDef) -> None:
        self._module = module
        self._definition = definition
        self._places = places_in(definition.tasks)
        self._scope = Scope(p.ref for p in self._places if p.task.type == "DO_WHILE")
        texts = [text for place in self._places for text in expressions_of(place.task)]
        self._read = roots_of([*texts, definition.output_parameters])

    def definition(self) -> Code:
        """Return code for the definition, after statements for the steps it names.

        Raises:
            InvalidDefinitionError: Two steps have the same reference name, or there is none.
        """
        steps = self.steps(self._definition.tasks)
        named = tuple(self._arguments())
        call = Call(Workflow, (Text(self._definition.name), *steps.items), named)
        rest = _differences(self._definition.to_wire(), call.value.draft().to_wire())
        return Call(Workflow.with_fields, (_plain(rest),), on=call) if rest else call

    def steps(self, tasks: Sequence[WorkflowTask]) -> Listing:
        """See ``Writer.steps``."""
        items: list[Code] = []
        pending = list(tasks)
        while pending:
            call = parallel_for(pending[0], pending[1], self) if _is_joined(pending) else None
            count = 1 if call is None else 2
            members, pending = tuple(pending[:count]), pending[count:]
            code = self._step(members, call_for(members[0], self) if call is None else call)
            items.extend(code.items if isinstance(code, Listing) else [code])
        return Listing(tuple(items))

    def code(self, value: JsonValue) -> Code:
        """See ``Writer.code``."""
        return self._scope.code(value)

    def workflow(self, definition: WorkflowDef) -> Code:
        """See ``Writer.workflow``."""
        inner = DefinitionWriter(self._module, definition).definition()
        return self._module.bind(definition.name, inner)

    def _arguments(self) -> Iterator[tuple[str, Code]]:
        definition = self._definition
        wire, default = definition.to_wire(), WorkflowDef().to_wire()
        for key, argument in _ARGUMENTS.items():
            if key in wire and wire[key] != default.get(key):
                yield argument, self.code(wire[key])
        usual = "TIME_OUT_WF" if definition.timeout_seconds else "ALERT_ONLY"
        if definition.timeout_policy != usual:
            yield "timeout_policy", Text(definition.timeout_policy.value)
        unchecked = {root for _, root, _ in misreads(self._places)}
        unchecked.update(unknown_roots([definition.output_parameters], self._places))
        if unchecked:
            yield "unchecked_reads", Listing(tuple(Text(root) for root in sorted(unchecked)))

    def _step(self, tasks: tuple[WorkflowTask, ...], call: Call) -> Code:
        """Return code for what ``call`` nearly makes, or its name if other steps read it."""
        code: Code = self._completed(call, tasks[0])
        if _made_by(code) != tasks:
            parts = [Call(raw, (_plain(_short(task)),)) for task in tasks]
            code = parts[0] if len(parts) == 1 else Listing(tuple(parts))
        ref = tasks[-1].task_reference_name
        if ref not in self._read or isinstance(code, Listing):
            return code
        atom = self._module.bind(ref, code)
        self._scope.variables[ref] = atom
        return atom

    def _completed(self, call: Call, task: WorkflowTask) -> Call:
        """Return the call with all that its step lacks of ``task``."""
        made = _made_by(call)
        if not made:
            return call
        wire = task.to_wire()
        rest = _differences(wire, made[0].to_wire())
        inputs = _differences(task.input_parameters, made[0].input_parameters)
        if rest.pop("inputParameters", None) is not None:
            if made[0].input_parameters.keys() <= task.input_parameters.keys():
                call = self._with_inputs(call, inputs)
            else:
                rest["inputParameters"] = task.input_parameters
        short = _short(task)
        rest = {key: short.get(key, value) for key, value in rest.items()}
        options = tuple(self._options(rest))
        if options:
            call = Call(Step.with_options, (), options, on=call)
        return Call(Step.with_fields, (_plain(rest),), on=call) if rest else call

    def _with_inputs(self, call: Call, inputs: JsonObject) -> Call:
        if all(is_argument(key, Step.with_inputs) for key in inputs):
            named = tuple((key, self.code(value)) for key, value in inputs.items())
            return Call(Step.with_inputs, (), named, on=call)
        return Call(Step.with_inputs, (self.code(inputs),), on=call)

    def _options(self, rest: JsonObject) -> Iterator[tuple[str, Code]]:
        """Yield options for what is in ``rest``, and take it out."""
        for key, option in _OPTIONS.items():
            if rest.get(key) is not None:
                value = rest.pop(key)
                yield option, _plain(value) if key == "taskDefinition" else self.code(value)
        match rest.get("cacheConfig"):
            case {"key": str() as key, "ttlInSecond": int() as seconds, **more} if not more:
                del rest["cacheConfig"]
                yield "cache_key", Text(key)
                yield "cache_seconds", Atom(str(seconds), seconds)


def _is_joined(tasks: Sequence[WorkflowTask]) -> bool:
    """Tell if the first two tasks are a fork and just the JOIN that ``parallel`` gives it."""
    if len(tasks) < 2 or tasks[0].type not in {"FORK_JOIN", "FORK_JOIN_DYNAMIC"}:
        return False
    ends = [branch[-1].task_reference_name for branch in tasks[0].fork_tasks if branch]
    name = tasks[1].task_reference_name
    return bool(name) and (tasks[1],) == join(*ends, ref=name).tasks


def _made_by(code: Code) -> tuple[WorkflowTask, ...]:
    """Return what a step's code makes; nothing if it cannot be evaluated."""
    try:
        step: Step = code.value
    except (InvalidDefinitionError, TypeError):
        return ()
    return step.tasks


def _differences(wanted: JsonObject, made: JsonObject) -> JsonObject:
    """Return what to lay over ``made``; None takes away."""
    keys = dict.fromkeys([*wanted, *made])
    return {
        key: wanted.get(key)
        for key in keys
        if (key in wanted) != (key in made) or wanted.get(key) != made.get(key)
    }


def _short(task: WorkflowTask) -> JsonObject:
    return task.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _plain(value: JsonValue) -> Code:
    """Return code for JSON as it stands on the wire, expressions as text."""
    match value:
        case str():
            return Text(value)
        case list():
            return Listing(tuple(_plain(each) for each in value))
        case dict():
            return Dictionary(tuple((key, _plain(each)) for key, each in value.items()))
        case _:
            return Atom(repr(value), value)
