"""Cron expressions in time zones: which moments they mean, where clocks are put on and back.

An expression for certain hours means each wall-clock time once a day: one that clocks skip is
moved to the moment they jump to, and one that comes twice is meant when it comes first. An
expression for every hour goes on with time as it passes: what is skipped never was, and the hour
that comes twice counts twice.
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dalsegno.models import EpochMillis
from dalsegno_state.cron import Cron

# The year 9000; beyond, adding years leaves what a datetime can be.
_LATEST: Final[EpochMillis] = 221_845_392_000_000
_MINUTE_SECONDS: Final = 60


class UnknownZoneError(ValueError):
    """There is no time zone of this name."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name such as ``Europe/Madrid``; raises UnknownZoneError."""
    if name in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZoneError(
            f"{name[:80]!r} is no time zone; expected a name such as Europe/Madrid or UTC"
        ) from None


def next_after(cron: Cron, zone: tzinfo, after: EpochMillis) -> EpochMillis | None:
    """Return the first moment later than ``after`` that an expression means, or None."""
    if after >= _LATEST:
        return None
    from_second = max(after // 1000, 0)
    following = _next_passing if cron.is_hourly else _next_on_the_wall
    second = following(cron, zone, from_second)
    return None if second is None else second * 1000


def _next_on_the_wall(cron: Cron, zone: tzinfo, after: int) -> int | None:
    """Return the first second of an expression that means each wall-clock time once."""
    local: datetime | None = _at(after, zone).replace(tzinfo=None, fold=0)
    while local is not None and (local := cron.first_after(local)) is not None:
        if (second := _second(local, zone)) > after:
            return second
    return None


def _next_passing(cron: Cron, zone: tzinfo, after: int) -> int | None:
    """Return the first second of an expression that means every hour that passes."""
    second = after + 1
    while (day := next(cron.days(_at(second, zone).date()), None)) is not None:
        local = _at(second, zone)
        if day > local.date():
            # A day may begin twice, where clocks are put back over midnight: never step back.
            second = max(_second(datetime.combine(day, datetime.min.time()), zone), second)
            local = _at(second, zone)
        while local.date() <= day:
            if local.date() == day and local.minute in cron.minutes:
                index = bisect_left(cron.seconds, local.second)
                if index < len(cron.seconds):
                    return second + cron.seconds[index] - local.second
            second += _MINUTE_SECONDS - local.second
            local = _at(second, zone)
    return None


def _at(second: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(second, zone)


def _second(local: datetime, zone: tzinfo) -> int:
    """Return when clocks show a time first, or when they jump over it."""
    second = _epoch(local, zone, fold=0)
    if _at(second, zone).replace(tzinfo=None) == local:
        return second
    before, behind = _epoch(local, zone, fold=1), second
    offset = _at(before, zone).utcoffset()
    while behind - before > 1:
        middle = (before + behind) // 2
        if _at(middle, zone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind


def _epoch(local: datetime, zone: tzinfo, *, fold: int) -> int:
    aware = local.replace(tzinfo=zone, fold=fold)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
