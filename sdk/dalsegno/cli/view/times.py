"""Times and durations as people read them, and as they write them."""

import re
import time
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SPAN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|m|min|h|d|w)")
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def now_millis() -> int:
    """Return this moment in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def duration(millis: int) -> str:
    """Return a duration in at most two units: ``340 ms``, ``3.2 s``, ``4 min 12 s``."""
    if millis < 1_000:
        return f"{max(millis, 0)} ms"
    if millis < 59_950:
        return f"{millis / 1000:.1f}".removesuffix(".0") + " s"
    left = round(millis / 1000)
    parts: list[str] = []
    for name, seconds in _UNITS:
        if left >= seconds or parts:
            count, left = divmod(left, seconds)
            parts.append(f"{count} {name}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(filter(None, parts))


def relative(millis: int, now: int) -> str:
    """Return how long ago a time was, or in how long it will be, in one unit; empty if never."""
    if not millis:
        return ""
    seconds = abs(now - millis) // 1000
    name, unit = next(((n, u) for n, u in _UNITS if seconds >= u), ("s", 1))
    if seconds < 1:
        return "now"
    span = f"{seconds // unit} {name}"
    return f"{span} ago" if millis <= now else f"in {span}"


def local(millis: int) -> str:
    """Return a time in the zone of this machine; empty if never."""
    if not millis:
        return ""
    return datetime.fromtimestamp(millis / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(millis: int) -> str:
    """Return the time of day in the zone of this machine."""
    return local(millis)[-8:]


def both(millis: int, now: int) -> str:
    """Return a time in the zone of this machine and how long ago it was; empty if never."""
    return f"{local(millis)} ({relative(millis, now)})" if millis else ""


def millis_of(iso: str | None) -> int:
    """Return a time of a summary in epoch milliseconds; 0 if it is absent."""
    if not iso:
        return 0
    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def since(text: str, now: int) -> int:
    """Return the epoch milliseconds that are meant by ``2h`` (ago), a date or a time.

    Raises:
        ValueError: It is none of these.
    """
    if match := _SPAN.fullmatch(text.strip().removesuffix(" ago").replace(" ", "")):
        span = timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
        return now - round(span.total_seconds() * 1000)
    try:
        return round(datetime.fromisoformat(text.strip()).astimezone().timestamp() * 1000)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write 30m, 2h or 7d (ago), 2026-01-31 or 2026-01-31T08:00"
        ) from None
