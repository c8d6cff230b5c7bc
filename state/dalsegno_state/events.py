"""What can happen to a workflow, as data: the input of the decider and of the evaluator queue."""

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from dalsegno.models import JsonObject, TaskStatus, WorkflowStatus
from dalsegno_state.versions import known


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Look at one task, or at the beginning, and see that what follows from it is there.

    Attributes:
        ref: Full reference name; None for the beginning of the workflow.
        start: Where a wide fork's expansion goes on.
    """

    ref: str | None = None
    start: int = 0
    kind: Literal["look"] = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A worker, a system task or an operator reported on an attempt."""

    ref: str
    task_id: str
    status: TaskStatus
    output: JsonObject = field(default_factory=dict)
    reason: str | None = None
    callback_after_seconds: int = 0
    worker_id: str | None = None
    external_output_path: str | None = None
    kind: Literal["reported"] = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseExtended:
    """The worker of an attempt is still at it."""

    ref: str
    task_id: str
    kind: Literal["lease_extended"] = "lease_extended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Everybody has arrived at a JOIN.

    Attributes:
        flagged: Positions in ``joinOn`` of those that did not end in plain success.
    """

    ref: str
    flagged: tuple[int, ...] = ()
    kind: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """The workflow that a SUB_WORKFLOW or START_WORKFLOW task asks for exists."""

    ref: str
    task_id: str
    child_id: str
    child_version: int | None = None
    kind: Literal["launched"] = "launched"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnded:
    """The workflow that a SUB_WORKFLOW task started has ended."""

    ref: str
    task_id: str
    child_id: str
    child_name: str
    child_version: int
    status: WorkflowStatus
    output: JsonObject
    reason: str | None
    kind: Literal["child_ended"] = "child_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildNews:
    """A child workflow has ended: read it and go on as ``ChildEnded``."""

    task_id: str
    child_id: str
    kind: Literal["child_news"] = "child_news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate:
    """End the workflow from outside."""

    reason: str | None = None
    kind: Literal["terminate"] = "terminate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The workflow has ended: cancel what is open and tell whom it concerns.

    Attributes:
        left_open: Something may be open; a workflow that ran to its end has nothing to cancel.
    """

    left_open: bool = True
    kind: Literal["close"] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Everything that the end of the workflow calls for is done."""

    failure_workflow_id: str | None = None
    kind: Literal["closed"] = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell what is noted on a task whose status changed outside a decision."""

    ref: str
    kind: Literal["tell"] = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The events of these notes have been sent.

    Attributes:
        ref: Of the task they are on; None for those of the workflow.
    """

    ref: str | None = None
    notes: tuple[str, ...]
    kind: Literal["published"] = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Time has passed: look at everything."""

    kind: Literal["wake"] = "wake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """The time for which the ended workflow was to be kept may be over."""

    kind: Literal["expire"] = "expire"


Event = (
    Look
    | Reported
    | LeaseExtended
    | Joined
    | Launched
    | ChildEnded
    | ChildNews
    | Terminate
    | Close
    | Closed
    | Tell
    | Published
    | Wake
    | Expire
)


Hint = Look | ChildNews | Terminate | Wake | Expire
"""What may come as a message: it says where to look, and is never believed without looking.

So a forged message does no more than a needless one, and a ``Terminate`` ends only a workflow
whose parent has ended it.
"""

_EXACT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Body of one message on the evaluator queue."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    workflow_id: str
    event: Annotated[Hint, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDue:
    """The other body of a message on the evaluator queue: a schedule comes to a time of its.

    Attributes:
        at: The time, in epoch milliseconds; the message is stale once the schedule is past it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    schedule_name: str
    at: int


def encode_evaluation(workflow_id: str, event: Hint) -> str:
    """Return the message body that asks for an event to be evaluated."""
    return _body().dump_json(Evaluation(workflow_id=workflow_id, event=event)).decode()


def encode_schedule_due(due: ScheduleDue) -> str:
    """Return the message body that asks for a schedule to be looked at."""
    return _body().dump_json(due).decode()


def decode_message(body: str) -> Evaluation | ScheduleDue:
    """Return what a message of the evaluator queue asks for.

    Raises:
        NewerVersionError: It is none that this version knows.
    """
    with known("a message of the evaluator queue"):
        return _body().validate_json(body)


@cache
def _body() -> TypeAdapter[Evaluation | ScheduleDue]:
    """Return what reads and writes bodies, made when first needed: it is slow to make."""
    return TypeAdapter(Evaluation | ScheduleDue)
