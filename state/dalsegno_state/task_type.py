"""What a task type has to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from dalsegno.models import JsonObject
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import Membership, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What a fork gives the first task of a dynamic branch, or the JOIN behind it.

    Attributes:
        node: The branch's WorkflowTask as JSON.
        inputs: Laid over the task's evaluated input parameters.
        whole_input: Taken instead of the task's evaluated input parameters, and all else.
        membership: Where the branch arrives when it ends.
        join_on: What the JOIN waits for, as full references.
    """

    node: JsonObject | None = None
    inputs: JsonObject = field(default_factory=dict)
    whole_input: JsonObject | None = None
    membership: Membership | None = None
    join_on: Sequence[str] | None = None


class TaskType(Protocol):
    """How tasks of one type come into being, stay alive and end.

    Attributes:
        type: Conductor's name of the type, as tasks show it at run time.
        is_instant: Whoever meets a finished one follows it, as nobody will report it.
    """

    type: ClassVar[str]
    is_instant: ClassVar[bool]

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """Create the task, which does not exist yet, and start what it waits for."""
        ...

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See that what an open task waits for is under way; end it if it is over."""
        ...

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """Bring about what comes after a task that ended well."""
        ...
