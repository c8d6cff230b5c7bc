"""The environment: values for ``${workflow.env.NAME}``."""

from dalsegno.client.call import TEXT, Call, path, reads, reads_nothing, reads_text, sends_text
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import EnvironmentVariable


class EnvironmentCalls:
    """Keeps values that all workflows may read."""

    @operation
    def put(self, name: str, value: str) -> Call[None]:
        """Store a value, new or not. Raises InvalidRequestError, PayloadTooLargeError."""
        return Call(
            "PUT",
            path("/environment/{}", name),
            reads_nothing,
            body=sends_text(value),
            content_type=TEXT,
            repeatable=True,
        )

    @operation
    def get(self, name: str) -> Call[str]:
        """Return a value; an empty text if there is none, as Conductor has it."""
        return Call("GET", path("/environment/{}", name), reads_text, repeatable=True)

    @operation
    def all(self) -> Call[list[EnvironmentVariable]]:
        """Return all names and values."""
        return Call("GET", "/environment", reads(list[EnvironmentVariable]), repeatable=True)

    @operation
    def delete(self, name: str) -> Call[None]:
        """Forget a value. Raises NotFoundError."""
        return Call("DELETE", path("/environment/{}", name), reads_nothing)


class Environment(Group, EnvironmentCalls):
    """See ``EnvironmentCalls``."""


class AsyncEnvironment(AsyncGroup, EnvironmentCalls):
    """See ``EnvironmentCalls``; awaited."""
