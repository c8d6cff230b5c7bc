"""Requests that take many things at once, filled by whoever has one of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from dalsegno.errors import UnavailableError

_MOST: Final = 10
_LINGER_SECONDS: Final = 0.05  # what ends together goes together


@dataclass(slots=True)
class _Item:
    text: str
    taken: "asyncio.Future[None]"


class Batches:
    """Collects texts for a moment, and makes one request of up to ten.

    Args:
        request: Makes it; returns the places of those that were not taken.
        most_bytes: How large the texts of a request are in all.
    """

    def __init__(
        self, request: Callable[[list[str]], Awaitable[frozenset[int]]], *, most_bytes: int
    ) -> None:
        self._request = request
        self._most_bytes = most_bytes
        self._items: list[_Item] = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def put(self, text: str) -> None:
        """Return once a request has taken the text. Raises ConductorError if it did not."""
        size = len(text)
        if self._items and self._bytes + size > self._most_bytes:
            self._flush()
        item = _Item(text, asyncio.get_running_loop().create_future())
        self._items.append(item)
        self._bytes += size
        if len(self._items) == _MOST:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._flush)
        await item.taken

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, self._items, self._bytes = self._items, [], 0
        if items:
            task = asyncio.create_task(self._send(items))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, items: list[_Item]) -> None:
        try:
            failed = await self._request([item.text for item in items])
        except Exception as error:  # noqa: BLE001 - raised where each is awaited
            for item in items:
                if not item.taken.done():
                    item.taken.set_exception(error)
            return
        for place, item in enumerate(items):
            if item.taken.done():
                continue
            if place in failed:
                item.taken.set_exception(UnavailableError("SQS did not take it; it may next time"))
            else:
                item.taken.set_result(None)
