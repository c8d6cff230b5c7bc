"""Operations that are written once, and are there for both clients."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from functools import update_wrapper
from typing import (
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    overload,
)

from pydantic import ValidationError

from dalsegno.client.call import Call
from dalsegno.client.violations import never_sent
from dalsegno.models import SearchResult

P = ParamSpec("P")
T = TypeVar("T")


class Sender(Protocol):
    """Makes calls and waits for their answers."""

    def send(self, call: Call[T]) -> T:
        """Return the result. Raises ConductorError."""
        ...


class AsyncSender(Protocol):
    """Makes calls whose answers are awaited."""

    async def send(self, call: Call[T]) -> T:
        """Return the result. Raises ConductorError."""
        ...


class Group:
    """Operations on one kind of thing, of a client that blocks."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender


class AsyncGroup:
    """Operations on one kind of thing, of a client that is awaited."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender


@dataclass(frozen=True, slots=True)
class Pause:
    """A step that does nothing for a while."""

    seconds: float


Steps: TypeAlias = Generator[Call[Any] | Pause, Any, T]
"""What takes several calls: yields each, is sent its result, and returns what comes of it all."""


class Pages(Protocol[T]):
    """The calls for all pages of a search."""

    def __call__(self, start: int, /) -> Call[SearchResult[T]]:
        """Return the call for the page that begins after so many hits."""
        ...


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


class operation(Generic[P, T]):
    """Makes a method that makes the call, of one that returns a ``Call``.

    Of a ``Group`` it returns the call's result, of an ``AsyncGroup`` a coroutine that does. Either
    raises ConductorError.
    """

    def __init__(self, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # wraps, but is called bound only

    def call(self, group: Any, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """Return the call that the method of that group would make. Raises InvalidRequestError."""
        try:
            return self._build(group, *args, **kwargs)
        except ValidationError as error:
            raise never_sent(error) from None

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: AsyncGroup, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, group: Group | AsyncGroup | None, owner: type) -> Any:
        """Return what makes the call and gives its result."""
        if group is None:
            return self

        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            return group._sender.send(self.call(group, *args, **kwargs))

        return update_wrapper(bound, self._build)


class procedure(Generic[P, T]):
    """Makes a method that takes several steps, of a generator of them. See ``operation``."""

    def __init__(self, build: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # wraps, but is called bound only

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


class listing(Generic[P, T]):
    """Makes a method that yields all hits, of one that returns ``Pages``.

    A page is asked for when the one before it is used up. Of a ``Group`` the method returns an
    iterator, of an ``AsyncGroup`` an asynchronous one. Either raises ConductorError.
    """

    def __init__(self, build: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # wraps, but is called bound only

    def pages(self, group: Any, *args: P.args, **kwargs: P.kwargs) -> Pages[T]:
        """Return the calls that the method of that group would make."""
        return self._build(group, *args, **kwargs)

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, group: AsyncGroup, owner: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, group: Group | AsyncGroup | None, owner: type) -> Any:
        """Return what yields the hits."""
        if group is None:
            return self

        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            pages = self._build(group, *args, **kwargs)
            if isinstance(group, Group):
                return _hits(group._sender, pages)
            return _hits_async(group._sender, pages)

        return update_wrapper(bound, self._build)


def _hits(sender: Sender, pages: Pages[T]) -> Iterator[T]:
    seen, there_are_more = 0, True
    while there_are_more:
        page = sender.send(pages(seen))
        yield from page.results
        seen += len(page.results)
        there_are_more = bool(page.results) and seen < page.total_hits


async def _hits_async(sender: AsyncSender, pages: Pages[T]) -> AsyncIterator[T]:
    seen, there_are_more = 0, True
    while there_are_more:
        page = await sender.send(pages(seen))
        for hit in page.results:
            yield hit
        seen += len(page.results)
        there_are_more = bool(page.results) and seen < page.total_hits
