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
from dalsegno_state.search_language import Clause, parse

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
    "scheduleName": lambda each: each.schedule_name,
    "workflowName": lambda each: each.workflow_name or "",
    "state": lambda each: each.state.value,
}
_TEXTS: Final[dict[str, Callable[[WorkflowScheduleExecution], str | None]]] = {
    "scheduleName": lambda each: each.schedule_name,
    "state": lambda each: each.state.value,
    "workflowName": lambda each: each.workflow_name,
    "workflowId": lambda each: each.workflow_id,
    "executionId": lambda each: each.execution_id,
}
_TIMES: Final[dict[str, Callable[[WorkflowScheduleExecution], int]]] = {
    "scheduledTime": lambda each: each.scheduled_time,
    "executionTime": lambda each: each.execution_time,
}
_COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    "=": lambda time, other: time == other,
    "<": lambda time, other: time < other,
    "<=": lambda time, other: time <= other,
    ">": lambda time, other: time > other,
    ">=": lambda time, other: time >= other,
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

    clauses: tuple[Clause, ...] = ()
    text: str | None = None
    page: Page = Page()

    @property
    def schedule_names(self) -> set[str] | None:
        """The schedules whose executions are to be looked at; None for all."""
        named = [
            set(clause.values)
            for clause in self.clauses
            if clause.field == "scheduleName" and clause.operator in {"=", "IN"}
        ]
        return set.intersection(*named) if named else None

    def of(
        self, executions: Iterable[WorkflowScheduleExecution]
    ) -> SearchResult[WorkflowScheduleExecution]:
        """Return the page of those that match."""
        hits = filter(self._matches, executions)
        return self.page.of(hits, _EXECUTION_KEYS, "scheduledTime:DESC")

    def _matches(self, execution: WorkflowScheduleExecution) -> bool:
        return all(_satisfies(execution, clause) for clause in self.clauses) and _has_text(
            execution, self.text
        )


def execution_query(query: str | None, text: str | None, page: Page) -> ExecutionQuery:
    """Return the search that a query asks for; a word by itself is the name of a schedule.

    Raises:
        InvalidRequestError: It is malformed, or names an unknown field.
    """
    asked = (query or "").strip()
    if asked in {"", "*"}:
        return ExecutionQuery(text=text, page=page)
    is_name = not any(sign in asked for sign in "=<>(")
    name = Clause("scheduleName", "=", (asked.strip("'\""),))
    clauses = (name,) if is_name else tuple(parse(asked))
    for clause in clauses:
        _check(clause)
    return ExecutionQuery(clauses=clauses, text=text, page=page)


def _check(clause: Clause) -> None:
    if clause.field in _TIMES:
        if clause.operator not in _COMPARISONS:
            clause.refuse(f"a time can be compared by {', '.join(_COMPARISONS)} only")
        if not clause.values[0].lstrip("-").isdecimal():
            clause.refuse("expected epoch milliseconds")
    elif clause.field not in _TEXTS:
        clause.refuse(f"unknown field, known are {', '.join([*_TEXTS, *_TIMES])}")
    elif clause.operator not in {"=", "IN"}:
        clause.refuse("the field can be compared by = and IN only")
    elif clause.field == "state" and not set(clause.values) <= set(ScheduleExecutionState):
        clause.refuse(f"known states are {', '.join(ScheduleExecutionState)}")


def _satisfies(execution: WorkflowScheduleExecution, clause: Clause) -> bool:
    if clause.field in _TIMES:
        time = _TIMES[clause.field](execution)
        return _COMPARISONS[clause.operator](time, int(clause.values[0]))
    return _TEXTS[clause.field](execution) in clause.values


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
