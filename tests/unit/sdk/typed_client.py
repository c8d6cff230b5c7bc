"""What a type checker must make of the client; checked by ``test_client_types``, never run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import assert_type

from pydantic import BaseModel

from dalsegno import AsyncDalsegno, AsyncExecution, Dalsegno, Execution, IamAuth, KeyAuth
from dalsegno.models import JsonObject, Task, Workflow, WorkflowDef, WorkflowSummary


class Receipt(BaseModel):
    number: int


@dataclass
class Order:
    id: str


def blocking() -> None:
    with Dalsegno("http://h", auth=KeyAuth("id", "secret")) as client:
        assert_type(client, Dalsegno)
        execution = client.start("order", Order("A"), version=1, priority=3)
        assert_type(execution, Execution)
        assert_type(execution.result(), JsonObject)
        assert_type(execution.result(Receipt, timeout_seconds=3), Receipt)
        assert_type(execution.result(list[int]), list[int])
        assert_type(client.run("order", {"id": 1}, kind=Receipt), Receipt)
        assert_type(client.run("order"), JsonObject)
        assert_type(execution.get(include_tasks=False), Workflow)
        assert_type(execution.tasks(), Iterator[Task])
        assert_type(client.tasks.poll("charge", count=3), list[Task])
        assert_type(client.executions.search("status = RUNNING"), Iterator[WorkflowSummary])
        assert_type(client.definitions.workflows.get("order"), WorkflowDef)
        assert_type(client.files.download("w", "f"), bytes)


async def awaited() -> None:
    async with AsyncDalsegno(auth=IamAuth()) as client:
        execution = await client.start("order", Receipt(number=1))
        assert_type(execution, AsyncExecution)
        assert_type(await execution.result(Receipt), Receipt)
        assert_type(await client.run("order", kind=Receipt), Receipt)
        assert_type(await execution.get(), Workflow)
        assert_type(execution.tasks(), AsyncIterator[Task])
        assert_type(asyncio.create_task(client.tasks.get("t")), asyncio.Task[Task])
        assert_type(await client.files.download("w", "f"), bytes)
        async for summary in client.executions.search():
            assert_type(summary, WorkflowSummary)


def wrong(client: Dalsegno) -> None:
    client.start("order", ["no", "object"])  # type: ignore[arg-type]
    client.start("order", {}, prio=3)  # type: ignore[call-arg]
    client.run(kind=Receipt)  # type: ignore[call-overload]
    client.tasks.poll("charge", count="3")  # type: ignore[arg-type]
    client.execution("w").terminate(7)  # type: ignore[arg-type]
    client.definitions.workflows.put({"name": "order"})  # type: ignore[arg-type]
    client.schedules.pause()  # type: ignore[call-arg]
