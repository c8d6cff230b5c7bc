"""What the environment of a function must say."""

import pytest

from dalsegno_state.aws import AwsSettings, SettingsError

COMPLETE = {
    "AWS_REGION": "eu-central-1",
    "DALSEGNO_EXECUTION_TABLE": "executions",
    "DALSEGNO_DEFINITION_TABLE": "definitions",
    "DALSEGNO_PAYLOAD_BUCKET": "payloads",
    "DALSEGNO_QUEUE_PREFIX": "prod-",
    "DALSEGNO_EVALUATOR_QUEUE_ARN": "arn:aws:sqs:eu-central-1:123456789012:prod-_evaluator",
    "DALSEGNO_SCHEDULE_GROUP": "prod",
    "DALSEGNO_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/prod-schedules",
}


def test_settings_are_read_from_the_environment() -> None:
    settings = AwsSettings.from_environment(COMPLETE)

    assert settings.region == "eu-central-1"
    assert settings.queue_prefix == "prod-"
    assert settings.parameter_prefix == "/dalsegno/"


@pytest.mark.parametrize("name", COMPLETE)
def test_missing_variable_is_named(name: str) -> None:
    environment = {key: value for key, value in COMPLETE.items() if key != name}

    with pytest.raises(SettingsError, match=f"^{name} is not set$"):
        AwsSettings.from_environment(environment)


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        AwsSettings.from_environment({})

    assert len(caught.value.problems) == len(COMPLETE)


@pytest.mark.parametrize(
    "name",
    ["DALSEGNO_QUEUE_PREFIX", "DALSEGNO_EVALUATOR_QUEUE_ARN", "DALSEGNO_SCHEDULE_ROLE_ARN"],
)
def test_malformed_variable_is_named_with_its_value(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is 'not so.'"):
        AwsSettings.from_environment({**COMPLETE, name: "not so."})
