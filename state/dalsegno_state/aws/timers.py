"""One-time EventBridge schedules, for what SQS cannot delay long enough."""

import hashlib
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import ClientError

from dalsegno.models import EpochMillis
from dalsegno_state.aws.bodies import encode_timer
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated
from dalsegno_state.aws.settings import AwsSettings
from dalsegno_state.ports import Message

# A schedule fires within the minute after its time; the rest is waited for in SQS, to the second.
_EARLY_MS: Final = 120_000
# Longer waits are taken in stages; how far ahead a schedule may lie is not documented.
_LONGEST_MS: Final = 365 * 86_400_000


class Timers:
    """Schedules messages; each schedule sends once to the evaluator queue and is gone.

    What it sends is the message with its time, which whoever receives it sends on.
    """

    def __init__(self, clients: Clients, settings: AwsSettings) -> None:
        self._clients = clients
        self._settings = settings

    def schedule(self, message: Message, deliver_at: EpochMillis, now: EpochMillis) -> None:
        """Have a message sent at a time; the same message at the same time is scheduled once."""
        at = min(deliver_at - _EARLY_MS, now + _LONGEST_MS)
        with translated("scheduling a timer"):
            try:
                self._clients.scheduler.create_schedule(
                    Name=_name(message),
                    GroupName=self._settings.schedule_group,
                    ScheduleExpression=f"at({_wall_time(at)})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={
                        "Arn": self._settings.evaluator_queue_arn,
                        "RoleArn": self._settings.schedule_role_arn,
                        "Input": encode_timer(message),
                    },
                )
            except ClientError as error:
                if code_of(error) != "ConflictException":  # it exists: somebody was here before
                    raise


def _name(message: Message) -> str:
    text = "\0".join((message.queue, message.body, str(message.deliver_at)))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:48]


def _wall_time(at: EpochMillis) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
