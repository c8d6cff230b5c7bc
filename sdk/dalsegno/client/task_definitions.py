"""Definitions of tasks."""

from typing import ClassVar

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.tags import DefinitionTagCalls
from dalsegno.models import TaskDef

_ALL = "/metadata/taskdefs"


class TaskDefinitionCalls(DefinitionTagCalls):
    """Registers and reads definitions of tasks."""

    _thing: ClassVar[str] = "/metadata/task/{}"

    @operation
    def put(self, *definitions: TaskDef) -> Call[None]:
        """Register definitions, new or not; none is if one of them breaks a rule.

        Raises InvalidRequestError with what is wrong.
        """
        body = sends(list(definitions))
        return Call("POST", _ALL, reads_nothing, body=body, repeatable=True)

    @operation
    def update(self, definition: TaskDef) -> Call[None]:
        """Replace a definition. Raises NotFoundError if it is unknown."""
        return Call("PUT", _ALL, reads_nothing, body=sends(definition), repeatable=True)

    @operation
    def get(self, name: str) -> Call[TaskDef]:
        """Return a definition. Raises NotFoundError."""
        where = path("/metadata/taskdefs/{}", name)
        return Call("GET", where, reads(TaskDef), repeatable=True)

    @operation
    def all(self) -> Call[list[TaskDef]]:
        """Return all definitions."""
        return Call("GET", _ALL, reads(list[TaskDef]), repeatable=True)

    @operation
    def delete(self, name: str) -> Call[None]:
        """Forget a definition and its tags. Raises NotFoundError."""
        return Call("DELETE", path("/metadata/taskdefs/{}", name), reads_nothing)


class TaskDefinitions(Group, TaskDefinitionCalls):
    """See ``TaskDefinitionCalls``."""


class AsyncTaskDefinitions(AsyncGroup, TaskDefinitionCalls):
    """See ``TaskDefinitionCalls``; awaited."""
