"""Tasks: what workers take and report, and what others see of it."""

from collections.abc import Sequence

from dalsegno.client.call import (
    TEXT,
    Call,
    path,
    reads,
    reads_nothing,
    reads_text,
    sends,
    sends_text,
)
from dalsegno.client.executions import A_PAGE, page, search_call, task_query
from dalsegno.client.listing import Pages, listing
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import SearchResult, Task, TaskExecLog, TaskIds, TaskResult, TaskSummary


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

        The server waits for 5 seconds at most. A task whose answer gets lost comes back when its
        response timeout has run out.
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
    def update_and_poll(self, result: TaskResult) -> Call[Task | None]:
        """Report the result of a task; return the worker's next one of that type, if there is one.

        A repeated report changes nothing. If an answer gets lost, the task in it comes back when
        its response timeout has run out, as with ``poll``, and the report is made again for the
        next one.
        """

        def read(body: bytes) -> Task | None:
            return Task.model_validate_json(body) if body else None

        return Call("POST", "/tasks/update-v2", read, body=sends(result), repeatable=True)

    @operation
    def get(self, task_id: str) -> Call[Task]:
        """Return a task. Raises NotFoundError."""
        return Call("GET", path("/tasks/{}", task_id), reads(Task), repeatable=True)

    @operation
    def waiting(self, task_ids: Sequence[str]) -> Call[list[Task]]:
        """Return those of up to 100 tasks that wait, as polls would hand them out, unclaimed.

        For workers that take tasks' messages from SQS: secrets in inputs are revealed.
        """
        body = sends(TaskIds(task_ids=list(task_ids)))
        return Call("POST", "/tasks/waiting", reads(list[Task]), body=body, repeatable=True)

    @operation
    def log(self, task_id: str, line: str) -> Call[None]:
        """Add a line to the log of a task."""
        return Call(
            "POST",
            path("/tasks/{}/log", task_id),
            reads_nothing,
            body=sends_text(line),
            content_type=TEXT,
        )

    @operation
    def logs(self, task_id: str) -> Call[list[TaskExecLog]]:
        """Return the log of a task, oldest line first."""

        def read(body: bytes) -> list[TaskExecLog]:
            return reads(list[TaskExecLog])(body) if body else []

        return Call("GET", path("/tasks/{}/log", task_id), read, repeatable=True)

    @operation
    def pending(self, task_type: str, *, start: int = 0, count: int = A_PAGE) -> Call[list[Task]]:
        """Return a page of the open tasks of a type, those first that have waited longest."""
        return Call(
            "GET",
            path("/admin/task/{}", task_type),
            reads(list[Task]),
            query={"start": start, "count": count},
            repeatable=True,
        )

    @listing
    def search(
        self, query: str | None = None, *, free_text: str | None = None, sort: str | None = None
    ) -> Pages[TaskSummary]:
        """Yield the tasks that match (``taskType = 'charge' AND status = FAILED``), in short."""
        return lambda start: search_call(
            "/tasks/search",
            SearchResult[TaskSummary],
            {**task_query(query, free_text, sort), **page(start, A_PAGE)},
        )

    @listing
    def search_full(
        self, query: str | None = None, *, free_text: str | None = None, sort: str | None = None
    ) -> Pages[Task]:
        """Yield the tasks that match, whole."""
        return lambda start: search_call(
            "/tasks/search-v2",
            SearchResult[Task],
            {**task_query(query, free_text, sort), **page(start, A_PAGE)},
        )


class Tasks(Group, TaskCalls):
    """See ``TaskCalls``."""


class AsyncTasks(AsyncGroup, TaskCalls):
    """See ``TaskCalls``; awaited."""
