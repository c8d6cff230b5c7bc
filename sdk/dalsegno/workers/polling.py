"""How eagerly a worker asks for tasks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Polling:
    """Long polls, and pauses between those that bring nothing.

    A server that costs nothing while it waits is best asked with long polls and no pauses. On AWS
    a poll is billed for its waiting: short ones and a pause of a few seconds are cheaper by far,
    and new work waits for the pause at most.

    Attributes:
        wait_seconds: How long the server may wait for the first task; HTTP allows 5, SQS 20, and
            more is cut to that.
        pause_seconds: The longest pause after an empty poll; it grows from a sixteenth of it while
            nothing comes.
    """

    wait_seconds: float = 5.0
    pause_seconds: float = 0.0

    def pause_after(self, empty_polls: int) -> float:
        """Return the seconds to wait after so many polls in a row that brought nothing."""
        return float(min(self.pause_seconds, self.pause_seconds * 2 ** min(empty_polls, 9) / 32))
