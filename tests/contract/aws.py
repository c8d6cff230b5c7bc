"""How the contract suite opens the AWS adapters: on moto in this process, on ministack over HTTP.

Nothing of AWS is imported before a test needs it: without boto3 those tests are skipped.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from dalsegno.models import EpochMillis
from dalsegno_state.ports import Clock, Ports
from tests.aws.ministack import MOVED_TIME

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


class MovedClock:
    """See ``Clock``; the machine's time, moved, for the emulators' SQS as well."""

    def now(self) -> EpochMillis:
        """See ``Clock.now``."""
        return int(MOVED_TIME.time() * 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        MOVED_TIME.advance(seconds + _TICK_SECONDS)


@contextmanager
def open_on_moto(place: Path, clock: Clock) -> Iterator[Ports]:
    """Give the adapters on moto; handles that are open at the same time share its state."""
    _require("botocore", "moto")
    from moto import mock_aws

    from tests.aws.deployment import deployed

    moved = {"unix_time": MOVED_TIME.time, "unix_time_millis": lambda: MOVED_TIME.time() * 1000}
    with (
        mock_aws(),
        patch.multiple("moto.sqs.models", **moved),
        deployed(str(place), clock, None) as ports,
    ):
        yield ports


@contextmanager
def open_on_ministack(place: Path, clock: Clock, address: str) -> Iterator[Ports]:
    """Give the adapters on the emulator, which answers at an address."""
    from tests.aws.deployment import deployed

    with suppress(ImportError):
        # It answers only clients that are made after its import, and these may be the first.
        import moto.core.models  # noqa: F401
    with deployed(str(place), clock, address) as ports:
        yield ports


def _require(*modules: str) -> None:
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed")
