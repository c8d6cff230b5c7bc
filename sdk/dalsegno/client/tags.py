"""Tags of definitions, schedules, event handlers and secrets."""

from typing import ClassVar

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import operation
from dalsegno.models import Tag


class TagCalls:
    """Tags of things of one kind, each of which has a name."""

    _thing: ClassVar[str]

    @operation
    def tags(self, name: str) -> Call[list[Tag]]:
        """Return the tags of one. Raises NotFoundError."""
        return Call("GET", self._tags_of(name), reads(list[Tag]), repeatable=True)

    @operation
    def put_tags(self, name: str, *tags: Tag) -> Call[None]:
        """Replace all tags of one. Raises NotFoundError."""
        where = self._tags_of(name)
        return Call("PUT", where, reads_nothing, body=sends(list(tags)), repeatable=True)

    @operation
    def delete_tags(self, name: str, *tags: Tag) -> Call[None]:
        """Delete the tags of these types and keys; absent ones are fine. Raises NotFoundError."""
        where = self._tags_of(name)
        return Call("DELETE", where, reads_nothing, body=sends(list(tags)), repeatable=True)

    def _tags_of(self, name: str) -> str:
        return f"{path(self._thing, name)}/tags"


class DefinitionTagCalls(TagCalls):
    """Tags of definitions, to which some can be added."""

    @operation
    def add_tags(self, name: str, *tags: Tag) -> Call[None]:
        """Add tags to one, replacing those of the same type and key. Raises NotFoundError."""
        where = self._tags_of(name)
        return Call("POST", where, reads_nothing, body=sends(list(tags)), repeatable=True)
