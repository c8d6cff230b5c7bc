"""Payloads that clients store by themselves, because they are too large to be sent along."""

import os
from functools import cache

from pydantic import TypeAdapter, ValidationError

from dalsegno.errors import InvalidRequestError, PayloadTooLargeError
from dalsegno.models import ExternalStorageLocation, JsonObject
from dalsegno_state.draft import MAX_PAYLOAD_BYTES
from dalsegno_state.external_paths import ExternalOperation, PayloadType, check_path, new_path
from dalsegno_state.ports import ExternalPayloads


class ExternalStorage:
    """Says where payloads are to be put, and takes in what was put there.

    What is taken in is copied: a client may write to its location again, and a decision must find
    the same when it is made again.
    """

    def __init__(self, payloads: ExternalPayloads) -> None:
        self._payloads = payloads

    def location(
        self, operation: ExternalOperation, payload_type: PayloadType, path: str | None
    ) -> ExternalStorageLocation:
        """Return where to put or fetch a payload, for some minutes; a new path if None is given.

        Raises:
            InvalidRequestError: The path is none of ours, or of another type.
        """
        if path is None and operation is ExternalOperation.READ:
            raise InvalidRequestError("path: say which payload is to be read")
        if path is None:
            path = new_path(payload_type, os.urandom(16))
        check_path(path, "path")
        if operation is ExternalOperation.WRITE and not path.startswith(f"{payload_type.folder}/"):
            raise InvalidRequestError(
                f"path: a payload of type {payload_type} must be under {payload_type.folder}/"
            )
        return ExternalStorageLocation(uri=self._payloads.location(path, operation), path=path)

    def content(self, path: str, field: str) -> JsonObject:
        """Return what a client has put at a path that it names in a field of its request.

        Raises:
            InvalidRequestError: The path is none of ours, or nothing there is a JSON object.
            PayloadTooLargeError: There is more than Conductor's limit.
        """
        check_path(path, field)
        try:
            body = self._payloads.read(path, max_bytes=MAX_PAYLOAD_BYTES)
        except KeyError:
            raise InvalidRequestError(
                f"{field}: nothing is stored at {path}: put it there before naming it"
            ) from None
        if body is None:
            raise PayloadTooLargeError(
                f"{field}: what is stored at {path} is larger than the permissible limit: "
                f"{MAX_PAYLOAD_BYTES} bytes"
            )
        try:
            return _content().validate_json(body)
        except ValidationError as error:
            raise InvalidRequestError(f"{field}: {path} holds no JSON object") from error


@cache
def _content() -> TypeAdapter[JsonObject]:
    """Return what reads payloads, made when first needed: most cold starts never need it."""
    return TypeAdapter(JsonObject)
