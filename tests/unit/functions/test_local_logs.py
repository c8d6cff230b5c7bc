"""The local server's logs: a line each, and nothing in them that should not be told."""

import logging
from collections.abc import Iterator

import pytest

from dalsegno_functions.local.logs import LogFormat, configure


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_foreign_text_neither_makes_a_line_nor_steers_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info", LogFormat.TEXT)

    logging.getLogger("dalsegno").info("no handler for %s", "a\n2026-01-01 INFO forged\x1b[2K")

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"INFO    dalsegno: no handler for a\n2026-01-01 INFO forged\x1b[2K")


@pytest.mark.parametrize("client", ["httpx", "httpcore.http11", "httpcore.connection"])
def test_clients_do_not_tell_what_they_call(client: str) -> None:
    configure("debug", LogFormat.TEXT)

    assert not logging.getLogger(client).isEnabledFor(logging.INFO)
    assert logging.getLogger("dalsegno").isEnabledFor(logging.DEBUG)
