"""Operations of several steps: written once, followed by either client."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeAlias, TypeVar, cast, overload

from dalsegno.client.call import Call
from dalsegno.client.operation import AsyncGroup, AsyncSender, Group, Sender

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pause:
    """A step that does nothing for a while."""

    seconds: float


Steps: TypeAlias = Generator[Call[Any] | Pause, Any, T]
"""What takes several calls: yields each, is sent its result, and returns what comes of it all."""


def follow(sender: Sender, steps: Steps[T]) -> T:
    """Take the steps; return what comes of them. Raises ConductorError."""
    answer: object = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            answer = None
        else:
            answer = sender.send(step)


async def follow_async(sender: AsyncSender, steps: Steps[T]) -> T:
    """See ``follow``."""
    answer: object = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            answer = None
        else:
            answer = await sender.send(step)


class procedure(Generic[P, T]):
    """Makes a method that takes several steps, of a generator of them. See ``operation``."""

    def __init__(self, build: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._build = build
        update_wrapper(cast(Any, self), build)  # wraps, but is called bound only

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: AsyncGroup, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, group: Group | AsyncGroup | None, owner: type) -> Any:
        """Return what takes the steps and gives what comes of them."""
        if group is None:
            return self

        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            steps = self._build(group, *args, **kwargs)
            if isinstance(group, Group):
                return follow(group._sender, steps)
            return follow_async(group._sender, steps)

        return update_wrapper(bound, self._build)
