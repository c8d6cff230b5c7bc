"""What an expected failure tells the API."""

import pytest
from pydantic import ValidationError

from dalsegno import errors
from dalsegno.errors import ConductorError, InvalidRequestError
from dalsegno.models import StartWorkflowRequest, ValidationErrorItem


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (errors.NotFoundError, 404, False),
        (errors.ConflictError, 409, False),
        (errors.InvalidRequestError, 400, False),
        (errors.ForbiddenError, 403, False),
        (errors.UnauthorizedError, 401, False),
        (errors.MethodNotAllowedError, 405, False),
        (errors.PayloadTooLargeError, 413, False),
        (errors.UnavailableError, 503, True),
    ],
)
def test_error_stands_for_a_status(
    error: type[ConductorError], status: int, retryable: bool
) -> None:
    raised = error("it does not work")

    assert (raised.status, raised.retryable, str(raised)) == (status, retryable, "it does not work")


def test_list_of_violations_points_the_reader_to_it() -> None:
    error = InvalidRequestError(validation_errors=[ValidationErrorItem(path="a", message="b")])

    assert str(error) == "Validation failed, check below errors for detail."
    assert error.validation_errors[0].path == "a"


def test_body_of_the_wrong_shape_is_told_field_by_field() -> None:
    with pytest.raises(ValidationError) as refusal:
        StartWorkflowRequest.model_validate({"name": "w", "priority": 100, "taskToDomain": []})

    error = InvalidRequestError.from_validation(refusal.value)

    assert {item.path for item in error.validation_errors} == {"priority", "taskToDomain"}
    assert error.validation_errors[-1].message == "priority: 100 should be maximum 99"
    assert error.validation_errors[-1].invalid_value == "100"
