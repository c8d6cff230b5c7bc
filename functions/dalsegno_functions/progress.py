"""Progress of executions, by which endless chains of messages are told from long ones."""

from collections.abc import Sequence

from dalsegno_state.execution import WorkflowState
from dalsegno_state.hops import note_progress
from dalsegno_state.writes import PullWake, SetWake, Write


class Progress:
    """``Observer`` that notes every change but of wakes, which move each time one looks."""

    def created(self, workflow: WorkflowState) -> None:
        """See ``Observer.created``."""
        note_progress()

    def written(self, writes: Sequence[Write]) -> None:
        """See ``Observer.written``."""
        if any(not isinstance(write, PullWake | SetWake) for write in writes):
            note_progress()

    def changed(self) -> None:
        """See ``Observer.changed``."""
        note_progress()
