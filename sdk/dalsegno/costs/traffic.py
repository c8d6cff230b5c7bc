"""What one step of a workflow takes of each billed unit, as measured (docs/costs.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

from dalsegno.costs.bill import Counts, Endpoint

# What an item holds beside its payload, and what payloads come to that are compressed: text that
# does not repeat itself. What fits into the first KB is not compressed.
_ITEM_BYTES: Final = 250
_COMPRESSED: Final = 0.75
_WRITE_UNIT_BYTES: Final = 1_024
_READ_UNIT_BYTES: Final = 4_096
_MOST_BYTES_IN_ITEM: Final = 8_192  # a larger payload goes to S3


class Workers(StrEnum):
    """How workers get their tasks."""

    HTTP = "http"
    HTTP_URL = "http-url"
    SQS = "sqs"
    LAMBDA = "lambda"

    @property
    def endpoint(self) -> Endpoint:
        """What requests go through."""
        return Endpoint.FUNCTION_URL if self is Workers.HTTP_URL else Endpoint.HTTP_API


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How large payloads are, and how workers get their tasks.

    Attributes:
        input_bytes: Of the workflow's input, and of each task's.
        output_bytes: Likewise.
        batch: How many tasks a worker takes at once, 1 to 10.
    """

    workers: Workers = Workers.HTTP
    batch: int = 10
    input_bytes: int = 250
    output_bytes: int = 250

    def workflow(self) -> Counts:
        """Return what the beginning and the end of a workflow take, and nothing between."""
        return Counts(
            write_units=3 + _units(self.input_bytes) + _units(self.input_bytes, self.output_bytes),
            read_units=1,
            s3_puts=_stored(self.input_bytes, self.output_bytes),
            s3_gets=_stored(self.output_bytes),
        )

    def request(self) -> Counts:
        """Return what a request to the API takes by itself."""
        return Counts(http_requests=1, invocations=1)

    def worker_task(self) -> Counts:
        """Return what a task takes that a worker does."""
        each = 1 / self.batch
        match self.workers:
            case Workers.HTTP | Workers.HTTP_URL:
                return self._claimed(sqs_requests=1 + 2 * each, requests=1 + each, polled=1 + each)
            case Workers.LAMBDA:
                return self._claimed(sqs_requests=3, requests=0, polled=1)
            case Workers.SQS:
                return Counts(
                    write_units=self._created + self._ended,
                    read_units=3 * self._read,
                    sqs_requests=1 + 5 * each,
                    http_requests=each,
                    invocations=2 * each,
                    s3_puts=_stored(self.input_bytes, self.output_bytes),
                    s3_gets=_stored(self.input_bytes),
                )

    def effect(self, sqs_requests: float = 3) -> Counts:
        """Return what a system task takes that a function does, an HTTP call for instance."""
        return self._claimed(sqs_requests=sqs_requests, requests=0, polled=1)

    def instant(self, write_units: float = 1, read_units: float = 0) -> Counts:
        """Return what a task takes that is decided on the spot."""
        return Counts(write_units=write_units - 1 + self._created, read_units=read_units)

    def signalled(self) -> Counts:
        """Return what a task takes that somebody outside ends by a request."""
        ended = Counts(write_units=self._created + self._ended, read_units=3 * self._read)
        return ended.plus(self.request())

    def waited(self, days: float) -> Counts:
        """Return what a task takes that waits for a time, its workflow's wakes included."""
        ended = Counts(
            write_units=self._created + self._ended,
            read_units=3 * self._read,
            sqs_requests=3,
            invocations=1,
            schedules=1,
        )
        first = Counts(write_units=21, read_units=14, sqs_requests=21, invocations=7)
        later = Counts(write_units=0.4, read_units=0.3, sqs_requests=0.4, invocations=0.1)
        return ended.plus(first.times(min(days, 1))).plus(later.times(max(days - 1, 0)))

    def branch(self, begins: int, *, is_dynamic: bool) -> Counts:
        """Return what each of ``begins`` branches of a fork takes beside its tasks.

        The first tasks of branches are announced ten at a time, so some is saved.
        """
        saved = 1 - ceil(begins / 10) / begins
        return Counts(write_units=1, read_units=2 if is_dynamic else 1, sqs_requests=-saved)

    @property
    def _created(self) -> int:
        return _units(self.input_bytes)

    @property
    def _ended(self) -> int:
        return _units(self.input_bytes, self.output_bytes)

    @property
    def _read(self) -> int:
        return ceil(_stored_bytes(self.input_bytes) / _READ_UNIT_BYTES)

    def _claimed(self, *, sqs_requests: float, requests: float, polled: float) -> Counts:
        return Counts(
            write_units=2 * self._created + self._ended,
            read_units=3 * self._read,
            sqs_requests=sqs_requests,
            http_requests=requests,
            invocations=polled,
            s3_puts=_stored(self.input_bytes, self.output_bytes),
            s3_gets=_stored(self.input_bytes),
        )


Instant = Callable[[Traffic], Counts]

INSTANT: Final[dict[str, Instant]] = {
    **dict.fromkeys(
        ("SWITCH", "DECISION", "INLINE", "LAMBDA", "JSON_JQ_TRANSFORM", "NOOP", "FORK_JOIN"),
        Traffic.instant,
    ),
    "FORK_JOIN_DYNAMIC": lambda traffic: traffic.instant(1, 1),
    "JOIN": lambda traffic: traffic.instant(2, 4),
    "EXCLUSIVE_JOIN": lambda traffic: traffic.instant(2, 1),
    "SET_VARIABLE": lambda traffic: traffic.instant(3),
    "TERMINATE": lambda traffic: traffic.instant(2, 3),
    "DO_WHILE": lambda traffic: traffic.instant(1, 1),
    "HTTP": Traffic.effect,
    "HTTP_POLL": Traffic.effect,
    "GET_WORKFLOW": lambda traffic: traffic.effect().plus(Counts(read_units=1)),
    "START_WORKFLOW": Traffic.effect,
    "KAFKA_PUBLISH": Traffic.effect,
    "AWS_LAMBDA": Traffic.effect,
    "EVENT": lambda traffic: traffic.effect(4),
    "HUMAN": Traffic.signalled,
    "WAIT_FOR_WEBHOOK": Traffic.signalled,
    "PULL_WORKFLOW_MESSAGES": Traffic.signalled,
}
A_TURN: Final = Counts(write_units=1, read_units=1)
# What starts a child and hears of its end; the child itself not included.
A_CHILD: Final = Counts(write_units=5, read_units=13, sqs_requests=9, invocations=3)


def _units(*payload_bytes: int) -> int:
    """Return the write units of an item with these payloads."""
    return ceil(_stored_bytes(*payload_bytes) / _WRITE_UNIT_BYTES)


def _stored_bytes(*payload_bytes: int) -> float:
    kept = sum(each for each in payload_bytes if each <= _MOST_BYTES_IN_ITEM)
    plain = _ITEM_BYTES + kept
    return plain if plain <= _WRITE_UNIT_BYTES else _ITEM_BYTES + kept * _COMPRESSED


def _stored(*payload_bytes: int) -> int:
    """Return how many of these payloads are in S3."""
    return sum(each > _MOST_BYTES_IN_ITEM for each in payload_bytes)
