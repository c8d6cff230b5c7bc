"""Tags: words that people find and group things by."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from dalsegno.models.base import ConductorModel, JsonValue


class TagType(StrEnum):
    """What a tag is for."""

    METADATA = "METADATA"
    RATE_LIMIT = "RATE_LIMIT"


class Tag(ConductorModel):
    """A tag; of one type, a key has one value."""

    key: Annotated[str, Field(min_length=1, max_length=256)]
    value: JsonValue = None
    type: TagType = TagType.METADATA


class TaggedName(ConductorModel):
    """Something with a name, and its tags."""

    name: str
    tags: list[Tag] = Field(default_factory=list)


__all__ = ["Tag", "TagType", "TaggedName"]
