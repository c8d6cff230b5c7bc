"""A client that costs the machine little, so that what is measured is the server."""

import asyncio
from collections import Counter
from typing import Any, Self
from urllib.parse import quote

from pydantic_core import from_json, to_json

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


class UnexpectedAnswerError(Exception):
    """The server refused what a benchmark asked of it."""


class Connection(asyncio.Protocol):
    """One kept-alive connection, for one request at a time.

    Attributes:
        requests: How many requests were answered, by what they were for; may be shared.
    """

    def __init__(self, requests: Counter[str]) -> None:
        self.requests = requests
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int, requests: Counter[str] | None = None) -> Self:
        """Return a connection to a server on this machine."""
        loop = asyncio.get_running_loop()
        counter = Counter[str]() if requests is None else requests
        _, connection = await loop.create_connection(lambda: cls(counter), "127.0.0.1", port)
        return connection

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._received += data
        head = self._received.find(_END_OF_HEAD)
        if head < 0 or self._answer is None:
            return
        begin = head + len(_END_OF_HEAD)
        end = begin + _content_length(self._received, head)
        if len(self._received) >= end and not self._answer.done():
            status, body = int(self._received[9:12]), bytes(self._received[begin:end])
            self._received.clear()
            self._answer.set_result((status, body))

    async def call(self, what: str, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of a successful answer; empty if there is none."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionResetError("the server hung up")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            b"%b /api%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (method.encode(), path.encode(), len(body), body)
        )
        status, answer = await self._answer
        self.requests[what] += 1
        if status >= 300:
            raise UnexpectedAnswerError(f"{method} {path}: {status} {answer[:500].decode()}")
        return answer

    async def register(self, definition: dict[str, Any]) -> None:
        """Register a workflow definition."""
        body = to_json(definition)
        await self.call("register", "POST", "/metadata/workflow?overwrite=true", body)

    async def start(self, name: str, inputs: dict[str, Any] | None = None) -> str:
        """Start a workflow and return its id."""
        body = to_json({"name": name, "version": 1, "input": inputs or {}})
        return (await self.call("start", "POST", "/workflow", body)).decode()

    async def poll(self, task_type: str, count: int) -> list[dict[str, Any]]:
        """Return up to ``count`` tasks, asking as the official SDKs do."""
        path = f"/tasks/poll/batch/{quote(task_type)}?workerid=bench&count={count}&timeout=100"
        tasks: list[dict[str, Any]] = from_json(await self.call("poll", "GET", path))
        return tasks

    async def complete(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """Complete a task; return the next one of its type that came with the answer."""
        result = {
            "workflowInstanceId": task["workflowInstanceId"],
            "taskId": task["taskId"],
            "workerId": "bench",
            "status": "COMPLETED",
            "outputData": {"result": "done", "amount": 4200},
            "extendLease": False,
        }
        answer = await self.call("update", "POST", "/tasks/update-v2", to_json(result))
        following: dict[str, Any] | None = from_json(answer) if answer else None
        return following

    async def signal(self, workflow_id: str) -> None:
        """End the first WAIT task of a workflow."""
        await self.call("signal", "POST", f"/tasks/{workflow_id}/COMPLETED/signal", b"{}")

    async def status(self, workflow_id: str) -> str:
        """Return the status of a workflow."""
        answer = await self.call("status", "GET", f"/workflow/{workflow_id}/status")
        return str(from_json(answer)["status"])

    async def count(self, name: str, status: str) -> int:
        """Return how many workflows of a name have a status."""
        query = quote(f"workflowType = '{name}' AND status = '{status}'")
        answer = await self.call("search", "GET", f"/workflow/search?size=1&query={query}")
        return int(from_json(answer)["totalHits"])


def _content_length(received: bytearray, head: int) -> int:
    begin = received.lower().find(_LENGTH, 0, head)
    if begin < 0:
        return 0
    begin += len(_LENGTH)
    end = received.find(b"\r", begin)
    return int(received[begin:end])
