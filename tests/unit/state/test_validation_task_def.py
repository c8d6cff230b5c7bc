"""What a task definition must fulfil."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import TaskDef
from dalsegno_state.validation import check_task_def


def messages(**properties: object) -> list[str]:
    try:
        check_task_def(TaskDef.model_validate({"name": "n", **properties}))
    except InvalidRequestError as error:
        return [item.message for item in error.validation_errors]
    return []


def test_defaults_are_accepted() -> None:
    assert messages() == []


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"name": ""}, "TaskDef name cannot be null or empty"),
        ({"retryCount": -1}, "TaskDef retryCount: 0 must be >= 0"),
        (
            {"responseTimeoutSeconds": 0},
            "TaskDef responseTimeoutSeconds: 0 should be minimum 1 second",
        ),
        (
            {"timeoutSeconds": 10, "responseTimeoutSeconds": 11},
            "TaskDef: n responseTimeoutSeconds: 11 must be less than timeoutSeconds: 10",
        ),
        (
            {"timeoutSeconds": 3700, "totalTimeoutSeconds": 3650},
            "TaskDef: n timeoutSeconds: 3700 must be less than or equal to "
            "totalTimeoutSeconds: 3650",
        ),
        ({"backoffScaleFactor": 0}, "Backoff scale factor. Applicable for LINEAR_BACKOFF"),
        ({"pollTimeoutSeconds": -1}, "must be greater than or equal to 0"),
        ({"maxRetryDelaySeconds": -1}, "must be greater than or equal to 0"),
        ({"backoffJitterMs": -1}, "must be greater than or equal to 0"),
        ({"totalTimeoutSeconds": -1}, "must be greater than or equal to 0"),
    ],
)
def test_value_out_of_bounds_is_refused(properties: dict[str, object], message: str) -> None:
    assert messages(**properties) == [message]


def test_response_may_take_as_long_as_the_task() -> None:
    assert messages(timeoutSeconds=10, responseTimeoutSeconds=10) == []


def test_all_faults_are_named_together() -> None:
    assert len(messages(name="", retryCount=-1, backoffJitterMs=-1)) == 3
