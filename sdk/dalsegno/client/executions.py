"""Executions: finding them, and steering many at once."""

from collections.abc import Sequence
from typing import Final, TypeVar

from pydantic import Field

from dalsegno.client.call import Call, QueryValue, reads, sends
from dalsegno.client.call import path as path_of
from dalsegno.client.listing import Pages, listing
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import (
    BulkResponse,
    ConductorModel,
    CorrelationIdsRequest,
    EpochMillis,
    SearchResult,
    Workflow,
    WorkflowSummary,
)

T = TypeVar("T")

A_PAGE: Final = 100


class FoundWorkflows(ConductorModel):
    """Executions that were asked for by their ids, and what became of the other ids."""

    workflows: list[Workflow] = Field(default_factory=list, alias="bulkSuccessfulResults")
    errors: dict[str, str] = Field(default_factory=dict, alias="bulkErrorResults")


def search_call(
    path: str, kind: type[SearchResult[T]], query: dict[str, QueryValue]
) -> Call[SearchResult[T]]:
    """Return the call for a page of hits."""
    return Call("GET", path, reads(kind), query=query, repeatable=True)


class ExecutionsCalls:
    """Finds executions, and steers many at once.

    A search takes conditions in Conductor's language, such as ``workflowType = 'order' AND status
    IN (RUNNING, PAUSED)``, and a sort such as ``startTime:ASC``. What changes during a search may
    be missed or come twice: who terminates what is found takes ``list(search(...))`` first.
    """

    @listing
    def search(
        self,
        query: str | None = None,
        *,
        free_text: str | None = None,
        sort: str | None = None,
        classifier: str | None = None,
        top_level_only: bool = False,
    ) -> Pages[WorkflowSummary]:
        """Yield the executions that match, all if nothing is asked, as summaries."""
        return lambda start: search_call(
            "/workflow/search",
            SearchResult[WorkflowSummary],
            {**_asked(query, free_text, sort, classifier, top_level_only), **page(start, A_PAGE)},
        )

    @listing
    def search_full(
        self,
        query: str | None = None,
        *,
        free_text: str | None = None,
        sort: str | None = None,
        classifier: str | None = None,
        top_level_only: bool = False,
    ) -> Pages[Workflow]:
        """Yield the executions that match, whole but for their tasks."""
        return lambda start: search_call(
            "/workflow/search-v2",
            SearchResult[Workflow],
            {**_asked(query, free_text, sort, classifier, top_level_only), **page(start, A_PAGE)},
        )

    @operation
    def search_page(
        self,
        query: str | None = None,
        *,
        free_text: str | None = None,
        sort: str | None = None,
        classifier: str | None = None,
        top_level_only: bool = False,
        start: int = 0,
        size: int = A_PAGE,
    ) -> Call[SearchResult[WorkflowSummary]]:
        """Return one page of the executions that match, and how many there are in all."""
        return search_call(
            "/workflow/search",
            SearchResult[WorkflowSummary],
            {**_asked(query, free_text, sort, classifier, top_level_only), **page(start, size)},
        )

    @listing
    def search_by_tasks(
        self, query: str | None = None, *, free_text: str | None = None, sort: str | None = None
    ) -> Pages[WorkflowSummary]:
        """Yield the executions that have tasks like this: ``taskType = 'charge'``."""
        return lambda start: search_call(
            "/workflow/search-by-tasks",
            SearchResult[WorkflowSummary],
            {**task_query(query, free_text, sort), **page(start, A_PAGE)},
        )

    @listing
    def search_by_tasks_full(
        self, query: str | None = None, *, free_text: str | None = None, sort: str | None = None
    ) -> Pages[Workflow]:
        """Yield the executions that have tasks like this, whole but for their tasks."""
        return lambda start: search_call(
            "/workflow/search-by-tasks-v2",
            SearchResult[Workflow],
            {**task_query(query, free_text, sort), **page(start, A_PAGE)},
        )

    @operation
    def get(self, ids: Sequence[str], *, include_tasks: bool = True) -> Call[FoundWorkflows]:
        """Return executions by their ids, at most 1,000."""
        return Call(
            "POST",
            "/workflow/bulk/search",
            reads(FoundWorkflows),
            query={"includeTasks": include_tasks},
            body=sends(list(ids)),
            repeatable=True,
        )

    @operation
    def correlated(
        self,
        correlation_ids: Sequence[str],
        *,
        workflow_names: Sequence[str] = (),
        include_closed: bool = False,
        include_tasks: bool = False,
    ) -> Call[dict[str, list[Workflow]]]:
        """Return the executions for each of several correlation ids, of any workflow if none."""
        asked = CorrelationIdsRequest(
            correlation_ids=list(correlation_ids), workflow_names=list(workflow_names)
        )
        return Call(
            "POST",
            "/workflow/correlated/batch",
            reads(dict[str, list[Workflow]]),
            query={"includeClosed": include_closed, "includeTasks": include_tasks},
            body=sends(asked),
            repeatable=True,
        )

    @operation
    def running_ids(
        self,
        name: str,
        version: int = 1,
        *,
        start_time: EpochMillis | None = None,
        end_time: EpochMillis | None = None,
    ) -> Call[list[str]]:
        """Return the ids of those that run, or of all that were started between two times."""
        return Call(
            "GET",
            path_of("/workflow/running/{}", name),
            reads(list[str]),
            query={"version": version, "startTime": start_time, "endTime": end_time},
            repeatable=True,
        )

    @operation
    def pause(self, ids: Sequence[str]) -> Call[BulkResponse]:
        """Pause each of at most 1,000 executions."""
        return _each("PUT", "pause", ids, repeatable=True)

    @operation
    def resume(self, ids: Sequence[str]) -> Call[BulkResponse]:
        """Resume each of at most 1,000 executions."""
        return _each("PUT", "resume", ids)

    @operation
    def restart(
        self, ids: Sequence[str], *, use_latest_definitions: bool = False
    ) -> Call[BulkResponse]:
        """Run each of at most 1,000 ended executions again from its beginning."""
        return _each("POST", "restart", ids, {"useLatestDefinitions": use_latest_definitions})

    @operation
    def retry(self, ids: Sequence[str]) -> Call[BulkResponse]:
        """Try the failed tasks of each of at most 1,000 ended executions again."""
        return _each("POST", "retry", ids)

    @operation
    def terminate(self, ids: Sequence[str], reason: str | None = None) -> Call[BulkResponse]:
        """End each of at most 1,000 executions."""
        return _each("POST", "terminate", ids, {"reason": reason}, repeatable=True)

    @operation
    def remove(self, ids: Sequence[str], *, archive: bool = True) -> Call[BulkResponse]:
        """Forget each of at most 1,000 ended executions; keep copies unless told otherwise."""
        return _each("DELETE", "remove", ids, {"archiveWorkflow": archive})

    @operation
    def terminate_and_remove(
        self, ids: Sequence[str], reason: str | None = None, *, archive: bool = True
    ) -> Call[BulkResponse]:
        """End each of at most 1,000 executions, then forget it."""
        query: dict[str, QueryValue] = {"reason": reason, "archiveWorkflow": archive}
        return _each("DELETE", "terminate-remove", ids, query)


class Executions(Group, ExecutionsCalls):
    """See ``ExecutionsCalls``."""


class AsyncExecutions(AsyncGroup, ExecutionsCalls):
    """See ``ExecutionsCalls``; awaited."""


def task_query(query: str | None, free_text: str | None, sort: str | None) -> dict[str, QueryValue]:
    """Return the parameters of a search for tasks."""
    return {"query": query, "freeText": free_text, "sort": sort}


def _asked(
    query: str | None,
    free_text: str | None,
    sort: str | None,
    classifier: str | None,
    top_level_only: bool,
) -> dict[str, QueryValue]:
    asked = task_query(query, free_text, sort)
    return {**asked, "classifier": classifier, "topLevelOnly": top_level_only}


def page(start: int, size: int) -> dict[str, QueryValue]:
    """Return the parameters of a page."""
    return {"start": start, "size": size}


def _each(
    method: str,
    action: str,
    ids: Sequence[str],
    query: dict[str, QueryValue] | None = None,
    *,
    repeatable: bool = False,
) -> Call[BulkResponse]:
    return Call(
        method,
        f"/workflow/bulk/{action}",
        reads(BulkResponse),
        query=query or {},
        body=sends(list(ids)),
        repeatable=repeatable,
    )
