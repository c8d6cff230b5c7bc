"""What the wiring lets tasks reach: never this machine on AWS, whatever the settings say."""

import pytest

from dalsegno_functions import wiring
from dalsegno_state.outbound_addresses import Reach
from dalsegno_state.ports import HttpCallError


@pytest.mark.parametrize("private", [True, False])
def test_loopback_is_refused_unless_the_server_is_local(private: bool) -> None:
    client = wiring.outbound_http(Reach(private=private))

    # Where Lambda has the API of its runtime.
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"):
        with pytest.raises(HttpCallError, match="must not be called"):
            client.request(
                "GET",
                f"http://{host}:9001/2018-06-01/runtime/invocation/next",
                headers={},
                body=None,
                connect_timeout_seconds=3,
                read_timeout_seconds=3,
                exchange_timeout_seconds=6,
                confidential=frozenset(),
            )


@pytest.mark.parametrize("setting", ["true", "false", ""])
def test_settings_of_a_stack_never_allow_loopback(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("DALSEGNO_HTTP_ALLOW_PRIVATE", setting)

    assert wiring.reach_on_aws() == Reach(private=setting == "true", loopback=False)
