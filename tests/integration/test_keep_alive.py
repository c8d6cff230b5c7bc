"""Connections that rest between two requests."""

import http.client
import time

import pytest

IDLE_SECONDS = 5.5  # httpx, and with it the Python SDK, keeps an idle connection for 5 s


@pytest.mark.waits(IDLE_SECONDS)
def test_idle_connection_is_not_closed_before_its_client_lets_go(server_url: str) -> None:
    connection = http.client.HTTPConnection(server_url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/api/workflow", body="{}")
    connection.getresponse().read()
    socket = connection.sock

    time.sleep(IDLE_SECONDS)
    connection.request("POST", "/api/workflow", body="{}")

    assert connection.getresponse().status == 400
    assert connection.sock is socket
    connection.close()
