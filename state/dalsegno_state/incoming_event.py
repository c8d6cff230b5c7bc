"""An event on its way to its handlers, and what their conditions and templates see of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict, Field, TypeAdapter

from dalsegno.json_text import read_json
from dalsegno.models import JsonObject, JsonValue
from dalsegno_state.expressions import walk
from dalsegno_state.versions import known


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """Body of one message on the queue of events.

    Attributes:
        event: What handlers name: ``conductor:<workflow>:<name>``, ``sqs:<queue>`` or any other.
        id: The same in all deliveries, and of no other event.
        optional: Nobody need be there for it.
        generation: That of the workflow which published it; see ``WorkflowState``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    event: str = Field(min_length=1, max_length=256)
    id: str = Field(min_length=1, max_length=512)
    payload: JsonObject
    optional: bool = False
    generation: int = 0

    def encode(self) -> str:
        """Return the message body."""
        return _reader.dump_json(self).decode()


_reader = TypeAdapter(IncomingEvent)


def decode_incoming_event(body: str) -> IncomingEvent:
    """Return the event that a message brings.

    Raises:
        NewerVersionError: The body is none that this version knows.
    """
    with known("a message of the queue of events"):
        return _reader.validate_json(body)


def payload_of(value: JsonValue) -> JsonObject:
    """Return what handlers see of a body that need not be an object."""
    return value if isinstance(value, dict) else {"payload": value}


@dataclass(frozen=True, slots=True)
class PayloadScope:
    """``Scope`` of an event: each field of its payload is a document."""

    payload: JsonObject

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.payload.get(name), path)

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        return self.payload.get(name)


def expanded(value: JsonValue) -> JsonValue:
    """Return a value with every text in it that is a JSON object or array replaced by that."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            return read_json(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        return {key: expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expanded(item) for item in value]
    return value
