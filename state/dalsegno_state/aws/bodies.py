"""Message bodies as SQS takes them: never empty, and of the characters that XML knows."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Final

from dalsegno.queue_bodies import ENCODED, TIMER, decoded
from dalsegno_state.ports import Message
from dalsegno_state.versions import known

_ALLOWED: Final = re.compile(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Timer:
    """A message that a schedule brings ahead of its time, to be sent on with what is left."""

    message: Message


def encode_body(body: str) -> str:
    """Return a body as SQS takes it, in most cases itself."""
    if _ALLOWED.fullmatch(body) and not body.startswith((ENCODED, TIMER)):
        return body
    return ENCODED + base64.b64encode(body.encode(errors="surrogatepass")).decode()


def decode_body(received: str) -> str | Timer:
    """Return the body that was sent, or the timer that a schedule sent.

    Raises:
        NewerVersionError: It is a timer that this version does not know.
    """
    if received.startswith(TIMER):
        with known("a timer"):
            queue, body, deliver_at, priority = json.loads(received.removeprefix(TIMER))
        return Timer(Message(queue=queue, body=body, deliver_at=deliver_at, priority=priority))
    return decoded(received)


def encode_timer(message: Message) -> str:
    """Return what a schedule sends in place of a message."""
    return TIMER + json.dumps(
        (message.queue, message.body, message.deliver_at, message.priority), separators=(",", ":")
    )
