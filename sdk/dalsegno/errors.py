"""Expected failures: each knows the HTTP status it stands for, and whether trying again helps."""

from collections.abc import Iterable
from typing import ClassVar, Final, Self

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from dalsegno.models import ValidationErrorItem

VALIDATION_FAILED: Final = "Validation failed, check below errors for detail."


class ConductorError(Exception):
    """Base of all expected failures; carries what an HTTP reply needs.

    Attributes:
        status: HTTP status the API answers with.
        retryable: Whether the same call may succeed later, unchanged.
    """

    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)


class InvalidRequestError(ConductorError):
    """The request asks for something that makes no sense, now or later.

    Attributes:
        validation_errors: Everything that is wrong with it, if it was checked rule by rule.
    """

    status = 400

    def __init__(
        self,
        message: str = VALIDATION_FAILED,
        validation_errors: Iterable[ValidationErrorItem] = (),
    ) -> None:
        super().__init__(message)
        self.validation_errors = tuple(validation_errors)

    @classmethod
    def from_validation(cls, error: ValidationError) -> Self:
        """Return the error that tells a client which fields of its JSON are wrong, and why."""
        return cls(
            validation_errors=(
                ValidationErrorItem(
                    path=_wire_path(item["loc"]),
                    message=item["msg"],
                    invalid_value=_scalar_text(item["input"]),
                )
                for item in error.errors(include_url=False, include_context=False)
            )
        )


class UnauthorizedError(ConductorError):
    """The caller did not prove who it is."""

    status = 401


class ForbiddenError(ConductorError):
    """The caller may not do this."""

    status = 403


class NotFoundError(ConductorError):
    """What the request names does not exist."""

    status = 404


class MethodNotAllowedError(ConductorError):
    """The path exists, but not with this HTTP method."""

    status = 405


class ConflictError(ConductorError):
    """The present state does not allow the request."""

    status = 409


class PayloadTooLargeError(ConductorError):
    """The request's body, or a value in it, is larger than the limit."""

    status = 413


class TooManyRequestsError(ConductorError):
    """A limit is reached; the same call may succeed once others have made room."""

    status = 429
    retryable = True


class UnavailableError(ConductorError):
    """The service behind the API cannot answer now; the same call may succeed later."""

    status = 503
    retryable = True


class StorageFullError(UnavailableError):
    """There is no room to store anything; the same call succeeds once there is."""

    status = 507


def _wire_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:  # an absent field is told by its Python name
            path += f".{to_camel(part) if '_' in part else part}"
    return path.removeprefix(".")


def _scalar_text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) else None
