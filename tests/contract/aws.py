"""How the contract suite opens the AWS adapters: on moto in this process, on ministack over HTTP.

Nothing of AWS is imported before a test needs it: without boto3 those tests are skipped.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dalsegno.models import EpochMillis
from dalsegno_state.ports import Clock, Ports

MOTO_LACKS_THREADS = "moto's conditional writes are not atomic under threads"
_STALE_RECEIPTS = "takes receipts of an earlier delivery, which SQS ignores"
MOTO_LACKS = {
    "test_receipt_of_an_ended_visibility_does_not_delete_the_redelivered_message": (
        f"moto {_STALE_RECEIPTS}"
    ),
    "test_receipt_of_an_ended_visibility_postpones_nothing": f"moto {_STALE_RECEIPTS}",
    "test_what_was_deleted_can_be_put_again": (
        "moto writes to a secret that is marked for deletion, which Secrets Manager refuses"
    ),
}
MINISTACK_LACKS: dict[str, str] = {}

_TICK_SECONDS = 0.05


class WaitingClock:
    """See ``Clock``; the machine's time, because SQS goes by it: to advance is to wait."""

    def now(self) -> EpochMillis:
        """See ``Clock.now``."""
        return time.time_ns() // 1_000_000

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds + _TICK_SECONDS)


@contextmanager
def open_on_moto(place: Path, clock: Clock) -> Iterator[Ports]:
    """Give the adapters on moto; handles that are open at the same time share its state."""
    _require("botocore", "moto")
    from moto import mock_aws

    from tests.aws.deployment import deployed

    with mock_aws(), deployed(str(place), clock, None) as ports:
        yield ports


@contextmanager
def open_on_ministack(place: Path, clock: Clock) -> Iterator[Ports]:
    """Give the adapters on the emulator that the fixture ``ministack`` runs."""
    from tests.aws.deployment import deployed

    with suppress(ImportError):
        # It answers only clients that are made after its import, and these may be the first.
        import moto.core.models  # noqa: F401
    assert _address is not None, "the fixture ministack is running"
    with deployed(str(place), clock, _address) as ports:
        yield ports


_address: str | None = None


def ministack_server() -> Iterator[str]:
    """Run the emulator for a session; skips the test if it is not to be had."""
    global _address
    _require("botocore")
    from tests.aws.ministack import MinistackMissingError, running

    try:
        with running() as address:
            _address = address
            yield address
    except MinistackMissingError as error:
        pytest.skip(str(error))


def _require(*modules: str) -> None:
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed")
