"""Inputs and outputs: what users hand over, as the JSON object that is sent."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from dalsegno.errors import InvalidRequestError
from dalsegno.json_text import plain_json
from dalsegno.models import JsonObject


class Dataclass(Protocol):
    """An instance of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Payload: TypeAlias = Mapping[str, object] | BaseModel | Dataclass
"""What becomes a JSON object: dates, decimals, models and dataclasses may be in it, too."""


def json_object(name: str, payload: Payload | None) -> JsonObject:
    """Return a payload as a JSON object, an empty one for None; ``name`` is for the error.

    Raises:
        InvalidRequestError: It is none, or something in it cannot be written as JSON.
    """
    if payload is None:
        return {}
    plain = dict(payload) if isinstance(payload, Mapping) else payload
    try:
        written = plain_json(plain)
    except PydanticSerializationError as error:
        raise InvalidRequestError(f"{name}: {error}") from error
    if not isinstance(written, dict):
        kind = type(payload).__name__
        raise InvalidRequestError(
            f"{name}: must be a mapping, a pydantic model or a dataclass, got {kind}"
        )
    return written
