"""Payloads that are too large to be sent along: put elsewhere, and named by their path."""

from typing import Literal, TypeAlias

from dalsegno.client.call import Call, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.payload import Payload, json_object
from dalsegno.client.steps import Steps, procedure
from dalsegno.models import ExternalStorageLocation, JsonObject

PayloadType: TypeAlias = Literal["WORKFLOW_INPUT", "WORKFLOW_OUTPUT", "TASK_INPUT", "TASK_OUTPUT"]


class PayloadCalls:
    """Stores large payloads, and fetches them."""

    @procedure
    def put(self, payload: Payload, payload_type: PayloadType = "WORKFLOW_INPUT") -> Steps[str]:
        """Store a payload; return the path that stands for it: ``start(external_input_path=...)``.

        Raises InvalidRequestError if it is no JSON object.
        """
        body = sends(json_object("payload", payload))
        place: ExternalStorageLocation = yield PayloadCalls.location.call(
            self, "WRITE", payload_type
        )
        yield Call("PUT", place.uri, reads_nothing, body=body, repeatable=True)
        return place.path

    @procedure
    def get(self, path: str, payload_type: PayloadType) -> Steps[JsonObject]:
        """Return what is stored at a path. Raises InvalidRequestError if the path is none."""
        place: ExternalStorageLocation = yield PayloadCalls.location.call(
            self, "READ", payload_type, path
        )
        found: JsonObject = yield Call("GET", place.uri, reads(JsonObject), repeatable=True)
        return found

    @operation
    def location(
        self,
        operation: Literal["READ", "WRITE"],
        payload_type: PayloadType,
        path: str | None = None,
    ) -> Call[ExternalStorageLocation]:
        """Return a URL to GET or PUT a payload at, and its path, a new one unless given."""
        resource = "tasks" if payload_type.startswith("TASK") else "workflow"
        return Call(
            "GET",
            f"/{resource}/external-storage-location",
            reads(ExternalStorageLocation),
            query={"operation": operation, "payloadType": payload_type, "path": path},
            repeatable=True,
        )


class Payloads(Group, PayloadCalls):
    """See ``PayloadCalls``."""


class AsyncPayloads(AsyncGroup, PayloadCalls):
    """See ``PayloadCalls``; awaited."""
