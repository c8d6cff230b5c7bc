"""The common base of all wire objects: camelCase JSON outside, snake_case Python inside."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticSerializationError

from dalsegno.json_text import check_numbers, write_json

__all__ = [
    "AuditedModel",
    "ConductorModel",
    "EpochMillis",
    "Int32",
    "Int64",
    "JsonObject",
    "JsonValue",
    "Millis",
    "Seconds",
]

JsonObject: TypeAlias = dict[str, JsonValue]

# Java's int and long: a number beyond them cannot be told to any Conductor client.
Int32: TypeAlias = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Int64: TypeAlias = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
EpochMillis: TypeAlias = Int64
Millis: TypeAlias = Int64
Seconds: TypeAlias = Int64


class ConductorModel(BaseModel):
    """Immutable wire object; unknown keys are ignored.

    A ``null`` on the wire means the same as an absent key: the field takes its default. Only
    ``None`` values inside maps and lists of the user's own are data, and are kept.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        defer_build=True,  # each validator is built at its first use: halves the cold import
        coerce_numbers_to_str=True,  # Conductor takes `"correlationId": 7`
        ser_json_inf_nan="constants",  # not null: ``to_wire_json`` refuses them
    )

    @model_validator(mode="before")
    @classmethod
    def _treat_null_as_absent(cls, data: object) -> object:
        if isinstance(data, Mapping) and None in data.values():
            return {key: value for key, value in data.items() if value is not None}
        return data

    def to_wire(self) -> JsonObject:
        """Return the JSON object a Conductor client expects.

        Keys are camelCase, properties that are ``None`` are left out, ``None`` values inside
        the user's own maps and lists are kept.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_wire_json(self) -> bytes:
        """Return ``to_wire`` as UTF-8 encoded JSON, without building the object first.

        Half surrogate pairs are replaced by U+FFFD.

        Raises:
            ValueError: It has NaN or an infinity in it; names the place.
        """
        try:
            written = self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)
        except PydanticSerializationError:
            return write_json(self.to_wire())
        return check_numbers(written)


class AuditedModel(ConductorModel):
    """Wire object that says who made and changed it, and when (0 = never)."""

    owner_app: str | None = None
    create_time: EpochMillis = 0
    update_time: EpochMillis = 0
    created_by: str | None = None
    updated_by: str | None = None
