"""What a worker function raises to say what is to become of its task."""


class Retry(Exception):
    """The task cannot be done now.

    With ``after_seconds``, this same attempt comes back then: it spends no retry of the task's
    definition, and ``TaskContext.deliveries`` counts how often it came. Without, the attempt has
    failed, and the definition says whether and when there is another.

    Args:
        reason: Why; shown with the task.
        after_seconds: From when on the task may be handed out again, to any worker.
    """

    def __init__(self, reason: str = "", *, after_seconds: float | None = None) -> None:
        super().__init__(reason or "the worker asks for another try")
        if after_seconds is not None and after_seconds < 0:
            raise ValueError(f"after_seconds is {after_seconds}; it must not be negative")
        self.after_seconds = after_seconds


class Fail(Exception):
    """The attempt has failed.

    Args:
        reason: Why; shown with the task.
        terminal: Whether trying again is no use; if not, the task's definition says whether and
            when there is another attempt.
    """

    def __init__(self, reason: str, *, terminal: bool = False) -> None:
        super().__init__(reason)
        self.terminal = terminal


class TaskCancelled(Exception):
    """The task is not open any more: its workflow has ended, or it has timed out."""


class SignatureError(TypeError):
    """A function cannot be a worker as it is written; the message names its file and line."""
