"""Where named values come from."""

import pytest

from dalsegno_state.aws import AwsPorts
from tests.aws.deployment import settings_of
from tests.clock import ManualClock

SETTINGS = settings_of("test")


def put_secret(ports: AwsPorts, name: str, value: str) -> None:
    ports.clients.secrets_manager.create_secret(
        Name=SETTINGS.secret_prefix + name, SecretString=value
    )


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("hunter2", "hunter2"),
        ("12345", "12345"),
        ('{"user": "u", "port": 1}', {"user": "u", "port": 1}),
        ("[1, 2]", [1, 2]),
        ("{not json", "{not json"),
    ],
)
def test_secret_is_text_unless_it_is_a_json_object_or_array(
    ports: AwsPorts, stored: str, value: object
) -> None:
    put_secret(ports, "database", stored)

    assert ports.secrets.secret("database") == value


def test_environment_value_comes_from_the_parameter_store(ports: AwsPorts) -> None:
    ports.clients.ssm.put_parameter(
        Name=SETTINGS.parameter_prefix + "region", Value="eu", Type="String"
    )

    assert ports.secrets.environment("region") == "eu"


@pytest.mark.parametrize("name", ["absent", "", "not a name", "x" * 300])
def test_value_that_is_not_there_is_none(ports: AwsPorts, name: str) -> None:
    assert ports.secrets.secret(name) is None
    assert ports.secrets.environment(name) is None


def test_changed_value_is_seen_after_a_minute(ports: AwsPorts, clock: ManualClock) -> None:
    put_secret(ports, "token", "old")
    assert ports.secrets.secret("token") == "old"
    ports.clients.secrets_manager.put_secret_value(
        SecretId=SETTINGS.secret_prefix + "token", SecretString="new"
    )

    assert ports.secrets.secret("token") == "old"
    clock.advance(seconds=60)
    assert ports.secrets.secret("token") == "new"
