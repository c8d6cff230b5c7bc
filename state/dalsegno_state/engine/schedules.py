"""Schedules as their authors see them: kept, changed, found, paused and resumed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, TypeAlias

from dalsegno.errors import ConflictError, NotFoundError
from dalsegno.models import (
    CronSchedule,
    EpochMillis,
    SearchResult,
    StartWorkflowRequest,
    Tag,
    WorkflowSchedule,
    WorkflowScheduleExecution,
)
from dalsegno_state.engine.scheduler import EXECUTION_KIND, SCHEDULE_KIND, Scheduler
from dalsegno_state.engine.tags import Tags
from dalsegno_state.ports import Ports
from dalsegno_state.schedule import StoredSchedule, stored, times
from dalsegno_state.schedule_rules import check_cron, check_schedule
from dalsegno_state.schedule_search import ExecutionQuery, ScheduleQuery

MOST_PREVIEWED: Final = 100
_MOST_TRIES: Final = 50

Change: TypeAlias = Callable[[StoredSchedule | None, EpochMillis], StoredSchedule]
"""Returns what to keep in place of what is kept, if anything is, at a time."""


class Schedules:
    """Each call returns when what it asked for is stored."""

    def __init__(
        self,
        ports: Ports,
        scheduler: Scheduler,
        check_request: Callable[[StartWorkflowRequest], object],
        tags: Tags,
    ) -> None:
        self._ports = ports
        self._scheduler = scheduler
        self._check_request = check_request
        self._tags = tags

    def save(self, schedule: WorkflowSchedule) -> WorkflowSchedule:
        """Keep a schedule, in place of one of its name if there is one; return it as kept.

        What was due before it was changed is still run.

        Raises:
            InvalidRequestError: It breaks a rule, or the definition it brings along does.
        """
        check_schedule(schedule)
        if schedule.start_workflow_request.workflow_def is not None:
            self._check_request(schedule.start_workflow_request)

        def change(found: StoredSchedule | None, now: EpochMillis) -> StoredSchedule:
            created_at = now if found is None else found.schedule.create_time
            created_by = schedule.created_by if found is None else found.schedule.created_by
            audit = {"create_time": created_at, "updated_time": now, "created_by": created_by}
            return stored(schedule.model_copy(update=audit), found, now)

        return self._change(schedule.name, change)

    def get(self, name: str) -> WorkflowSchedule:
        """Return a schedule; raises NotFoundError."""
        found = self._ports.documents.get(SCHEDULE_KIND, name)
        if found is None:
            raise _not_found(name)
        return StoredSchedule.model_validate(found.body).shown()

    def all(self, workflow_name: str | None = None) -> list[WorkflowSchedule]:
        """Return the schedules in order of their names; those of one workflow if asked."""
        return [
            schedule
            for schedule in self._all()
            if workflow_name in {None, schedule.start_workflow_request.name}
        ]

    def search(self, query: ScheduleQuery) -> SearchResult[WorkflowSchedule]:
        """Return how many schedules match, and the asked page of them."""
        return query.of(self._all())

    def executions(self, query: ExecutionQuery) -> SearchResult[WorkflowScheduleExecution]:
        """Return how many of the last executions match, and the asked page of them."""
        names = query.schedule_names
        prefixes = [""] if names is None else [f"{name}:" for name in sorted(names)]
        return query.of(
            WorkflowScheduleExecution.model_validate(document.body)
            for prefix in prefixes
            for document in self._ports.documents.documents(EXECUTION_KIND, prefix=prefix)
        )

    def delete(self, name: str) -> None:
        """Forget a schedule; what it has started goes on, and is remembered for a while."""
        self._tags.forget(SCHEDULE_KIND, name)
        self._ports.documents.delete(SCHEDULE_KIND, name)

    def tags(self, name: str) -> list[Tag]:
        """Return the tags of a schedule; raises NotFoundError if there is none."""
        self.get(name)
        return self._tags.of(SCHEDULE_KIND, name)

    def put_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Replace the tags of a schedule.

        Raises:
            InvalidRequestError: They are too many, or one of them is too long.
            NotFoundError: There is no such schedule.
        """
        self.get(name)
        self._tags.put(SCHEDULE_KIND, name, tags)

    def delete_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Delete tags of a schedule; raises NotFoundError if there is no such schedule."""
        self.get(name)
        self._tags.delete(SCHEDULE_KIND, name, tags)

    def pause(self, name: str, reason: str | None = None) -> None:
        """Let a schedule start nothing until it is resumed; raises NotFoundError."""

        def change(found: StoredSchedule | None, now: EpochMillis) -> StoredSchedule:
            found = _existing(name, found)
            return stored(_paused(found.schedule, reason), found, now)

        self._change(name, change)

    def resume(self, name: str) -> None:
        """Let a schedule go on; times that the pause went over are gone, unless it catches up.

        Raises:
            NotFoundError: There is no such schedule, or it is not paused.
        """

        def change(found: StoredSchedule | None, now: EpochMillis) -> StoredSchedule:
            found = _existing(name, found)
            if not found.schedule.paused:
                raise NotFoundError(f"Schedule '{name}' is not paused")
            update = {"paused": False, "paused_reason": None}
            return stored(found.schedule.model_copy(update=update), found, now)

        self._change(name, change)

    def pause_all(self) -> None:
        """Let no schedule start anything until all are resumed; each keeps its own state."""
        self._scheduler.pause()

    def resume_all(self) -> None:
        """Let all schedules go on that are not paused themselves, as if they had been."""

        def change(found: StoredSchedule | None, now: EpochMillis) -> StoredSchedule:
            found = _existing(name, found)
            was = found.model_copy(update={"schedule": _paused(found.schedule)})
            return stored(found.schedule, was, now)

        if self._scheduler.is_paused():
            for name in [schedule.name for schedule in self._all()]:
                with suppress(NotFoundError):  # deleted meanwhile
                    self._change(name, change)
            self._scheduler.resume()

    def preview(
        self,
        cron: CronSchedule,
        *,
        start: EpochMillis | None,
        end: EpochMillis | None,
        limit: int,
    ) -> list[EpochMillis]:
        """Return the next times of an expression, ``MOST_PREVIEWED`` at most.

        Raises:
            InvalidRequestError: The expression or its zone is not understood.
        """
        check_cron(cron)
        coming = times(cron, self._ports.clock.now(), start=start, end=end)
        return list(islice(coming, min(limit, MOST_PREVIEWED)))

    def _all(self) -> Iterator[WorkflowSchedule]:
        for document in self._ports.documents.documents(SCHEDULE_KIND):
            yield StoredSchedule.model_validate(document.body).shown()

    def _change(self, name: str, change: Change) -> WorkflowSchedule:
        """Keep what a change makes of a schedule, whatever others do to it meanwhile."""
        documents = self._ports.documents
        for _ in range(_MOST_TRIES):
            document = documents.get(SCHEDULE_KIND, name)
            found = None if document is None else StoredSchedule.model_validate(document.body)
            kept = change(found, self._ports.clock.now())
            if document is None:
                is_kept = documents.create(SCHEDULE_KIND, name, kept.to_wire())
            else:
                is_kept = documents.replace(document, kept.to_wire())
            if is_kept:
                self._scheduler.announce_soon(kept)
                return kept.shown()
        raise ConflictError(f"Schedule '{name}' keeps changing; try again")


def _existing(name: str, found: StoredSchedule | None) -> StoredSchedule:
    if found is None:
        raise _not_found(name)
    return found


def _paused(schedule: WorkflowSchedule, reason: str | None = None) -> WorkflowSchedule:
    return schedule.model_copy(update={"paused": True, "paused_reason": reason})


def _not_found(name: str) -> NotFoundError:
    return NotFoundError(f"Schedule '{name}' not found")
