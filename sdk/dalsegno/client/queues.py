"""Queues of tasks: how long they are, and who polls them."""

from dalsegno.client.call import Call, path, reads
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import PollData


class QueueCalls:
    """Looks at the queues of tasks."""

    @operation
    def sizes(self, *task_types: str) -> Call[dict[str, int]]:
        """Return how many tasks of each type wait, of every queue if no type is given."""
        if not task_types:
            return Call("GET", "/tasks/queue/all", reads(dict[str, int]), repeatable=True)
        return Call(
            "GET",
            "/tasks/queue/sizes",
            reads(dict[str, int]),
            query={"taskType": task_types},
            repeatable=True,
        )

    @operation
    def size(
        self,
        task_type: str,
        *,
        domain: str | None = None,
        isolation_group_id: str | None = None,
        execution_namespace: str | None = None,
    ) -> Call[int]:
        """Return how many tasks of a type wait in one queue."""
        return Call(
            "GET",
            "/tasks/queue/size",
            reads(int),
            query={
                "taskType": task_type,
                "domain": domain,
                "isolationGroupId": isolation_group_id,
                "executionNamespace": execution_namespace,
            },
            repeatable=True,
        )

    @operation
    def details(self) -> Call[dict[str, dict[str, dict[str, int]]]]:
        """Return, by queue and shard, how many tasks wait (``size``), are in hand (``uacked``)."""
        kind = dict[str, dict[str, dict[str, int]]]
        return Call("GET", "/tasks/queue/all/verbose", reads(kind), repeatable=True)

    @operation
    def polls(self, task_type: str | None = None) -> Call[list[PollData]]:
        """Return who polled last for a task type, or for any."""
        if task_type is None:
            where = "/tasks/queue/polldata/all"
            return Call("GET", where, reads(list[PollData]), repeatable=True)
        return Call(
            "GET",
            "/tasks/queue/polldata",
            reads(list[PollData]),
            query={"taskType": task_type},
            repeatable=True,
        )

    @operation
    def requeue(self, task_type: str) -> Call[int]:
        """Announce the open tasks of a type to workers again; return how many."""
        where = path("/tasks/queue/requeue/{}", task_type)
        return Call("POST", where, reads(int), repeatable=True)


class Queues(Group, QueueCalls):
    """See ``QueueCalls``."""


class AsyncQueues(AsyncGroup, QueueCalls):
    """See ``QueueCalls``; awaited."""
