"""From counts to US$: what a million of something comes to, and what others charge for the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final

from dalsegno.costs import prices

# Assumed, not measured: functions of 512 MB, and 20 ms for each invocation on average. Each 10 ms
# more add 0.07 US$ to a million invocations.
ASSUMED_MEMORY_GB: Final = 0.5
ASSUMED_MS: Final = 20
# What a task's result and its bookkeeping come to elsewhere.
_ASSUMED_STEP_KB: Final = 0.6


class Endpoint(StrEnum):
    """What HTTP requests go through."""

    HTTP_API = "HTTP API"
    FUNCTION_URL = "Function URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is billed, counted.

    Attributes:
        sqs_requests: By chunks of 64 KB; what event source mappings receive and delete included.
        invocations: Of the engine's functions; those of workers are the workers' own affair.
        requests: Every request to AWS, by ``service.Operation``.
    """

    write_units: float = 0
    read_units: float = 0
    sqs_requests: float = 0
    schedules: float = 0
    s3_puts: float = 0
    s3_gets: float = 0
    invocations: float = 0
    http_requests: float = 0
    requests: Mapping[str, float] = field(default_factory=dict)

    @property
    def gb_ms(self) -> float:
        """What the invocations are assumed to take."""
        return self.invocations * ASSUMED_MEMORY_GB * ASSUMED_MS

    def plus(self, other: "Counts") -> "Counts":
        """Return this and another together."""
        return self._plus(other, 1, 1)

    def per(self, number: int) -> "Counts":
        """Return the share of one of so many."""
        return self.times(1 / number)

    def times(self, factor: float) -> "Counts":
        """Return so many times this."""
        return self._plus(Counts(), factor, 0)

    def less(self, other: "Counts") -> "Counts":
        """Return what is left of this without another."""
        return self._plus(other, 1, -1)

    def _plus(self, other: "Counts", factor: float, others: float) -> "Counts":
        numbers = {
            name: getattr(self, name) * factor + getattr(other, name) * others
            for name in (item.name for item in fields(Counts) if item.name != "requests")
        }
        requests = {
            name: self.requests.get(name, 0) * factor + other.requests.get(name, 0) * others
            for name in {*self.requests, *other.requests}
        }
        return Counts(**numbers, requests=requests)

    def items(self, endpoint: Endpoint) -> list[tuple[str, float, float]]:
        """Return each item of the bill: what it is, how many, the list price of a million."""
        gateway = self.http_requests if endpoint is Endpoint.HTTP_API else 0
        return [
            ("DynamoDB write units", self.write_units, prices.WRITE_UNIT.usd),
            ("DynamoDB read units", self.read_units, prices.READ_UNIT.usd),
            ("SQS requests", self.sqs_requests, prices.SQS_REQUEST.usd),
            ("Scheduler invocations", self.schedules, prices.SCHEDULE.usd),
            ("S3 PUT", self.s3_puts, prices.S3_PUT.usd),
            ("S3 GET", self.s3_gets, prices.S3_GET.usd),
            ("Lambda invocations", self.invocations, prices.INVOCATION.usd),
            ("Lambda GB-seconds", self.gb_ms / 1000, prices.GB_SECOND.usd),
            ("HTTP API requests", gateway, prices.HTTP_REQUEST.usd),
        ]

    def usd(self, endpoint: Endpoint) -> float:
        """Return the list price of a million."""
        return sum(count * usd for _, count, usd in self.items(endpoint))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same workflow, as two services of AWS count it; the functions that work not included.

    Attributes:
        transitions: States that Step Functions enters, its retries included.
        operations: Durable operations: one for the execution, one for each step or wait. It may
            be more where a step waits for a callback from outside, as workers that poll need it.
    """

    transitions: int
    operations: int

    @property
    def step_functions_usd(self) -> float:
        """List price of a million in Step Functions Standard."""
        return self.transitions * prices.STATE_TRANSITION.usd

    @property
    def durable_functions_usd(self) -> float:
        """List price of a million in Lambda durable functions, storage not included."""
        written_kb = self.operations * _ASSUMED_STEP_KB
        operations = self.operations * prices.DURABLE_OPERATION.usd
        return operations + written_kb * prices.DURABLE_KB.usd
