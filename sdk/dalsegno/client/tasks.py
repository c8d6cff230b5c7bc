"""Tasks: what workers take and report."""

from dalsegno.client.call import Call, path, reads, reads_nothing, reads_text, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import Task, TaskExecLog, TaskResult


class TaskCalls:
    """Takes tasks, reports what became of them, and reads them."""

    @operation
    def poll(
        self,
        task_type: str,
        *,
        count: int = 1,
        wait_seconds: float = 1.0,
        worker_id: str | None = None,
        domain: str | None = None,
    ) -> Call[list[Task]]:
        """Return up to ``count`` tasks that are now this worker's; wait for the first if none is.

        A task whose answer gets lost comes back when its response timeout has run out.
        """
        return Call(
            "GET",
            path("/tasks/poll/batch/{}", task_type),
            reads(list[Task]),
            query={
                "count": count,
                "timeout": round(wait_seconds * 1000),
                "workerid": worker_id,
                "domain": domain,
            },
            wait_seconds=wait_seconds,
        )

    @operation
    def update(self, result: TaskResult) -> Call[str]:
        """Report the result of a task; return the task's id. A repeated report changes nothing."""
        return Call("POST", "/tasks", reads_text, body=sends(result), repeatable=True)

    @operation
    def get(self, task_id: str) -> Call[Task]:
        """Return a task. Raises NotFoundError."""
        return Call("GET", path("/tasks/{}", task_id), reads(Task), repeatable=True)

    @operation
    def log(self, task_id: str, line: str) -> Call[None]:
        """Add a line to the log of a task."""
        return Call(
            "POST",
            path("/tasks/{}/log", task_id),
            reads_nothing,
            body=line.encode(),
            content_type="text/plain",
        )

    @operation
    def logs(self, task_id: str) -> Call[list[TaskExecLog]]:
        """Return the log of a task."""
        return Call(
            "GET", path("/tasks/{}/log", task_id), reads(list[TaskExecLog]), repeatable=True
        )


class Tasks(Group, TaskCalls):
    """See ``TaskCalls``."""


class AsyncTasks(AsyncGroup, TaskCalls):
    """See ``TaskCalls``; awaited."""
