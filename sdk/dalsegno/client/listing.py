"""Searches: written once, iterated over by either client."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from dalsegno.client.call import Call
from dalsegno.client.operation import AsyncGroup, AsyncSender, Group, Sender
from dalsegno.models import SearchResult

P = ParamSpec("P")
T = TypeVar("T")


class Pages(Protocol[T]):
    """The calls for all pages of a search."""

    def __call__(self, start: int, /) -> Call[SearchResult[T]]:
        """Return the call for the page that begins after so many hits."""
        ...


class listing(Generic[P, T]):
    """Makes a method that yields all hits, of one that returns ``Pages``.

    A page is asked for when the one before it is used up. Of a ``Group`` the method returns an
    iterator, of an ``AsyncGroup`` an asynchronous one. Either raises ConductorError.
    """

    def __init__(self, build: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._build = build
        update_wrapper(cast(Any, self), build)  # wraps, but is called bound only

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
