"""Time that tests move, for the emulators of SQS: what would be waited for has come at once.

As a program, run by the emulator's interpreter: the emulator, whose SQS goes by that time.
"""

import os
import struct
import sys
import time
from typing import Final

_SECONDS: Final = struct.Struct("d")


class MovedTime:
    """The machine's time, moved forward by as much as an open file says.

    Args:
        file: Its descriptor, which processes may share.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    def time(self) -> float:
        """Return the seconds since the epoch, as ``time.time`` does."""
        return time.time() + self._moved()

    def advance(self, seconds: float) -> None:
        """Move the time forward, in every process that goes by it."""
        os.pwrite(self._file, _SECONDS.pack(self._moved() + seconds), 0)

    def _moved(self) -> float:
        written = os.pread(self._file, _SECONDS.size, 0)
        return float(_SECONDS.unpack(written)[0]) if written else 0.0


def _main(file: int) -> None:
    from ministack import app  # type: ignore[import-not-found]
    from ministack.services import sqs  # type: ignore[import-not-found]

    sqs.time = MovedTime(file)  # all that it takes from that module is its ``time()``
    app.main()


if __name__ == "__main__":
    _main(int(sys.argv.pop()))
