"""How much one answer may hold: what a Lambda function can send, however its text is encoded.

A function sends at most 6,291,556 bytes. As base64, which no quotes make longer, these are
4.7 MB of content. The bound is the same on a local server, so that what works there works on AWS.
"""

from typing import Final

MAX_BYTES: Final = 4_500_000
# Whatever comes next would hardly fit.
ENOUGH_BYTES: Final = 4_000_000


def too_large(size_bytes: int) -> str:
    """Return what is wrong with an answer of that size."""
    return f"{size_bytes} bytes as JSON are more than the {MAX_BYTES} that fit into one answer"
