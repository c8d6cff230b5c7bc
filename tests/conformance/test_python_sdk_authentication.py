"""Keys in the official Python SDK, while the server has none: it asks for a token, and goes on."""

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.configuration.settings.authentication_settings import (
    AuthenticationSettings,
)
from conductor.client.orkes_clients import OrkesClients


def test_clients_with_keys_work_without_a_token(sdk_url: str, given_url: str | None) -> None:
    if given_url:
        pytest.skip("only a server of our own is known to have no keys")
    keys = AuthenticationSettings(key_id="key", key_secret="secret")  # noqa: S106  # no secret of anybody
    configuration = Configuration(base_url=sdk_url, authentication_settings=keys)

    found = OrkesClients(configuration).get_workflow_client().search(query="status = 'RUNNING'")

    assert found.results is not None
    assert configuration.AUTH_TOKEN is None
