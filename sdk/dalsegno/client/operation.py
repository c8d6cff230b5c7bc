"""Operations that are written once, and are there for both clients."""

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from pydantic import ValidationError

from dalsegno.client.call import Call
from dalsegno.client.violations import never_sent

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


class operation(Generic[P, T]):
    """Makes a method that makes the call, of one that returns a ``Call``.

    Of a ``Group`` it returns the call's result, of an ``AsyncGroup`` a coroutine that does. Either
    raises ConductorError.
    """

    def __init__(self, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._build = build
        update_wrapper(cast(Any, self), build)  # wraps, but is called bound only

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
