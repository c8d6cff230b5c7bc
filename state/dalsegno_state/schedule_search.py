"""Searches over schedules and their executions, which are few enough to be read and filtered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    ConductorModel,
    ScheduleExecutionState,
    SearchResult,
    WorkflowSchedule,
    WorkflowScheduleExecution,
)
from dalsegno_state.conditions import Condition, OneOf, conjuncts, holds, is_pattern
from dalsegno_state.search_fields import Field
from dalsegno_state.search_language import parse

M = TypeVar("M", bound=ConductorModel)

SortKey: TypeAlias = Callable[[M], int | str]

_SCHEDULE_KEYS: Final[dict[str, Callable[[WorkflowSchedule], int | str]]] = {
    "name": lambda each: each.name,
    "workflowName": lambda each: each.start_workflow_request.name,
    "createTime": lambda each: each.create_time,
    "updatedTime": lambda each: each.updated_time,
    "nextRunTime": lambda each: each.next_run_time or 0,
    "paused": lambda each: each.paused,
}
_EXECUTION_KEYS: Final[dict[str, Callable[[WorkflowScheduleExecution], int | str]]] = {
    "scheduledTime": lambda each: each.scheduled_time,
    "executionTime": lambda each: each.execution_time,
    "startTime": lambda each: each.execution_time,  # as of other executions
    "scheduleName": lambda each: each.schedule_name,
    "workflowName": lambda each: each.workflow_name or "",
    "state": lambda each: each.state.value,
}
_EXECUTION_FIELDS: Final[dict[str, Field[WorkflowScheduleExecution]]] = {
    "scheduleName": Field(lambda each: each.schedule_name),
    "state": Field(lambda each: each.state.value, words=frozenset(ScheduleExecutionState)),
    "workflowName": Field(lambda each: each.workflow_name),
    "workflowId": Field(lambda each: each.workflow_id),
    "executionId": Field(lambda each: each.execution_id),
    "scheduledTime": Field(lambda each: each.scheduled_time, is_number=True),
    "executionTime": Field(lambda each: each.execution_time, is_number=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which hits to answer with, and in what order.

    Attributes:
        sort: Options ``field:ASC`` or ``field:DESC``, joined by commas or ``|``.
    """

    start: int = 0
    size: int = 100
    sort: str | None = None

    def of(
        self, hits: Iterable[M], keys: Mapping[str, SortKey[M]], default: str
    ) -> SearchResult[M]:
        """Return the page; raises InvalidRequestError if it is sorted by an unknown field."""
        found = list(hits)
        for field, is_descending in reversed(_sort_options(self.sort or default, keys)):
            found.sort(key=keys[field], reverse=is_descending)
        page = found[self.start : self.start + self.size]
        return SearchResult(total_hits=len(found), results=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleQuery:
    """A search over schedules; None means any.

    Attributes:
        name_part: What the name contains.
        text: What the schedule contains anywhere.
    """

    workflow_name: str | None = None
    name_part: str | None = None
    paused: bool | None = None
    text: str | None = None
    page: Page = Page()

    def of(self, schedules: Iterable[WorkflowSchedule]) -> SearchResult[WorkflowSchedule]:
        """Return the page of those that match."""
        return self.page.of(filter(self._matches, schedules), _SCHEDULE_KEYS, "name:ASC")

    def _matches(self, schedule: WorkflowSchedule) -> bool:
        return (
            self.workflow_name in {None, schedule.start_workflow_request.name}
            and (self.name_part or "").lower() in schedule.name.lower()
            and self.paused in {None, schedule.paused}
            and _has_text(schedule, self.text)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionQuery:
    """A search over what schedules did."""

    where: Condition | None = None
    text: str | None = None
    page: Page = Page()

    @property
    def schedule_names(self) -> set[str] | None:
        """The schedules whose executions are to be looked at; None for all."""
        named = [
            {str(value) for value in each.values}
            for each in conjuncts(self.where)
            if isinstance(each, OneOf) and each.field == "scheduleName"
        ]
        exact = [names for names in named if not any(map(is_pattern, names))]
        return set.intersection(*exact) if exact else None

    def of(
        self, executions: Iterable[WorkflowScheduleExecution]
    ) -> SearchResult[WorkflowScheduleExecution]:
        """Return the page of those that match."""
        hits = filter(self._matches, executions)
        return self.page.of(hits, _EXECUTION_KEYS, "scheduledTime:DESC")

    def _matches(self, execution: WorkflowScheduleExecution) -> bool:
        where = self.where
        is_wanted = where is None or holds(
            where, lambda name: _EXECUTION_FIELDS[name].of(execution)
        )
        return is_wanted and _has_text(execution, self.text)


def execution_query(query: str | None, text: str | None, page: Page) -> ExecutionQuery:
    """Return the search that a query asks for; a word by itself is the name of a schedule.

    Raises:
        InvalidRequestError: It is malformed, or names an unknown field.
    """
    asked = (query or "").strip()
    if asked in {"", "*"}:
        return ExecutionQuery(text=text, page=page)
    is_name = not any(sign in asked for sign in "=<>(")
    name = OneOf("scheduleName", (asked.strip("'\""),))
    where = name if is_name else parse(asked, _EXECUTION_FIELDS)
    return ExecutionQuery(where=where, text=text, page=page)


def _has_text(model: ConductorModel, text: str | None) -> bool:
    wanted = (text or "*").strip().lower()
    return wanted in {"", "*"} or wanted in model.to_wire_json().decode().lower()


def _sort_options(sort: str, keys: Mapping[str, object]) -> Sequence[tuple[str, bool]]:
    options = []
    for option in sort.replace("|", ",").split(","):
        field, _, direction = option.strip().partition(":")
        if field not in keys:
            raise InvalidRequestError(
                f"sort: unknown field {field[:80]}, known are {', '.join(keys)}"
            )
        if direction.upper() not in {"", "ASC", "DESC"}:
            raise InvalidRequestError(f"sort: expected {field}:ASC or {field}:DESC")
        options.append((field, direction.upper() == "DESC"))
    return options
