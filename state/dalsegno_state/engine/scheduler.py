"""Running schedules: each time of each starts one workflow, however often it is come to."""

import zlib
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from dalsegno.errors import ConductorError, UnavailableError
from dalsegno.models import (
    EpochMillis,
    ScheduleExecutionState,
    StartWorkflowRequest,
    WorkflowScheduleExecution,
)
from dalsegno_state.draft import size_bytes
from dalsegno_state.events import ScheduleDue, encode_schedule_due
from dalsegno_state.ids import EVALUATOR_QUEUE
from dalsegno_state.ports import Message, Ports
from dalsegno_state.schedule import Run, StoredSchedule, after_run, time_to_run

SCHEDULE_KIND: Final = "schedule"
EXECUTION_KIND: Final = "schedule_execution"
KEPT_EXECUTIONS: Final = 100
"""How many executions of a schedule are remembered."""

Start: TypeAlias = Callable[[StartWorkflowRequest, str], str]
"""Starts a workflow under an id, unless it is taken; returns the id of what runs."""

_STATE_KIND: Final = "scheduler"
_PAUSED: Final = "paused"
# A little more than until the next sweep: two messages do no harm, none would cost a minute.
_AHEAD_MS: Final = 65_000
_KEPT_MS: Final = 30 * 86_400_000
_RUNS_AT_ONCE: Final = 10
_CROWD: Final = 20
_SPREAD_MS: Final = 1000
_LONGEST_REASON: Final = 999
_LARGEST_KEPT_REQUEST_BYTES: Final = 4096


class Scheduler:
    """Carries schedules on from time to time.

    A run is: start the workflow, under an id that follows from schedule, expression and time;
    remember what became of it; move the schedule on, unless somebody else did. Whoever comes to
    the same time before that does the same again, and nothing comes of it.
    """

    def __init__(self, ports: Ports, start: Start) -> None:
        self._ports = ports
        self._start = start

    def announce(self) -> list[str]:
        """Send a message for every schedule that is due before the next sweep; return their names.

        It comes when the schedule does. Where many come at the same time they are spread over a
        second, each always by as much.
        """
        if self.is_paused():
            return []
        coming = self._coming(self._ports.clock.now() + _AHEAD_MS)
        crowds = Counter(due.at for due in coming)
        self._ports.queues.send([_message(due, spread=crowds[due.at] > _CROWD) for due in coming])
        return [due.schedule_name for due in coming]

    def announce_soon(self, state: StoredSchedule) -> None:
        """Send the message of a schedule that the next sweep might be too late for."""
        at = state.next_time
        if at is not None and at <= self._ports.clock.now() + _AHEAD_MS:
            due = ScheduleDue(schedule_name=state.schedule.name, at=at)
            self._ports.queues.send([_message(due, spread=False)])

    def run(self, due: ScheduleDue) -> None:
        """Run what a schedule has due; the message may be deleted once this returns.

        One that comes late, when the schedule has moved on, changes nothing: whoever moved it on
        has sent the next.
        """
        if self.is_paused():
            return
        state = self._run_first(due.schedule_name, due.at)
        for _ in range(_RUNS_AT_ONCE - 1):
            if state is None or state.first_due(self._ports.clock.now()) is None:
                break
            state = self._run_first(due.schedule_name, state.next_time)
        if state is not None:
            self.announce_soon(state)

    def pause(self) -> None:
        """Let no schedule start anything until they are resumed."""
        self._ports.documents.put(_STATE_KIND, _PAUSED, {})

    def resume(self) -> None:
        """Let schedules go on."""
        self._ports.documents.delete(_STATE_KIND, _PAUSED)
        self.announce()

    def is_paused(self) -> bool:
        """Return whether all schedules are paused."""
        return self._ports.documents.get(_STATE_KIND, _PAUSED) is not None

    def _coming(self, until: EpochMillis) -> list[ScheduleDue]:
        """Return the schedules that are due by then."""
        coming = []
        for document in self._ports.documents.documents(SCHEDULE_KIND):
            at = StoredSchedule.model_validate(document.body).next_time
            if at is not None and at <= until:
                coming.append(ScheduleDue(schedule_name=document.name, at=at))
        return coming

    def _run_first(self, name: str, at: EpochMillis | None) -> StoredSchedule | None:
        """Run the first time that is due; return the schedule as it then is.

        None is returned if it is not at that time any more, or somebody else moved it on. Before
        its time it is returned as it is.
        """
        document = self._ports.documents.get(SCHEDULE_KIND, name)
        if document is None:
            return None
        state = StoredSchedule.model_validate(document.body)
        if state.next_time != at:
            return None
        now = self._ports.clock.now()
        due = state.first_due(now)
        if due is None:
            return state
        index, since = due
        entry = state.entries[index]
        run = Run(
            schedule=state.schedule,
            entry=entry,
            time=time_to_run(entry, since, state.schedule, now),
        )
        self._remember(state, self._carry_out(run, now), now)
        moved_on = after_run(state, index, run.time, now)
        is_ours = self._ports.documents.replace(document, moved_on.to_wire())
        return moved_on if is_ours else None

    def _carry_out(self, run: Run, now: EpochMillis) -> WorkflowScheduleExecution:
        """Start the workflow of a run; return what became of it."""
        request = run.schedule.start_workflow_request
        execution = WorkflowScheduleExecution(
            execution_id=run.execution_id,
            schedule_name=run.schedule.name,
            scheduled_time=run.time,
            execution_time=now,
            workflow_name=request.name,
            workflow_id=run.workflow_id,
            start_workflow_request=request if _is_small(request) else None,
            state=ScheduleExecutionState.EXECUTED,
            zone_id=run.entry.zone_id,
        )
        try:
            started = self._start(run.request(now), run.workflow_id)
        except UnavailableError:
            raise  # nobody's fault: another try may succeed
        except ConductorError as error:
            # What is there was started by a try before this one, which died.
            if self._ports.state.workflow(run.workflow_id) is not None:
                return execution
            return execution.model_copy(
                update={
                    "workflow_id": None,
                    "state": ScheduleExecutionState.FAILED,
                    "reason": str(error)[:_LONGEST_REASON],
                }
            )
        return execution.model_copy(update={"workflow_id": started})

    def _remember(
        self, state: StoredSchedule, execution: WorkflowScheduleExecution, now: EpochMillis
    ) -> None:
        """Keep an execution in place of the one that is so many runs older."""
        name = f"{state.schedule.name}:{state.runs % KEPT_EXECUTIONS:03d}"
        self._ports.documents.put(
            EXECUTION_KIND, name, execution.to_wire(), expires_at=now + _KEPT_MS
        )


def _message(due: ScheduleDue, *, spread: bool) -> Message:
    """Return the message that comes when a schedule is due, or within the second behind that."""
    late_ms = zlib.crc32(due.schedule_name.encode()) % _SPREAD_MS if spread else 0
    return Message(
        queue=EVALUATOR_QUEUE, body=encode_schedule_due(due), deliver_at=due.at + late_ms
    )


def _is_small(request: StartWorkflowRequest) -> bool:
    return size_bytes(request.to_wire()) <= _LARGEST_KEPT_REQUEST_BYTES
