"""Schedules: when workflows are started by the clock."""

from collections.abc import Sequence
from typing import ClassVar

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.executions import A_PAGE, page, search_call, task_query
from dalsegno.client.listing import Pages, listing
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.tags import TagCalls
from dalsegno.models import (
    BulkResponse,
    EpochMillis,
    JsonObject,
    SearchResult,
    WorkflowSchedule,
    WorkflowScheduleExecution,
)

_ALL = "/scheduler/schedules"


class ScheduleCalls(TagCalls):
    """Keeps schedules, and tells what they have started."""

    _thing: ClassVar[str] = "/scheduler/schedules/{}"

    @operation
    def put(self, schedule: WorkflowSchedule) -> Call[WorkflowSchedule]:
        """Keep a schedule, in place of one of its name; return it as kept.

        Raises InvalidRequestError if it breaks a rule.
        """
        body = sends(schedule)
        return Call("POST", _ALL, reads(WorkflowSchedule), body=body, repeatable=True)

    @operation
    def get(self, name: str) -> Call[WorkflowSchedule]:
        """Return a schedule. Raises NotFoundError."""
        where = path("/scheduler/schedules/{}", name)
        return Call("GET", where, reads(WorkflowSchedule), repeatable=True)

    @operation
    def all(self, *, workflow_name: str | None = None) -> Call[list[WorkflowSchedule]]:
        """Return all schedules, or those that start one workflow."""
        query = {"workflowName": workflow_name}
        return Call("GET", _ALL, reads(list[WorkflowSchedule]), query=query, repeatable=True)

    @listing
    def search(
        self,
        *,
        workflow_name: str | None = None,
        name_part: str | None = None,
        paused: bool | None = None,
        free_text: str | None = None,
        sort: str | None = None,
    ) -> Pages[WorkflowSchedule]:
        """Yield the schedules that match."""
        return lambda start: search_call(
            "/scheduler/schedules/search",
            SearchResult[WorkflowSchedule],
            {
                "workflowName": workflow_name,
                "scheduleName": name_part,
                "paused": paused,
                "freeText": free_text,
                "sort": sort,
                **page(start, A_PAGE),
            },
        )

    @operation
    def delete(self, name: str) -> Call[None]:
        """Forget a schedule; what it has started goes on. One that is absent is fine."""
        where = path("/scheduler/schedules/{}", name)
        return Call("DELETE", where, reads_nothing, repeatable=True)

    @operation
    def pause(self, name: str, reason: str | None = None) -> Call[None]:
        """Let a schedule start nothing until it is resumed. Raises NotFoundError."""
        where = path("/scheduler/schedules/{}/pause", name)
        return Call("PUT", where, reads_nothing, query={"reason": reason}, repeatable=True)

    @operation
    def resume(self, name: str) -> Call[None]:
        """Let a schedule go on. Raises NotFoundError if there is none, or it is not paused."""
        return Call("PUT", path("/scheduler/schedules/{}/resume", name), reads_nothing)

    @operation
    def pause_each(self, names: Sequence[str], reason: str | None = None) -> Call[BulkResponse]:
        """Pause each of at most 1,000 schedules."""
        return Call(
            "PUT",
            "/scheduler/bulk/pause",
            reads(BulkResponse),
            query={"reason": reason},
            body=sends(list(names)),
            repeatable=True,
        )

    @operation
    def resume_each(self, names: Sequence[str]) -> Call[BulkResponse]:
        """Resume each of at most 1,000 schedules."""
        body = sends(list(names))
        return Call("PUT", "/scheduler/bulk/resume", reads(BulkResponse), body=body)

    @operation
    def pause_all(self) -> Call[None]:
        """Let no schedule start anything, whatever its own state."""
        return Call("GET", "/scheduler/admin/pause", reads_nothing, repeatable=True)

    @operation
    def resume_all(self) -> Call[None]:
        """Let those schedules go on that are not paused themselves."""
        return Call("GET", "/scheduler/admin/resume", reads_nothing, repeatable=True)

    @operation
    def requeue(self) -> Call[JsonObject]:
        """Have schedules looked at that are due; return how many, and the names of some."""
        return Call("GET", "/scheduler/admin/requeue", reads(JsonObject), repeatable=True)

    @operation
    def preview(
        self,
        cron_expression: str,
        *,
        zone_id: str = "UTC",
        start: EpochMillis | None = None,
        end: EpochMillis | None = None,
        limit: int = 5,
    ) -> Call[list[EpochMillis]]:
        """Return the next times of a cron expression, at most 100, in epoch milliseconds."""
        return Call(
            "GET",
            "/scheduler/nextFewSchedules",
            reads(list[int]),
            query={
                "cronExpression": cron_expression,
                "zoneId": zone_id,
                "scheduleStartTime": start,
                "scheduleEndTime": end,
                "limit": limit,
            },
            repeatable=True,
        )

    @listing
    def executions(
        self, query: str | None = None, *, free_text: str | None = None, sort: str | None = None
    ) -> Pages[WorkflowScheduleExecution]:
        """Yield what schedules have started: ``scheduleName IN (nightly) AND state = FAILED``."""
        return lambda start: search_call(
            "/scheduler/search/executions",
            SearchResult[WorkflowScheduleExecution],
            {**task_query(query, free_text, sort), **page(start, A_PAGE)},
        )


class Schedules(Group, ScheduleCalls):
    """See ``ScheduleCalls``."""


class AsyncSchedules(AsyncGroup, ScheduleCalls):
    """See ``ScheduleCalls``; awaited."""
