"""Worker functions: what the decorator makes of a function."""

import asyncio
import inspect
from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, overload

from dalsegno.models import Task, TaskResult
from dalsegno.workers.attempt import Attempt
from dalsegno.workers.context import TaskContext
from dalsegno.workers.outcomes import SignatureError
from dalsegno.workers.polling import Polling
from dalsegno.workers.signature import Signature

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_CONCURRENCY = 10


class WorkerFunction(Generic[P, R]):
    """A function that does the tasks of one type; called directly, it is the function itself.

    Attributes:
        task_type: Name of the tasks it does.
        domain: Of the tasks it does; None for those of none.
        concurrency: How many tasks it does at once; None leaves it to the ``Worker``.
        polling: How it asks for tasks; None leaves it to the ``Worker``.
        is_async: Whether it runs on the event loop; otherwise, it runs in threads.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        task_type: str | None = None,
        domain: str | None = None,
        concurrency: int | None = None,
        polling: Polling | None = None,
    ) -> None:
        if concurrency is not None and concurrency < 1:
            raise SignatureError(
                f"worker {function!r}: concurrency is {concurrency}, not 1 or more"
            )
        self.function = function
        self.task_type = task_type or function.__name__
        self.domain = domain
        self.concurrency = concurrency
        self.polling = polling
        self.is_async = inspect.iscoroutinefunction(function)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function as it was written."""
        return self.function(*args, **kwargs)

    @cached_property
    def signature(self) -> Signature:
        """What it takes and returns. Raises SignatureError."""
        return Signature(self.function)

    def run(self, task: Task, context: TaskContext | None = None) -> TaskResult:
        """Return the result of doing a task, here and now; nothing is sent anywhere.

        What the function raises becomes part of the result. Raises SignatureError.
        """
        if self.is_async:
            return asyncio.run(self.run_async(task, context))
        attempt = Attempt(task, context or TaskContext(task))
        with attempt:
            arguments = self.signature.arguments(task.input_data, attempt.context)
            attempt.complete(self.signature.output(self._call(arguments)))
        return attempt.result

    async def run_async(self, task: Task, context: TaskContext | None = None) -> TaskResult:
        """See ``run``; awaits the function if it is async, blocks if it is not."""
        if not self.is_async:
            return self.run(task, context)
        attempt = Attempt(task, context or TaskContext(task))
        with attempt:
            arguments = self.signature.arguments(task.input_data, attempt.context)
            attempt.complete(self.signature.output(await self._call(arguments)))
        return attempt.result

    def _call(self, arguments: dict[str, Any]) -> Any:
        function: Callable[..., Any] = self.function
        return function(**arguments)

    def __repr__(self) -> str:
        """Return what it does."""
        return f"<worker of {self.task_type}>"


@overload
def worker(function: Callable[P, R], /) -> WorkerFunction[P, R]: ...
@overload
def worker(
    task_type: str | None = None,
    /,
    *,
    domain: str | None = None,
    concurrency: int | None = None,
    polling: Polling | None = None,
) -> Callable[[Callable[P, R]], WorkerFunction[P, R]]: ...


def worker(
    function: Callable[..., Any] | str | None = None,
    /,
    *,
    domain: str | None = None,
    concurrency: int | None = None,
    polling: Polling | None = None,
) -> Any:
    """Make a function the worker of a task type; the type is the function's name, or as given.

    Its parameters are read from the task's input by name, through pydantic; one annotated with
    ``Input[T]`` is the whole input, one with ``TaskContext`` is the task.
    """
    if callable(function):
        return WorkerFunction(function)

    def decorated(plain: Callable[P, R]) -> WorkerFunction[P, R]:
        return WorkerFunction(
            plain, task_type=function, domain=domain, concurrency=concurrency, polling=polling
        )

    return decorated
