"""Parameters and result of a worker function: from a task's input, and to its output."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from dalsegno.json_text import plain_json
from dalsegno.models import JsonObject, JsonValue
from dalsegno.workers.context import TaskContext
from dalsegno.workers.outcomes import Fail, SignatureError

T = TypeVar("T")


class _WholeInput:
    """Marks the parameter that takes the whole input."""


_WHOLE: Final = _WholeInput()

Input: TypeAlias = Annotated[T, _WHOLE]
"""``order: Input[Order]`` is the whole input of the task, as an ``Order``."""

_MISSING: Final = object()


class _Mismatch(Exception):
    """A value is not what a parameter takes."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    key: str  # in the input
    adapter: TypeAdapter[Any] | None
    default: Any
    takes_whole: bool = False
    takes_context: bool = False

    def value(self, task_input: JsonObject, context: TaskContext) -> Any:
        """Return what is passed. Raises _Mismatch."""
        if self.takes_context:
            return context
        given = task_input if self.takes_whole else task_input.get(self.key, _MISSING)
        if given is _MISSING:
            if self.default is inspect.Parameter.empty:
                raise _Mismatch(f"{self.key} is missing")
            return self.default
        try:
            return _validated(self.adapter, given, "" if self.takes_whole else self.key)
        except _Mismatch:
            # What an expression does not find is null: it stands for what is absent.
            if given is None and self.default is not inspect.Parameter.empty:
                return self.default
            raise


class Signature:
    """What a function takes and returns, checked once.

    Raises:
        SignatureError: It has parameters or annotations that no input can be made into.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        hints = self._hints()
        self._rest: _Parameter | None = None
        self._parameters: list[_Parameter] = []
        for name, parameter in inspect.signature(function).parameters.items():
            hint = hints.get(name, Any)
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                self._rest = _Parameter(name, name, self._adapter(name, hint), {})
            else:
                self._parameters.append(self._parameter(parameter, hint))
        returned = hints.get("return", Any)
        self._result = None if returned is Any else self._adapter("its result", returned)

    def arguments(self, task_input: JsonObject, context: TaskContext) -> dict[str, Any]:
        """Return what the function is called with. Raises Fail, which tells all that is wrong."""
        arguments: dict[str, Any] = {}
        mismatches: list[str] = []
        for parameter in self._parameters:
            try:
                arguments[parameter.name] = parameter.value(task_input, context)
            except _Mismatch as error:
                mismatches.append(str(error))
        if self._rest is not None:
            named = {parameter.key for parameter in self._parameters}
            for name in task_input.keys() - named:
                try:
                    arguments[name] = _validated(self._rest.adapter, task_input[name], name)
                except _Mismatch as error:
                    mismatches.append(str(error))
        if mismatches:
            raise Fail(f"The input does not fit: {'; '.join(sorted(mismatches))}", terminal=True)
        return arguments

    def output(self, value: Any) -> JsonObject:
        """Return a result as a task's output. Raises Fail if it is not what the function says.

        An object is the output itself, anything else its ``result``; None is an empty one.
        """
        try:
            if self._result is None:
                plain: JsonValue = plain_json(value)
            else:
                checked = self._result.validate_python(value)
                plain = self._result.dump_python(checked, mode="json", by_alias=True)
                if not _tells_all(plain, self._result.dump_python(checked, by_alias=True)):
                    plain = plain_json(checked)  # with the numbers that are refused by their place
        except ValidationError as error:
            raise Fail(f"The result does not fit: {_told(error, '')}", terminal=True) from error
        except ValueError as error:  # PydanticSerializationError
            raise Fail(f"The result is no JSON: {error}", terminal=True) from error
        if isinstance(plain, dict):
            return plain
        return {} if plain is None else {"result": plain}

    def _hints(self) -> Mapping[str, Any]:
        try:
            return get_type_hints(self._function, include_extras=True)
        except NameError as error:
            raise SignatureError(
                f"{self._place()}: {error}. Annotations of a worker must be names of its module."
            ) from error

    def _parameter(self, parameter: inspect.Parameter, hint: Any) -> _Parameter:
        name = parameter.name
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY}:
            raise SignatureError(
                f"{self._place()}: {parameter} takes its value by place, but inputs have names"
            )
        if hint is TaskContext:
            return _Parameter(name, name, None, parameter.default, takes_context=True)
        whole = get_origin(hint) is Annotated and _WHOLE in get_args(hint)
        adapter = self._adapter(name, hint)
        return _Parameter(name, _key(name, hint), adapter, parameter.default, takes_whole=whole)

    def _adapter(self, name: str, hint: Any) -> TypeAdapter[Any] | None:
        if hint is Any:
            return None
        try:
            with warnings.catch_warnings():  # an alias is for us, not for pydantic
                warnings.filterwarnings("ignore", message="The 'alias' attribute")
                return TypeAdapter(hint)
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise SignatureError(
                f"{self._place()}: {name} cannot be read from or written as JSON: {error}"
            ) from error

    def _place(self) -> str:
        code = inspect.unwrap(self._function).__code__
        return f"{code.co_filename}:{code.co_firstlineno}: worker {self._function.__qualname__}"


def _tells_all(plain: JsonValue, value: object) -> bool:
    """Return False if a number became null: that is how pydantic writes NaN and infinities."""
    if isinstance(plain, dict) and isinstance(value, dict):
        return all(_tells_all(*each) for each in zip(plain.values(), value.values(), strict=False))
    if isinstance(plain, list) and isinstance(value, list | tuple):
        return all(_tells_all(*each) for each in zip(plain, value, strict=False))
    return plain is not None or not isinstance(value, float)


def _key(name: str, hint: Any) -> str:
    """Return a parameter's name in the input: its own, or that of ``Field(alias=...)``."""
    metadata = get_args(hint) if get_origin(hint) is Annotated else ()
    aliases = [item.alias for item in metadata if isinstance(item, FieldInfo) and item.alias]
    return aliases[-1] if aliases else name


def _validated(adapter: TypeAdapter[Any] | None, value: JsonValue | object, name: str) -> Any:
    if adapter is None:
        return value
    try:
        return adapter.validate_json(
            to_json(value)
        )  # as JSON: "2026-01-31" is a date, also strictly
    except ValidationError as error:
        raise _Mismatch(_told(error, name)) from None


def _told(error: ValidationError, name: str) -> str:
    """Return everything that is wrong, each with its place."""

    def place(location: tuple[int | str, ...]) -> str:
        parts = [name, *map(str, location)] if name else list(map(str, location))
        return f"{'.'.join(parts)}: " if parts else ""

    return "; ".join(
        place(item["loc"]) + item["msg"]
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )
