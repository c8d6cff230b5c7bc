"""WAIT: go on after a time, at a time, or when told to."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from dalsegno.models import EpochMillis, JsonObject, TaskStatus, WorkflowTask
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.standing import begun, is_due

_MAX_TEXT_CHARACTERS: Final = 100
_COUNT: Final = re.compile(r"\s*+(\d++)\s*+([a-z]++)\s*+", re.IGNORECASE | re.ASCII)
_DAY, _HOUR, _MINUTE, _SECOND = 86_400_000, 3_600_000, 60_000, 1_000
_UNIT_MILLIS: Final = {
    **dict.fromkeys(("days", "day", "d"), _DAY),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), _HOUR),
    **dict.fromkeys(("minutes", "minute", "mins", "min", "m"), _MINUTE),
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), _SECOND),
}
_MAX_DAYS: Final = 2_500_000  # no calendar goes beyond the year 9999

_OFFSET: Final = re.compile(r"(?:GMT|UTC|UT)?([+-])(\d{1,2}):?([0-5]\d)?", re.IGNORECASE | re.ASCII)
# Minutes east of Greenwich of the abbreviations that name one offset, whatever the season.
_ABBREVIATIONS: Final = {
    "UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "IST": 330, "HKT": 480, "SGT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720,
    "NZDT": 780, "HST": -600, "AKST": -540, "AKDT": -480, "PST": -480, "PDT": -420, "MST": -420,
    "MDT": -360, "CST": -360, "CDT": -300, "EST": -300, "EDT": -240, "AST": -240, "ADT": -180,
    "NST": -210, "NDT": -150, "BRT": -180, "ART": -180,
}  # fmt: skip


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered; expressions are not looked into."""
    duration = _literal(task.input_parameters.get("duration"))
    until = _literal(task.input_parameters.get("until"))
    if task.input_parameters.get("duration") and task.input_parameters.get("until"):
        yield "Both 'duration' and 'until' specified. Please provide only one input"
    for field, text in (("duration", duration), ("until", until)):
        if text is not None and len(text) > _MAX_TEXT_CHARACTERS:
            yield f"inputParameters.{field}: longer than {_MAX_TEXT_CHARACTERS} characters"
            return
    if duration is not None and not _is_duration(duration):
        yield "Either date or duration is passed as null "
    if until is not None and not _is_time(until):
        yield f"Unable to parse date {until}"


def parse_duration(text: str) -> int:
    """Return the milliseconds in a text such as ``1 day 2 hours 3 mins 4s``.

    Every unit may be missing, but not all of them, and they come in falling order.

    Raises:
        ValueError: ``text`` is no such duration, or longer than 2,500,000 days.
    """
    _refuse_long(text)
    position, millis, larger = 0, 0, _DAY + 1
    while match := _COUNT.match(text, position):
        unit = _UNIT_MILLIS.get(match[2].lower(), larger)
        if unit >= larger:
            break
        millis += int(match[1]) * unit
        position, larger = match.end(), unit
    if position < len(text) or not text:
        raise ValueError(f"not a duration: {text!r}")
    if millis > _MAX_DAYS * _DAY:
        raise ValueError(f"duration is too long: {text!r}")
    return millis


def parse_until(text: str) -> int:
    """Return the epoch milliseconds of a date, a date and minute, or these with a time zone.

    The zone is an offset (``+02:00``, ``GMT-5``), an abbreviation with a fixed offset (``PST``)
    or an IANA name (``Europe/Paris``); without one the time is UTC.

    Raises:
        ValueError: ``text`` is no such time.
    """
    _refuse_long(text)
    date, _, rest = text.strip().partition(" ")
    clock, _, zone = rest.strip().partition(" ")
    time = datetime.strptime(f"{date} {clock or '00:00'}", "%Y-%m-%d %H:%M").replace(
        tzinfo=_zone(zone.strip()) if zone else UTC
    )
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _refuse_long(text: str) -> None:
    if len(text) > _MAX_TEXT_CHARACTERS:
        raise ValueError(f"longer than {_MAX_TEXT_CHARACTERS} characters: {text[:40]!r}…")


def _zone(name: str) -> tzinfo:
    if (minutes := _ABBREVIATIONS.get(name.upper())) is not None:
        return timezone(timedelta(minutes=minutes))
    if offset := _OFFSET.fullmatch(name):
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0)))
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # no such zone; a directory of zones
        raise ValueError(f"unknown time zone: {name!r}") from error


def _literal(value: JsonValue) -> str | None:
    """Return ``value`` as text if it can be checked already: given, and not an expression."""
    text = "" if value is None else str(value)
    return None if not text.strip() or "${" in text else text


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        parse_until(text)
    except ValueError:
        return False
    return True


class Wait:
    """Completes by itself after ``duration`` or at ``until``; without them, when told to."""

    type: ClassVar[str] = "WAIT"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        inputs = attempts.input_of(draft, place, seed, place.node.task.task_definition)
        try:
            until = _ends_at(inputs, draft.now)
        except ValueError as error:
            attempts.new_task(
                draft,
                place,
                seed,
                status=TaskStatus.FAILED_WITH_TERMINAL_ERROR,
                inputs=inputs,
                reason=str(error),
            )
            return
        task = attempts.new_task(
            draft, place, seed, status=TaskStatus.IN_PROGRESS, inputs=inputs, wait_until=until
        )
        if not task.status.is_terminal:
            self.resume(draft, task, place)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``; another attempt begins to wait once its time has come."""
        if task.status is TaskStatus.SCHEDULED:
            if not is_due(draft, task):
                return
            until = _ends_at(draft.payload(task.input), draft.now)
            task = draft.replace(task, begun(task, draft.now, wait_until=until))
        if task.wait_until is None:
            return
        if draft.now >= task.wait_until:
            flow.finish(draft, task, place, TaskStatus.COMPLETED)
            return
        draft.wake_by(task.wait_until)
        if not draft.waking:
            draft.look_later(task.ref, at=task.wait_until)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def _ends_at(inputs: JsonObject, now: EpochMillis) -> EpochMillis | None:
    """Return when a WAIT with these inputs is over, None if somebody must end it.

    Raises:
        ValueError: The inputs say no time, or two.
    """
    duration, until = inputs.get("duration"), inputs.get("until")
    if duration and until:
        raise ValueError("Both 'duration' and 'until' specified. Please provide only one input")
    if duration:
        try:
            return now + parse_duration(str(duration))
        except ValueError as error:
            provided = _shown(duration)
            raise ValueError(f"Invalid/Unsupported Wait Duration.  Provided: {provided}") from error
    if until:
        try:
            return parse_until(str(until))
        except ValueError as error:
            raise ValueError(
                f"Invalid/Unsupported Wait Until format.  Provided: {_shown(until)}"
            ) from error
    return None


def _shown(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= _MAX_TEXT_CHARACTERS else f"{text[:_MAX_TEXT_CHARACTERS]}…"
