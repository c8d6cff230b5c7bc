"""The two clients behind one face, so that what holds for one is seen to hold for the other."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dalsegno.client import AsyncDalsegno, Dalsegno, Retries

QUICK_RETRIES = Retries(attempts=4, first_delay_seconds=0.01, longest_delay_seconds=0.05)


class Client:
    """Has one of the clients do something, and waits for it; iterators become lists."""

    def __init__(self, client: Dalsegno | AsyncDalsegno, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def __call__(self, ask: Callable[[Any], Any]) -> Any:
        return self._runner.run(self._done(ask))

    async def _done(self, ask: Callable[[Any], Any]) -> Any:
        if isinstance(self.client, Dalsegno):
            return _listed(await asyncio.to_thread(lambda: _listed(ask(self.client))))
        asked = ask(self.client)
        if isinstance(asked, AsyncIterator):
            return [each async for each in asked]
        return await asked if inspect.isawaitable(asked) else asked


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Iterator) else value


@contextmanager
def a_client(
    kind: str, url: str, *, auth: httpx.Auth | None = None, retries: Retries | None = None
) -> Iterator[Client]:
    """Give a client, ``sync`` or ``async``, of the server at a URL."""
    with asyncio.Runner() as runner:
        if kind == "sync":
            with Dalsegno(url, auth=auth, retries=retries) as client:
                yield Client(client, runner)
        else:
            awaited = AsyncDalsegno(url, auth=auth, retries=retries)
            try:
                yield Client(awaited, runner)
            finally:
                runner.run(awaited.close())
