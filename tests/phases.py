"""How long the parts of a long test take, in its captured output."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Write how long the context lasted, whether it ends well or not."""
    began = time.monotonic()
    try:
        yield
    finally:
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {part}\n")
