"""What messages look like that are not simply what was sent: encoded ones, and timers."""

import base64
import json
from typing import Final

ENCODED: Final = "base64:"
TIMER: Final = "timer:"


def decoded(received: str) -> str:
    """Return the body that was sent, of a message as SQS hands it out.

    That of a timer, which a schedule brings ahead of its time, is the one it is to bring.
    """
    if received.startswith(TIMER):
        _, body, _, _ = json.loads(received.removeprefix(TIMER))
        return str(body)
    if received.startswith(ENCODED):
        encoded = received.removeprefix(ENCODED)
        return base64.b64decode(encoded).decode(errors="surrogatepass")
    return received
