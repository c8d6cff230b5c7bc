"""The closed sets of words on the wire."""

from enum import StrEnum


class WorkflowStatus(StrEnum):
    """Life of one workflow execution."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    TERMINATED = "TERMINATED"
    PAUSED = "PAUSED"

    @property
    def is_terminal(self) -> bool:
        """True once the execution has ended, unless an operator reopens it."""
        return self not in {WorkflowStatus.RUNNING, WorkflowStatus.PAUSED}

    @property
    def is_successful(self) -> bool:
        """True for COMPLETED, and for PAUSED as Conductor has it."""
        return self in {WorkflowStatus.COMPLETED, WorkflowStatus.PAUSED}


class TaskStatus(StrEnum):
    """Life of one task attempt."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    FAILED_WITH_TERMINAL_ERROR = "FAILED_WITH_TERMINAL_ERROR"
    CANCELED = "CANCELED"

    @property
    def is_terminal(self) -> bool:
        """True once the attempt has ended."""
        return self not in {TaskStatus.SCHEDULED, TaskStatus.IN_PROGRESS}

    @property
    def is_successful(self) -> bool:
        """True unless the attempt ended badly; open attempts count as successful."""
        return self not in {
            TaskStatus.FAILED,
            TaskStatus.TIMED_OUT,
            TaskStatus.FAILED_WITH_TERMINAL_ERROR,
            TaskStatus.CANCELED,
        }

    @property
    def is_retriable(self) -> bool:
        """True if another attempt may follow one with this status."""
        return self not in {
            TaskStatus.SKIPPED,
            TaskStatus.FAILED_WITH_TERMINAL_ERROR,
            TaskStatus.CANCELED,
        }


class TaskResultStatus(StrEnum):
    """What a worker may report of its attempt; each value is also a ``TaskStatus``."""

    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
    FAILED_WITH_TERMINAL_ERROR = "FAILED_WITH_TERMINAL_ERROR"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


class RetryLogic(StrEnum):
    """How the delay grows from attempt to attempt."""

    FIXED = "FIXED"
    EXPONENTIAL_BACKOFF = "EXPONENTIAL_BACKOFF"
    LINEAR_BACKOFF = "LINEAR_BACKOFF"


class TimeoutPolicy(StrEnum):
    """What a task's timeout causes."""

    RETRY = "RETRY"
    TIME_OUT_WF = "TIME_OUT_WF"
    ALERT_ONLY = "ALERT_ONLY"


class WorkflowTimeoutPolicy(StrEnum):
    """What a workflow's timeout causes."""

    TIME_OUT_WF = "TIME_OUT_WF"
    ALERT_ONLY = "ALERT_ONLY"


class IdempotencyStrategy(StrEnum):
    """What a start does when its idempotency key is known already."""

    FAIL = "FAIL"
    RETURN_EXISTING = "RETURN_EXISTING"
    FAIL_ON_RUNNING = "FAIL_ON_RUNNING"


class JoinMode(StrEnum):
    """Whether Conductor's JOIN is polled at once (SYNC) or with back-off (ASYNC)."""

    SYNC = "SYNC"
    ASYNC = "ASYNC"


class RateLimitPolicy(StrEnum):
    """What happens to a start above the workflow's rate limit."""

    QUEUE = "QUEUE"
    REJECT = "REJECT"


class SchemaType(StrEnum):
    """Language a schema is written in."""

    JSON = "JSON"
    AVRO = "AVRO"
    PROTOBUF = "PROTOBUF"


class ReturnStrategy(StrEnum):
    """Which object a synchronous start or signal answers with."""

    TARGET_WORKFLOW = "TARGET_WORKFLOW"
    BLOCKING_WORKFLOW = "BLOCKING_WORKFLOW"
    BLOCKING_TASK = "BLOCKING_TASK"
    BLOCKING_TASK_INPUT = "BLOCKING_TASK_INPUT"
