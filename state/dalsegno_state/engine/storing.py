"""Carrying out a transition: large payloads aside, then writes, arrivals, messages."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from pydantic_core import from_json, to_json

from dalsegno.models import TaskStatus
from dalsegno_state.events import Event, Joined
from dalsegno_state.execution import Payload, TaskState, WorkflowState
from dalsegno_state.expressions import SECRETS_PREFIX, secret_places
from dalsegno_state.plan import Plan
from dalsegno_state.ports import NotJsonError, Ports
from dalsegno_state.transition import (
    JoinArrival,
    Transition,
    shard_arrival,
    shard_size,
)
from dalsegno_state.writes import (
    Arrival,
    Arrivals,
    CreateTask,
    FreezeAttempt,
    Lost,
    ReplaceTask,
    UpdateWorkflow,
    Write,
)


class Writer:
    """Carries out transitions; whatever is cut short is simply carried out again.

    Args:
        inline_bytes: Payloads longer than this are kept beside the items.
    """

    def __init__(self, ports: Ports, *, inline_bytes: int) -> None:
        self._ports = ports
        self._inline_bytes = inline_bytes

    def write(self, transition: Transition, plan: Plan) -> Lost | None:
        """Store the writes; return the one that lost its condition, if one did."""
        if not transition.writes:
            return None
        writes = [self._slim(write) for write in transition.writes]
        lost = self._ports.state.commit(writes)
        if lost is None:
            self._release_slots(writes, plan)
        return lost

    def slim_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """Return a workflow whose large payloads are kept beside it."""
        return replace(
            workflow,
            input=self._kept(workflow.workflow_id, workflow.input),
            output=self._kept(workflow.workflow_id, workflow.output),
        )

    def arrive(self, workflow_id: str, arrivals: Iterable[JoinArrival]) -> Iterator[Event]:
        """Let tasks arrive at their JOINs; yield a ``Joined`` for each that is full."""
        by_join = sorted(arrivals, key=lambda arrival: arrival.join_ref)
        for join_ref, group in groupby(by_join, key=lambda arrival: arrival.join_ref):
            members = list(group)
            if self._arrive_at(workflow_id, members):
                joined = self.joined(workflow_id, join_ref, members[0].size)
                if joined is not None:
                    yield joined

    def joined(self, workflow_id: str, join_ref: str, size: int) -> Joined | None:
        """Return the event that a JOIN is full, or None while it is not."""
        root = self._ports.state.arrivals(workflow_id, join_ref, "")
        if len(root.members) < shard_size("", size):
            return None
        flagged = root.flagged
        if shard_size("", size) != size:
            flagged = frozenset(
                self._flagged_in_shards(workflow_id, join_ref, sorted(root.flagged))
            )
        return Joined(ref=join_ref, flagged=tuple(sorted(flagged)))

    def _flagged_in_shards(
        self, workflow_id: str, join_ref: str, shards: Iterable[int]
    ) -> Iterator[int]:
        for shard in shards:
            inside = self._ports.state.arrivals(workflow_id, join_ref, str(shard))
            yield from (shard * 100 + member for member in inside.flagged)

    def _arrive_at(self, workflow_id: str, members: list[JoinArrival]) -> bool:
        """Add members of one JOIN; return whether it may be full now."""
        size = members[0].size
        steps = [shard_arrival(workflow_id, member) for member in members]
        may_be_full = False
        for shard, group in groupby(
            sorted(steps, key=lambda step: step.shard), key=lambda step: step.shard
        ):
            inside = self._add(list(group))
            if len(inside.members) < shard_size(shard, size):
                continue
            may_be_full = True
            if shard != "":
                self._ports.state.arrive(
                    Arrival(workflow_id, members[0].join_ref, "", int(shard), bool(inside.flagged))
                )
        return may_be_full

    def _add(self, steps: list[Arrival]) -> Arrivals:
        """Add members to one shard; several at once are read first, as most have arrived."""
        known = Arrivals()
        if len(steps) > 1:
            known = self._ports.state.arrivals(
                steps[0].workflow_id, steps[0].join_ref, steps[0].shard
            )
        for step in steps:
            is_known = step.member in known.members
            if not is_known or (step.flagged and step.member not in known.flagged):
                known = self._ports.state.arrive(step)
        return known

    def _slim(self, write: Write) -> Write:
        match write:
            case CreateTask() | ReplaceTask() | FreezeAttempt():
                return replace(write, task=self._slim_task(write.task))
            case UpdateWorkflow():
                return replace(write, workflow=self.slim_workflow(write.workflow))
            case _:
                return write

    def _slim_task(self, task: TaskState) -> TaskState:
        inputs = self._kept(task.workflow_id, task.input)
        output = self._kept(task.workflow_id, task.output)
        if inputs is task.input and output is task.output:
            return task
        return replace(task, input=inputs, output=output)

    def _kept(self, workflow_id: str, payload: Payload) -> Payload:
        if not isinstance(payload, dict) or not payload:
            return payload
        body = to_json(payload)
        if len(body) <= self._inline_bytes:
            return payload
        _check_numbers(body)
        kept = self._ports.payloads.put(workflow_id, body)
        if SECRETS_PREFIX.encode() not in body:
            return kept
        return replace(kept, secrets=secret_places(payload))

    def _release_slots(self, writes: Iterable[Write], plan: Plan) -> None:
        """Give back the slots of attempts that no worker holds any more."""
        for write in writes:
            if isinstance(write, ReplaceTask):
                left_hands = write.task.status is not TaskStatus.IN_PROGRESS
                if left_hands and _may_hold_slot(write.task, plan):
                    self._ports.limits.release_slot(write.task.name, write.replaces_task_id)


def _check_numbers(body: bytes) -> None:
    """Refuse what ``to_json`` writes and JSON does not know, as the stores do with small values."""
    if b"NaN" in body or b"Infinity" in body:
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise NotJsonError("a number is too large for JSON, or is none") from error


def _may_hold_slot(task: TaskState, plan: Plan) -> bool:
    """Return whether a task may have been handed out under a limit, as far as it and plan tell."""
    node = plan.nodes.get(task.base_ref)
    if task.node is None and node is not None:
        task_def = node.task.task_definition
        if task_def is None:
            return node.task.type == "DYNAMIC"  # ruled by what is registered
        return (task_def.concurrent_exec_limit or 0) > 0
    embedded = (task.node or {}).get("taskDefinition")
    limit = embedded.get("concurrentExecLimit") if isinstance(embedded, dict) else None
    return isinstance(limit, int) and limit > 0
