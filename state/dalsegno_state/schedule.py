"""Schedules: which times they mean, from when to when, and what is still to be run of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Final

from pydantic import Field

from dalsegno.models import (
    ConductorModel,
    CronSchedule,
    EpochMillis,
    JsonObject,
    StartWorkflowRequest,
    WorkflowSchedule,
)
from dalsegno_state import ids
from dalsegno_state.cron import parse
from dalsegno_state.zoned import next_after, zone_of

MAX_CATCH_UP: Final = 100
"""How many missed runs of an expression are made up for at most: the latest of them."""

LATE_MS: Final[EpochMillis] = 5 * 60_000
"""By how much a run may be late before those behind it count as missed."""


class Entry(ConductorModel):
    """One cron expression of a schedule, in its time zone.

    Attributes:
        next_time: The first time that has not been run; None if no more come.
    """

    cron_expression: str
    zone_id: str
    next_time: EpochMillis | None = None


class StoredSchedule(ConductorModel):
    """A schedule as it is kept: what its author wrote, and how far it has come.

    Attributes:
        runs: How many times have been run so far.
    """

    schedule: WorkflowSchedule
    entries: list[Entry] = Field(default_factory=list)
    runs: int = 0

    @property
    def next_time(self) -> EpochMillis | None:
        """When to look at it next; None if no more times come, or it is paused."""
        coming = (each.next_time for each in self.entries if each.next_time is not None)
        return None if self.schedule.paused else min(coming, default=None)

    def first_due(self, now: EpochMillis) -> tuple[int, EpochMillis] | None:
        """Return the index of the entry that is due first, and since when; None if none is."""
        due = [
            (each.next_time, index)
            for index, each in enumerate(self.entries)
            if each.next_time is not None and each.next_time <= now
        ]
        if self.schedule.paused or not due:
            return None
        at, index = min(due)
        return index, at

    def shown(self) -> WorkflowSchedule:
        """Return the schedule as its author sees it."""
        return self.schedule.model_copy(update={"next_run_time": self.next_time})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One time of one entry of a schedule; its ids follow from it, whoever runs it."""

    schedule: WorkflowSchedule
    entry: Entry
    time: EpochMillis

    @property
    def workflow_id(self) -> str:
        """The id of the workflow it starts."""
        return self._id("workflow")

    @property
    def execution_id(self) -> str:
        """The id under which the schedule remembers it."""
        return self._id("execution")

    def request(self, now: EpochMillis) -> StartWorkflowRequest:
        """Return what to start: the schedule's request, its input told where it comes from."""
        request = self.schedule.start_workflow_request
        added: JsonObject = {
            "_startedByScheduler": self.schedule.name,
            "_scheduledTime": self.time,
            "_executedTime": now,
            "_executionId": self.execution_id,
            "_schedulerCron": f"{self.entry.cron_expression} {self.entry.zone_id}",
        }
        return request.model_copy(update={"input": {**request.input, **added}})

    def _id(self, kind: str) -> str:
        what = [kind, self.schedule.name, self.entry.cron_expression, self.entry.zone_id, self.time]
        return ids.workflow_id(self.time, hashlib.sha256(json.dumps(what).encode()).digest())


def crons_of(schedule: WorkflowSchedule) -> list[CronSchedule]:
    """Return the expressions of a schedule, each once, with their zones."""
    given = schedule.cron_schedules
    if not given and schedule.cron_expression is not None:
        given = [CronSchedule(cron_expression=schedule.cron_expression, zone_id=schedule.zone_id)]
    return list({(each.cron_expression, each.zone_id): each for each in given}.values())


def times(
    cron: CronSchedule | Entry,
    after: EpochMillis,
    *,
    start: EpochMillis | None,
    end: EpochMillis | None,
) -> Iterator[EpochMillis]:
    """Yield the times of an expression later than ``after``, from ``start`` to ``end``."""
    rule, zone = parse(cron.cron_expression), zone_of(cron.zone_id)
    at = next_after(rule, zone, max(after, (start or 0) - 1))
    while at is not None and not (end and at > end):
        yield at
        at = next_after(rule, zone, at)


def stored(
    schedule: WorkflowSchedule, found: StoredSchedule | None, now: EpochMillis
) -> StoredSchedule:
    """Return a schedule as it is to be kept, in place of what was ``found``.

    What is due and has not been run stays due, unless a pause went over it that is not to be
    caught up with.
    """
    pending = {} if found is None else _pending(found, schedule, now)
    entries = []
    for cron in crons_of(schedule):
        due = pending.get((cron.cron_expression, cron.zone_id))
        following = next(_times(cron, schedule, now if due is None else due - 1), None)
        entries.append(
            Entry(cron_expression=cron.cron_expression, zone_id=cron.zone_id, next_time=following)
        )
    return StoredSchedule(schedule=schedule, entries=entries, runs=found.runs if found else 0)


def after_run(
    state: StoredSchedule, index: int, ran: EpochMillis, now: EpochMillis
) -> StoredSchedule:
    """Return a schedule one of whose entries has been run for a time, and where it goes on."""
    schedule, entry = state.schedule, state.entries[index]
    following = next(_times(entry, schedule, ran), None)
    is_behind = following is not None and following < now - LATE_MS
    if is_behind and not schedule.run_catchup_schedule_instances:
        following = next(_times(entry, schedule, now), None)
    entries = list(state.entries)
    entries[index] = entry.model_copy(update={"next_time": following})
    return state.model_copy(update={"entries": entries, "runs": state.runs + 1})


def time_to_run(
    entry: Entry, due: EpochMillis, schedule: WorkflowSchedule, now: EpochMillis
) -> EpochMillis:
    """Return the time of a due entry to be run: what is due, or the first to be caught up with."""
    if not schedule.run_catchup_schedule_instances:
        return due
    if _missed(entry, schedule, due, now) < MAX_CATCH_UP:
        return due
    too_early, late_enough = due, now
    while late_enough - too_early > 1:
        middle = (too_early + late_enough) // 2
        if _missed(entry, schedule, middle, now) < MAX_CATCH_UP:
            late_enough = middle
        else:
            too_early = middle
    return late_enough


def _times(
    cron: CronSchedule | Entry, schedule: WorkflowSchedule, after: EpochMillis
) -> Iterator[EpochMillis]:
    start, end = schedule.schedule_start_time, schedule.schedule_end_time
    return times(cron, after, start=start, end=end)


def _pending(
    found: StoredSchedule, schedule: WorkflowSchedule, now: EpochMillis
) -> dict[tuple[str, str], EpochMillis]:
    """Return when what is due and has not been run was due, by expression and zone."""
    if found.schedule.paused and not schedule.run_catchup_schedule_instances:
        return {}
    return {
        (each.cron_expression, each.zone_id): each.next_time
        for each in found.entries
        if each.next_time is not None and each.next_time <= now
    }


def _missed(
    entry: Entry, schedule: WorkflowSchedule, after: EpochMillis, until: EpochMillis
) -> int:
    """Return how many times come after one and up to another, counted as far as it matters."""
    some = islice(_times(entry, schedule, after), MAX_CATCH_UP)
    return sum(1 for _ in takewhile(lambda at: at <= until, some))
