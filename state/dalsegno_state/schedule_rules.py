"""What a schedule must be to be kept."""

from collections.abc import Iterator
from typing import Final

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    CronSchedule,
    JsonValue,
    StartWorkflowRequest,
    ValidationErrorItem,
    WorkflowSchedule,
)
from dalsegno_state.cron import CronError, parse
from dalsegno_state.draft import size_bytes
from dalsegno_state.reserved_names import domain_faults
from dalsegno_state.zoned import UnknownZoneError, zone_of

_LONGEST_NAME_BYTES: Final = 150
_MOST_CRONS: Final = 50
_LARGEST_REQUEST_BYTES: Final = 256 * 1024


def check_schedule(schedule: WorkflowSchedule) -> None:
    """Raise InvalidRequestError if the schedule breaks a rule, naming each field that does."""
    found = tuple(_violations(schedule))
    if found:
        raise InvalidRequestError(validation_errors=found)


def check_cron(cron: CronSchedule) -> None:
    """Raise InvalidRequestError if an expression or its zone is not understood."""
    found = tuple(_cron_violations(cron, ""))
    if found:
        raise InvalidRequestError(found[0].message)


def _violations(schedule: WorkflowSchedule) -> Iterator[ValidationErrorItem]:
    yield from _name_violations(schedule.name)
    crons = schedule.cron_schedules
    for index, cron in enumerate(crons[:_MOST_CRONS]):
        yield from _cron_violations(cron, f"cronSchedules[{index}].")
    if len(crons) > _MOST_CRONS:
        yield _item("cronSchedules", f"cronSchedules: at most {_MOST_CRONS}", len(crons))
    if not crons and not schedule.cron_expression:
        yield _item(
            "cronExpression", "cronExpression: a schedule needs one, or cronSchedules", None
        )
    elif not crons and schedule.cron_expression:
        only = CronSchedule(cron_expression=schedule.cron_expression, zone_id=schedule.zone_id)
        yield from _cron_violations(only, "")
    start, end = schedule.schedule_start_time or 0, schedule.schedule_end_time
    if start < 0:
        yield _item("scheduleStartTime", "scheduleStartTime: must not be negative", start)
    if end and end < start:
        yield _item("scheduleEndTime", "scheduleEndTime: comes before scheduleStartTime", end)
    yield from _request_violations(schedule.start_workflow_request)


def _request_violations(request: StartWorkflowRequest) -> Iterator[ValidationErrorItem]:
    for fault in domain_faults(request.task_to_domain):
        yield _item("startWorkflowRequest", f"startWorkflowRequest.{fault}", None)
    size = size_bytes(request.to_wire())
    if size > _LARGEST_REQUEST_BYTES:
        yield _item(
            "startWorkflowRequest",
            f"startWorkflowRequest: {size} bytes, at most {_LARGEST_REQUEST_BYTES} can be kept",
            None,
        )


def _name_violations(name: str) -> Iterator[ValidationErrorItem]:
    if not name.strip():
        yield _item("name", "name: a schedule needs one", name)
    elif ":" in name:
        yield _item("name", "name: must not contain a colon", name)
    elif len(name.encode(errors="surrogatepass")) > _LONGEST_NAME_BYTES:
        yield _item("name", f"name: at most {_LONGEST_NAME_BYTES} bytes", name)


def _cron_violations(cron: CronSchedule, place: str) -> Iterator[ValidationErrorItem]:
    path, expression = f"{place}cronExpression", cron.cron_expression
    try:
        parse(expression)
    except CronError as error:
        yield _item(
            path, f"{path}: Invalid cron expression {expression[:80]!r}: {error}", expression
        )
    try:
        zone_of(cron.zone_id)
    except UnknownZoneError as error:
        yield _item(f"{place}zoneId", f"{place}zoneId: {error}", cron.zone_id)


def _item(path: str, message: str, value: JsonValue) -> ValidationErrorItem:
    shown = None if value is None else str(value)[:200]
    return ValidationErrorItem(path=path, message=message, invalid_value=shown)
