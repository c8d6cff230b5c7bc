"""Cron expressions as Spring has them: second, minute, hour, day of month, month, day of week."""

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, TypeAlias

_MACROS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_LONGEST: Final = 1000
# The 29th of February on one day of the week comes after 40 years at the latest.
_YEARS_AHEAD: Final = 50

DaysOfMonth: TypeAlias = Callable[[int, int], set[int]]
"""Returns which days of a year's month are meant."""


class CronError(ValueError):
    """The text is no cron expression, and why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Which wall-clock times an expression means; all of its six fields must agree.

    Attributes:
        seconds: In order, as are ``minutes`` and ``hours``; none of them is empty.
        days_of: Returns the days meant of a year's month, in order.
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    days_of: Callable[[int, int], tuple[int, ...]]

    @property
    def is_hourly(self) -> bool:
        """True if every hour of its days is meant."""
        return len(self.hours) == 24

    def days(self, start: date) -> Iterator[date]:
        """Yield the days meant from ``start`` on, for as many years as any may take to come."""
        first = start.year * 12 + start.month - 1
        for index in range(first, min(first + _YEARS_AHEAD * 12, 9999 * 12)):
            year, month = index // 12, index % 12 + 1
            if month in self.months:
                for day in self.days_of(year, month):
                    if (found := date(year, month, day)) >= start:
                        yield found

    def first_after(self, after: datetime) -> datetime | None:
        """Return the first wall-clock time meant that is later than one, or None."""
        today = after.date()
        for day in self.days(today):
            if day > today:
                return datetime.combine(day, self._time(0, 0, 0))
            if (later := self._later(after.time())) is not None:
                return datetime.combine(day, later)
        return None

    def _later(self, after: time) -> time | None:
        """Return the first time of day that is later than one, or None."""
        hour = bisect_left(self.hours, after.hour)
        minute = bisect_left(self.minutes, after.minute)
        second = bisect_right(self.seconds, after.second)
        if hour < len(self.hours) and self.hours[hour] > after.hour:
            return self._time(hour, 0, 0)
        if hour == len(self.hours):
            return None
        if minute < len(self.minutes) and self.minutes[minute] == after.minute:
            if second < len(self.seconds):
                return self._time(hour, minute, second)
            minute += 1
        if minute < len(self.minutes):
            return self._time(hour, minute, 0)
        return self._time(hour + 1, 0, 0) if hour + 1 < len(self.hours) else None

    def _time(self, hour: int, minute: int, second: int) -> time:
        return time(self.hours[hour], self.minutes[minute], self.seconds[second])


@lru_cache(maxsize=1024)
def parse(expression: str) -> Cron:
    """Return what an expression of six fields means, of five with second 0, or of a macro.

    Raises:
        CronError: It means nothing, or no time that will ever come.
    """
    if len(expression) > _LONGEST:
        raise CronError(f"longer than {_LONGEST} characters")
    fields = _MACROS.get(expression.strip().lower(), expression).upper().split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise CronError(
            f"expected 6 fields (second minute hour day-of-month month day-of-week) or one of "
            f"{', '.join(_MACROS)}, got {len(fields)}"
        )
    second, minute, hour, day, month, weekday = fields
    cron = Cron(
        seconds=tuple(sorted(_SECOND.values(second))),
        minutes=tuple(sorted(_MINUTE.values(minute))),
        hours=tuple(sorted(_HOUR.values(hour))),
        months=frozenset(_MONTH.values(month)),
        days_of=_both(_days_of_month(day), _days_of_week(weekday)),
    )
    if next(cron.days(date(2000, 1, 1)), None) is None:
        raise CronError("no such day ever comes")
    return cron


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its name, its range, and the words that stand for its numbers."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def values(self, text: str) -> set[int]:
        """Return the numbers that a comma-separated list means."""
        return {value for term in text.split(",") for value in self.term(term)}

    def term(self, text: str) -> range:
        """Return the numbers of one term: ``*``, ``3``, ``1-5``, ``3/10``, ``*/10``, ``1-5/2``."""
        span, slash, step = text.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = max(self.low, 1) if self is _WEEKDAY else self.low, self.high
        elif dash:
            low, high = self.number(first), self.number(last)
            low = 0 if self is _WEEKDAY and low == 7 else low
        else:
            low = self.number(span)
            high = self.high if slash else low
        if low > high:
            raise self.error(text, f"{first} comes after {last}")
        every = self._whole(step) if slash else 1
        if every == 0:
            raise self.error(text, "a step must be at least 1")
        return range(low, high + 1, every)

    def number(self, text: str) -> int:
        """Return the number that digits or a word mean."""
        if text in self.words:
            return self.words.index(text) + 1
        number = self._whole(text)
        if not self.low <= number <= self.high:
            raise self.error(text, f"expected {self.low} to {self.high}")
        return number

    def error(self, text: str, reason: str) -> CronError:
        return CronError(f"{self.name}: {text[:40]!r} is not understood: {reason}")

    def _whole(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", text):
            raise self.error(text, "expected a number")
        return int(text)


_SECOND: Final = _Field("second", 0, 59)
_MINUTE: Final = _Field("minute", 0, 59)
_HOUR: Final = _Field("hour", 0, 23)
_DAY: Final = _Field("day-of-month", 1, 31)
_MONTH: Final = _Field("month", 1, 12, _MONTHS)
_WEEKDAY: Final = _Field("day-of-week", 0, 7, _WEEKDAYS)


def _both(of_month: DaysOfMonth, of_week: DaysOfMonth) -> Callable[[int, int], tuple[int, ...]]:
    @lru_cache(maxsize=16)
    def days_of(year: int, month: int) -> tuple[int, ...]:
        return tuple(sorted(of_month(year, month) & of_week(year, month)))

    return days_of


def _days_of_month(text: str) -> DaysOfMonth:
    return _any_of([_day_term(term) for term in ("*" if text == "?" else text).split(",")])


def _days_of_week(text: str) -> DaysOfMonth:
    return _any_of([_weekday_term(term) for term in ("*" if text == "?" else text).split(",")])


def _any_of(rules: list[DaysOfMonth]) -> DaysOfMonth:
    return lambda year, month: set[int]().union(*(rule(year, month) for rule in rules))


def _day_term(text: str) -> DaysOfMonth:
    """Return what ``L``, ``L-3``, ``LW``, ``15W`` or plain numbers mean."""
    if text == "L":
        return lambda year, month: {_length(year, month)}
    if text == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if text.startswith("L-"):
        back = _DAY.number(text[2:])
        return lambda year, month: {max(_length(year, month) - back, 0)} - {0}
    if text.endswith("W"):
        day = _DAY.number(text[:-1])
        return lambda year, month: (
            {_nearest_weekday(year, month, day)} if day <= _length(year, month) else set()
        )
    days = set(_DAY.term(text))
    return lambda year, month: {day for day in days if day <= _length(year, month)}


def _weekday_term(text: str) -> DaysOfMonth:
    """Return what ``FRIL``, ``FRI#2`` or plain days of the week mean; 0 and 7 are Sunday."""
    word, sharp, ordinal = text.partition("#")
    if sharp:
        if ordinal not in set("12345"):
            raise _WEEKDAY.error(text, "expected 1 to 5 after #")
        place = int(ordinal) - 1
        nth = _WEEKDAY.number(word) % 7
        return lambda year, month: set(_on_weekday(year, month, nth)[place : place + 1])
    if text.endswith("L"):
        last = _WEEKDAY.number(text[:-1]) % 7
        return lambda year, month: set(_on_weekday(year, month, last)[-1:])
    weekdays = {number % 7 for number in _WEEKDAY.term(text)}
    return lambda year, month: {
        day for weekday in weekdays for day in _on_weekday(year, month, weekday)
    }


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _on_weekday(year: int, month: int, weekday: int) -> list[int]:
    """Return the days of a month that fall on a day of the week, Sunday being 0."""
    first = (date(year, month, 1).weekday() + 1) % 7
    return list(range(1 + (weekday - first) % 7, _length(year, month) + 1, 7))


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Return the day from Monday to Friday that is nearest, in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < _length(year, month) else day - 2
    return day
