"""Definitions of workflows."""

from collections.abc import Sequence
from typing import ClassVar

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.tags import DefinitionTagCalls
from dalsegno.models import (
    BulkResponse,
    RateLimitConfig,
    Workflow,
    WorkflowDef,
    WorkflowDefSummary,
    WorkflowTestRequest,
)

_ALL = "/metadata/workflow"


class WorkflowDefinitionCalls(DefinitionTagCalls):
    """Registers and reads definitions of workflows."""

    _thing: ClassVar[str] = "/metadata/workflow/{}"

    @operation
    def put(self, definition: WorkflowDef) -> Call[None]:
        """Register a definition, replacing that version of it if it is there.

        Raises InvalidRequestError with everything that is wrong with it. Executions that run keep
        the definition they were started with.
        """
        return Call(
            "POST",
            _ALL,
            reads_nothing,
            query={"overwrite": True},
            body=sends(definition),
            repeatable=True,
        )

    @operation
    def create(self, definition: WorkflowDef) -> Call[None]:
        """Register a new definition. Raises ConflictError if that version of it is there."""
        return Call("POST", _ALL, reads_nothing, body=sends(definition))

    @operation
    def put_all(self, definitions: Sequence[WorkflowDef]) -> Call[BulkResponse]:
        """Register definitions, new or not; none is if one of them breaks a rule."""
        body = sends(list(definitions))
        return Call("PUT", _ALL, reads(BulkResponse), body=body, repeatable=True)

    @operation
    def validate(self, definition: WorkflowDef) -> Call[None]:
        """Check a definition and store nothing. Raises InvalidRequestError with what is wrong."""
        body = sends(definition)
        return Call("POST", f"{_ALL}/validate", reads_nothing, body=body, repeatable=True)

    @operation
    def get(self, name: str, version: int | None = None) -> Call[WorkflowDef]:
        """Return a definition, its highest version unless given. Raises NotFoundError."""
        return Call(
            "GET",
            path("/metadata/workflow/{}", name),
            reads(WorkflowDef),
            query={"version": version},
            repeatable=True,
        )

    @operation
    def all(self, *, classifier: str | None = None) -> Call[list[WorkflowDef]]:
        """Return all versions of all definitions, or of those of a kind."""
        query = {"classifier": classifier}
        return Call("GET", _ALL, reads(list[WorkflowDef]), query=query, repeatable=True)

    @operation
    def latest(self) -> Call[list[WorkflowDef]]:
        """Return the highest version of each definition."""
        return Call("GET", f"{_ALL}/latest-versions", reads(list[WorkflowDef]), repeatable=True)

    @operation
    def names(self) -> Call[list[str]]:
        """Return the names that have a definition."""
        return Call("GET", f"{_ALL}/names", reads(list[str]), repeatable=True)

    @operation
    def names_and_versions(self) -> Call[dict[str, list[WorkflowDefSummary]]]:
        """Return the versions of every name."""
        return Call(
            "GET",
            f"{_ALL}/names-and-versions",
            reads(dict[str, list[WorkflowDefSummary]]),
            repeatable=True,
        )

    @operation
    def versions(self, name: str) -> Call[list[WorkflowDefSummary]]:
        """Return the versions of one name, none if it is unknown."""
        where = path("/metadata/workflow/{}/versions", name)
        return Call("GET", where, reads(list[WorkflowDefSummary]), repeatable=True)

    @operation
    def delete(self, name: str, version: int) -> Call[None]:
        """Forget a version; executions that run keep it. Raises NotFoundError."""
        return Call("DELETE", path("/metadata/workflow/{}/{}", name, version), reads_nothing)

    @operation
    def rate_limit(self, name: str) -> Call[RateLimitConfig]:
        """Return how many executions may run at once. Raises NotFoundError if there is no limit."""
        where = path("/metadata/workflow/{}/rate-limit", name)
        return Call("GET", where, reads(RateLimitConfig), repeatable=True)

    @operation
    def put_rate_limit(self, name: str, limit: RateLimitConfig) -> Call[None]:
        """Limit how many executions that start from now on run at once. Raises NotFoundError."""
        where = path("/metadata/workflow/{}/rate-limit", name)
        return Call("PUT", where, reads_nothing, body=sends(limit), repeatable=True)

    @operation
    def delete_rate_limit(self, name: str) -> Call[None]:
        """Let as many executions run as are started; no limit is fine. Raises NotFoundError."""
        where = path("/metadata/workflow/{}/rate-limit", name)
        return Call("DELETE", where, reads_nothing, repeatable=True)

    @operation
    def test(self, request: WorkflowTestRequest) -> Call[Workflow]:
        """Run a workflow on the server with prepared results instead of workers; return it."""
        where = "/workflow/test"
        return Call("POST", where, reads(Workflow), body=sends(request), wait_seconds=30)


class WorkflowDefinitions(Group, WorkflowDefinitionCalls):
    """See ``WorkflowDefinitionCalls``."""


class AsyncWorkflowDefinitions(AsyncGroup, WorkflowDefinitionCalls):
    """See ``WorkflowDefinitionCalls``; awaited."""
