"""Where named values come from."""

from contextlib import closing
from dataclasses import replace

from moto import mock_aws

from dalsegno_state.aws import AwsPorts, open_ports
from dalsegno_state.aws.client import Clients
from tests.aws.deployment import REGION, environment, settings_of
from tests.clock import ManualClock

SETTINGS = settings_of("test")


def put_secret(ports: AwsPorts, name: str, value: str) -> None:
    ports.clients.secrets_manager.create_secret(
        Name=SETTINGS.secret_prefix + name, SecretString=value
    )


def test_environment_value_comes_from_the_parameter_store(ports: AwsPorts) -> None:
    ports.clients.ssm.put_parameter(
        Name=SETTINGS.parameter_prefix + "region", Value="eu", Type="String"
    )

    assert ports.secrets.environment("region") == "eu"


def test_changed_value_is_seen_after_a_minute(ports: AwsPorts, clock: ManualClock) -> None:
    put_secret(ports, "token", "old")
    assert ports.secrets.secret("token") == "old"
    ports.clients.secrets_manager.put_secret_value(
        SecretId=SETTINGS.secret_prefix + "token", SecretString="new"
    )

    assert ports.secrets.secret("token") == "old"
    clock.advance(seconds=60)
    assert ports.secrets.secret("token") == "new"


def test_changed_secret_is_seen_at_once_where_it_was_changed(ports: AwsPorts) -> None:
    ports.secrets.put_secret("token", "old")
    assert ports.secrets.secret("token") == "old"

    ports.secrets.put_secret("token", "new")
    assert ports.secrets.secret("token") == "new"

    ports.secrets.delete_secret("token")
    assert ports.secrets.secret("token") is None


def test_text_of_a_secret_is_read_past_what_is_remembered(ports: AwsPorts) -> None:
    put_secret(ports, "token", "old")
    assert ports.secrets.secret("token") == "old"
    ports.clients.secrets_manager.put_secret_value(
        SecretId=SETTINGS.secret_prefix + "token", SecretString="new"
    )

    assert ports.secrets.secret_text("token") == "new"


def test_deleted_secret_can_be_restored_in_aws(ports: AwsPorts) -> None:
    ports.secrets.put_secret("token", "x")
    ports.secrets.delete_secret("token")

    ports.clients.secrets_manager.restore_secret(SecretId=SETTINGS.secret_prefix + "token")

    assert ports.secrets.secret("token") == "x"


def test_secrets_of_others_are_neither_listed_nor_named(ports: AwsPorts, admin: Clients) -> None:
    admin.secrets_manager.create_secret(Name="of-another", SecretString="x")
    put_secret(ports, "token", "x")

    assert ports.secrets.secret_names() == ["token"]


def test_a_key_of_the_account_encrypts_what_is_put(clock: ManualClock) -> None:
    key = f"arn:aws:kms:{REGION}:123456789012:key/k"
    settings = replace(SETTINGS, customer_key=key)
    with mock_aws(), environment(None), closing(open_ports(settings, clock)) as ports:
        ports.secrets.put_secret("token", "x")
        ports.secrets.put_environment("region", "eu")

        secret = ports.clients.secrets_manager.describe_secret(
            SecretId=SETTINGS.secret_prefix + "token"
        )
        parameter = ports.clients.ssm.describe_parameters()["Parameters"][0]

    assert secret["KmsKeyId"] == key
    assert (parameter["Type"], parameter["KeyId"]) == ("SecureString", key)
