"""Ended executions: archived if wanted, kept for a time, then removed with all they had."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from dalsegno.models import EpochMillis, Workflow
from dalsegno_state.engine.files import Files
from dalsegno_state.events import Expire, encode_evaluation
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ids import EVALUATOR_QUEUE
from dalsegno_state.ports import Message, Ports
from dalsegno_state.writes import UpdateWorkflow

# Of a second or so: it must fit into the time of a function whatever else is in its batch.
_ITEMS_AT_ONCE: Final = 1_000
_DAY_MS: Final = 86_400_000
_LONGEST_SEGMENT: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What becomes of ended executions.

    Attributes:
        days: How long they are kept from their end; None for ever.
        archive: Whether they are written to the archive before they are removed.
    """

    days: int | None = None
    archive: bool = False


class Removal:
    """Removes executions, in steps that may be repeated.

    Args:
        whole: Returns an execution with all its payloads, as the archive keeps it.
        let_go: Gives back what an execution holds that outlives its items.
    """

    def __init__(
        self,
        ports: Ports,
        retention: Retention,
        whole: Callable[[str], Workflow],
        let_go: Callable[[WorkflowState], None],
    ) -> None:
        self._ports = ports
        self._retention = retention
        self._whole = whole
        self._let_go = let_go

    def expired(self, limit: int) -> list[str]:
        """Return ids of executions whose time may be over, the first at most."""
        until = self._expired_before()
        return [] if until is None else self._ports.state.ended(until, limit)

    def expire(self, workflow_id: str) -> None:
        """Remove an execution if its time is over, or the next part of it.

        It is marked first, by a write that loses against whoever sets it going again; after that
        nobody can. A mark is as durable as what it marks, so whoever dies over this, or leaves a
        rest, is followed by the next sweep.
        """
        workflow = self._ports.state.workflow(workflow_id)
        until = self._expired_before()
        if workflow is None or until is None or not _is_over(workflow, until):
            return
        if not workflow.archived:
            self.archive(workflow)
            if not self._marked(workflow):
                return
        if not self._cleared(workflow):
            body = encode_evaluation(workflow_id, Expire())
            self._ports.queues.send([Message(queue=EVALUATOR_QUEUE, body=body)])

    def remove(self, workflow: WorkflowState) -> None:
        """Remove an execution now, whatever its state."""
        while not self._cleared(workflow):
            pass

    def archive(self, workflow: WorkflowState) -> None:
        """Write an ended execution to the archive, if there is to be one."""
        if self._retention.archive:
            body = self._whole(workflow.workflow_id).to_wire_json()
            self._ports.archive.put(archive_name(workflow), body)

    def _expired_before(self) -> EpochMillis | None:
        if self._retention.days is None:
            return None
        return self._ports.clock.now() - self._retention.days * _DAY_MS

    def _marked(self, workflow: WorkflowState) -> bool:
        marked = replace(
            workflow,
            archived=True,
            revision=workflow.revision + 1,
            updated_at=self._ports.clock.now(),
        )
        return self._ports.state.commit([UpdateWorkflow(marked, workflow.revision)]) is None

    def _cleared(self, workflow: WorkflowState) -> bool:
        """Forget a part of an execution; return whether that was the last one.

        The workflow item goes last: as long as it is there, the rest can be found.
        """
        workflow_id = workflow.workflow_id
        for path in self._uploads(workflow):
            self._ports.external.remove(path)
        Files(self._ports).remove_all(workflow_id)
        if not self._ports.state.clear(workflow_id, _ITEMS_AT_ONCE):
            return False
        self._ports.payloads.remove(workflow_id)
        self._let_go(workflow)
        self._ports.state.remove(workflow_id)
        return True

    def _uploads(self, workflow: WorkflowState) -> set[str]:
        state = self._ports.state
        paths = {workflow.external_input_path}
        for tasks in (state.all_tasks(workflow.workflow_id), state.attempts(workflow.workflow_id)):
            paths.update(task.external_output_path for task in tasks)
        return {path for path in paths if path is not None}


def archive_name(workflow: WorkflowState) -> str:
    """Return ``<name>/<year>/<month>/<day>/<workflow id>.json``, by the day of its end in UTC."""
    day = datetime.fromtimestamp(workflow.ended_at / 1000, tz=UTC)
    name, workflow_id = _segment(workflow.name), _segment(workflow.workflow_id)
    return f"{name}/{day:%Y/%m/%d}/{workflow_id}.json"


def _is_over(workflow: WorkflowState, until: EpochMillis) -> bool:
    if not workflow.status.is_terminal or workflow.closing or workflow.operation is not None:
        return False
    return workflow.ended_at <= until


def _segment(text: str) -> str:
    """Return a text as one part of a path that means nothing else to anybody."""
    segment = quote(text, safe="", errors="surrogatepass")
    if len(segment) > _LONGEST_SEGMENT:
        digest = sha256(text.encode(errors="surrogatepass")).hexdigest()
        return f"{segment[:64]}~{digest[:32]}"
    return segment.replace(".", "%2E") if set(segment) <= {"."} else segment
