"""What functions log, and what they do not."""

import logging

import pytest

from dalsegno_functions import observability


def test_addresses_of_http_calls_are_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    for client in ("httpx", "httpcore"):
        logging.getLogger(client).setLevel(logging.NOTSET)

    observability.logger.__wrapped__()

    levels = [logging.getLogger(client).getEffectiveLevel() for client in ("httpx", "httpcore")]
    assert levels == [logging.WARNING, logging.WARNING]
