"""The engine's own rules, asked for when they are needed: the SDK does without the engine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec

from dalsegno.definitions.errors import MissingExtraError
from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonValue, TaskDef, ValidationErrorItem, WorkflowDef, WorkflowTask

_REMEMBERED_SCRIPTS = 1_000


def broken_rules(definition: WorkflowDef | TaskDef) -> tuple[ValidationErrorItem, ...]:
    """Return what would keep a definition from being registered.

    The syntax of scripts is checked if the extra ``engine`` is installed. That task types of the AI
    module have workers only the engine can know.

    Raises:
        MissingExtraError: The definition enforces a schema, or has a path that must be parsed, and
            the extra ``engine`` is not installed.
    """
    with _engine():
        from dalsegno_state.validation import check_task_def, check_workflow_def

        checker = _Sandbox() if find_spec("quickjs") else None
        try:
            if isinstance(definition, TaskDef):
                check_task_def(definition, checker)
            else:
                check_workflow_def(definition, checker)
        except InvalidRequestError as error:
            return error.validation_errors
    return ()


def expressions_of(task: WorkflowTask) -> list[object]:
    """Return everything in a task that may hold ``${...}``."""
    with _engine():
        from dalsegno_state.plan import expression_sources

        return expression_sources(task)


def roots_of(values: Iterable[object]) -> frozenset[str]:
    """Return the names that expressions in JSON values read: ``workflow``, or of steps."""
    with _engine():
        from dalsegno_state.expressions import references

        found = (references(value) for value in values)  # type: ignore[arg-type]  # they are JSON
        return frozenset[str]().union(*found)


class _Sandbox:
    """See ``ScriptChecker`` of the engine."""

    def syntax_error(self, source: str) -> str | None:
        """Return what is wrong with ``source``, None if it can be parsed; nothing is run."""
        return _syntax_error(source)

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """Return what of some values breaks a schema; see ``Scripts`` of the engine."""
        from dalsegno_state.sandbox import SandboxedScripts

        scripts = SandboxedScripts(processes=1)
        try:
            return scripts.schema_errors(schema, values)
        finally:
            scripts.close()


@lru_cache(_REMEMBERED_SCRIPTS)
def _syntax_error(source: str) -> str | None:
    from dalsegno_state.sandbox import SandboxedScripts

    scripts = SandboxedScripts(processes=1)
    try:
        return scripts.syntax_error(source)
    finally:
        scripts.close()


@contextmanager
def _engine() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError("engine", "checking this definition") from error
