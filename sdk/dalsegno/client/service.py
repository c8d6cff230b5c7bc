"""The server itself."""

from dalsegno.client.call import Call, reads, reads_text
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import HealthCheckStatus, JsonObject


class ServiceCalls:
    """Asks the server about itself."""

    @operation
    def version(self) -> Call[str]:
        """Return the server's version."""
        return Call("GET", "/version", reads_text, repeatable=True)

    @operation
    def health(self) -> Call[HealthCheckStatus]:
        """Return whether the server is able to serve."""
        return Call("GET", "/health", reads(HealthCheckStatus), repeatable=True)

    @operation
    def config(self) -> Call[JsonObject]:
        """Return the server's versions and limits."""
        return Call("GET", "/admin/config", reads(JsonObject), repeatable=True)


class Service(Group, ServiceCalls):
    """See ``ServiceCalls``."""


class AsyncService(AsyncGroup, ServiceCalls):
    """See ``ServiceCalls``; awaited."""
