"""Counts what a deployment will be billed for, where the requests leave the process."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeAlias

from botocore.client import BaseClient

from dalsegno_state.aws.capacity import read_units, write_units
from dalsegno_state.aws.layout import EXECUTION_INDEXES
from dalsegno_state.aws.table import Item

# Reads an item of a table, for a meter on an emulator.
Peek: TypeAlias = Callable[[str, Item], Item | None]

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})
_CHUNK_BYTES: Final = 64 * 1024
_BEFORE: Final = "dalsegno_before"
_ASKED: Final = "dalsegno_asked"


@dataclass(slots=True)
class Usage:
    """What was used since the meter was last read.

    Attributes:
        requests: By ``service.Operation``; what botocore repeated counts each time.
        write_units: DynamoDB's, indexes and refused writes included.
        sqs_requests: By chunks of 64 KB, as they are billed.
    """

    requests: Counter[str] = field(default_factory=Counter)
    write_units: float = 0
    read_units: float = 0
    sqs_requests: int = 0


class Meter:
    """Counts the requests of the clients it watches.

    Args:
        peek: For an emulator that does not tell what a request consumed: units are computed
            from the items as they are before and after each write. For one thread at a time.
    """

    def __init__(self, peek: Peek | None = None) -> None:
        self._peek = peek
        self._lock = Lock()
        self._usage = Usage()

    def watch(self, client: BaseClient) -> None:
        """Count a client's requests from now on."""
        service = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        events.register(f"before-parameter-build.{service}", self._before)
        events.register(f"after-call.{service}", self._after)

    def read(self) -> Usage:
        """Return what was used since this was last called."""
        with self._lock:
            usage, self._usage = self._usage, Usage()
            return usage

    def _before(self, params: Any, model: Any, context: Any, **_: object) -> None:
        if model.service_model.service_name == "dynamodb" and model.name in _CAPABLE:
            params["ReturnConsumedCapacity"] = "TOTAL"
            if self._peek is not None and model.name in _WRITES:
                context[_BEFORE] = self._peeked(params, model.name)
        context[_ASKED] = params

    def _after(self, parsed: Any, model: Any, context: Any, **_: object) -> None:
        service = model.service_model.service_name
        asked = context.get(_ASKED, {})
        sent = 1 + parsed.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        written, read = 0.0, 0.0
        if service == "dynamodb":
            written, read = self._units(asked, parsed, model.name, context)
        with self._lock:
            usage = self._usage
            usage.requests[f"{service}.{model.name}"] += sent
            usage.write_units += written
            usage.read_units += read
            if service == "sqs":
                usage.sqs_requests += sent - 1 + _chunks(asked, parsed)

    def _units(self, asked: Any, parsed: Any, operation: str, context: Any) -> tuple[float, float]:
        """Return write and read units."""
        if self._peek is None:
            consumed = parsed.get("ConsumedCapacity") or ()
            listed = [consumed] if isinstance(consumed, dict) else consumed
            units = sum(float(entry.get("CapacityUnits", 0)) for entry in listed)
            if not listed and operation in _WRITES:
                units = 1.0  # refused: billed, but an error does not say how much
            return (units, 0.0) if operation in _WRITES else (0.0, units)
        if operation in _WRITES:
            pairs = zip(context.get(_BEFORE, ()), self._peeked(asked, operation), strict=True)
            units = sum(write_units(before, after, EXECUTION_INDEXES) for before, after in pairs)
            return float(units), 0.0
        return 0.0, _computed_read(asked, parsed, operation)

    def _peeked(self, params: Any, operation: str) -> list[Item | None]:
        assert self._peek is not None  # noqa: S101  (narrows the type)
        return [self._peek(table, key) for table, key in _touched(params, operation)]


_CAPABLE: Final = _WRITES | {"GetItem", "BatchGetItem", "Query"}


def _touched(params: Any, operation: str) -> Iterable[tuple[str, Item]]:
    """Return the tables and keys of the items that a request writes."""
    if operation == "BatchWriteItem":
        return [
            (table, _key_of(request.get("PutRequest", request.get("DeleteRequest"))))
            for table, requests in params["RequestItems"].items()
            for request in requests
        ]
    return [(params["TableName"], _key_of(params))]


def _key_of(request: Any) -> Item:
    item = request.get("Key") or request["Item"]
    return {"pk": item["pk"], "sk": item["sk"]}


def _computed_read(asked: Any, parsed: Any, operation: str) -> float:
    if operation == "GetItem":
        return read_units([parsed.get("Item", {})], is_consistent=bool(asked.get("ConsistentRead")))
    if operation == "Query":
        items = parsed.get("Items", [])
        return read_units(items, is_consistent=bool(asked.get("ConsistentRead")))
    asked_keys = sum(len(request["Keys"]) for request in asked["RequestItems"].values())
    items = [item for found in parsed.get("Responses", {}).values() for item in found]
    return sum(read_units([item]) for item in items) + asked_keys - len(items)


def _chunks(asked: Any, parsed: Any) -> int:
    """Return how many requests of 64 KB an SQS request is billed as."""
    messages = [*asked.get("Entries", ()), *parsed.get("Messages", ())]
    size_bytes = sum(
        len((message.get("MessageBody") or message.get("Body") or "").encode())
        for message in messages
    )
    return max(1, math.ceil(size_bytes / _CHUNK_BYTES))
