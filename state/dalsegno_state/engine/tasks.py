"""Tasks as workers see them: polled, worked on, reported."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import inf
from time import monotonic
from typing import Final

from dalsegno.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)
from dalsegno.models import (
    JsonObject,
    JsonValue,
    PollData,
    Task,
    TaskExecLog,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
)
from dalsegno_state import ids
from dalsegno_state.engine.answer_size import ENOUGH_BYTES, MAX_BYTES, too_large
from dalsegno_state.engine.claiming import (
    Asked,
    Claim,
    Claimed,
    Claims,
    Foreign,
    NotYet,
    definition_of,
)
from dalsegno_state.engine.external import ExternalStorage
from dalsegno_state.engine.queries import Queries
from dalsegno_state.engine.revealed_secrets import RevealedSecrets, RevealLimitError
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import LeaseExtended, Reported
from dalsegno_state.execution import TaskState
from dalsegno_state.flow import ENDED_BY_CONTENTS
from dalsegno_state.ports import STAYS, Caller, Ports, QueueSize, Received
from dalsegno_state.redaction import Redactor
from dalsegno_state.reserved_names import poll_fault
from dalsegno_state.versions import NewerVersionError
from dalsegno_state.view import View
from dalsegno_state.worker_queue import queue_name

logger = logging.getLogger(__name__)

# A message in hand must be claimed by then, or another poll gets it.
_CLAIM_SECONDS: Final = 30
# How long a poll may go on past messages of tasks that are not to be done any more.
_PASS_OVER_SECONDS: Final = 5.0
# So many are looked at together once one was found to be stale: where one is, others are.
_PASS_OVER_COUNT: Final = 10
# So many messages are taken together: few have to be given back when a poll has enough.
_PORTION: Final = 10
# A poll stops claiming then: its answer must leave before its gateway gives up, after 29 s.
_CLAIMING_SECONDS: Final = 10.0
_MOST_LOGS: Final = 10
# When a task that this version cannot read is offered again, perhaps to one that can.
_LEFT_TO_NEWER_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class _HandedOut:
    """A task as its worker gets it.

    Attributes:
        size_bytes: Of its JSON.
    """

    task: Task
    size_bytes: int


@dataclass(slots=True)
class _Batch:
    """What a poll has brought so far.

    Attributes:
        count: How many tasks are wanted.
        tasks: In hand now.
        size_bytes: Of their JSON.
        until: No more is claimed then; in seconds of ``monotonic``.
        is_full: The next task did not fit into the answer.
        done: Receipts of messages that are to be deleted.
        is_stale: Every message of the last look was of a task that is not to be done any more.
    """

    count: int
    tasks: list[Task] = field(default_factory=list)
    size_bytes: int = 0
    until: float = inf
    is_full: bool = False
    done: list[str] = field(default_factory=list)
    is_stale: bool = True

    @property
    def has_enough(self) -> bool:
        """True once nothing more is to be claimed."""
        return (
            self.is_full
            or len(self.tasks) >= self.count
            or self.size_bytes >= ENOUGH_BYTES
            or monotonic() >= self.until
        )

    def has_room_for(self, handed_out: _HandedOut) -> bool:
        """Return whether one more task fits into the answer."""
        return self.size_bytes + handed_out.size_bytes <= MAX_BYTES

    def add(self, handed_out: _HandedOut) -> None:
        """Put one more task into the answer."""
        self.tasks.append(handed_out.task)
        self.size_bytes += handed_out.size_bytes


class Tasks:
    """What workers, and operators in their place, do with tasks."""

    def __init__(
        self,
        ports: Ports,
        queries: Queries,
        runner: Runner,
        claims: Claims,
        external: ExternalStorage,
    ) -> None:
        self._ports = ports
        self._queries = queries
        self._runner = runner
        self._claims = claims
        self._external = external

    def poll(
        self,
        task_type: str,
        *,
        worker_id: str | None,
        domain: str | None,
        count: int,
        wait_seconds: float,
        caller: Caller = STAYS,
    ) -> list[Task]:
        """Return up to ``count`` tasks, now in progress with this worker.

        Waits up to ``wait_seconds`` for the first. Messages of tasks that are not to be done any
        more are passed over. If the caller leaves, its tasks are given back. There are fewer if
        more would not fit into one answer, or would make it late; the others stay in the queue.

        Raises:
            InvalidRequestError: The type or the domain is one that no worker serves.
        """
        if (fault := poll_fault(task_type, domain)) is not None:
            raise InvalidRequestError(f"{fault}: workers cannot poll for it")
        self._note_poll(task_type, worker_id, domain)
        asked, began = Asked(task_type, domain), monotonic()
        queue, batch, at_once = queue_name(task_type, domain), _Batch(count), min(count, _PORTION)
        while True:
            left_seconds = max(0.0, wait_seconds - (monotonic() - began))
            received = self._received(queue, at_once, left_seconds, caller, batch)
            self._claim(queue, received, asked, worker_id, caller, batch)
            if batch.tasks:
                if batch.has_enough or caller.has_left or len(received) < at_once:
                    return batch.tasks
                at_once = min(count - len(batch.tasks), _PORTION)
                continue
            passed_seconds = monotonic() - began
            go_on_seconds = max(wait_seconds, _PASS_OVER_SECONDS if batch.is_stale else 0.0)
            if not received or caller.has_left or passed_seconds >= go_on_seconds:
                return []
            if batch.is_stale:
                at_once = max(at_once, _PASS_OVER_COUNT)

    def update(self, result: TaskResult) -> TaskState:
        """Take a worker's result; return the attempt as it stands then.

        A result for an attempt that has ended already changes nothing.

        Raises:
            NotFoundError: No such workflow or task.
            InvalidRequestError: Nothing is stored where it says that its output is.
        """
        address = ids.parse_task_id(result.task_id)
        if address is None or address.workflow_id != result.workflow_instance_id:
            self._queries.view(result.workflow_instance_id)  # a wrong id is the first thing to say
            raise NotFoundError(f"No such task found by id: {result.task_id}")
        if result.external_output_payload_storage_path and not result.extend_lease:
            result = self._with_output(address, result)
        result = self._redacted(address, result)
        known = self._report(address.ref, result)
        if known is None:
            raise NotFoundError(f"No such workflow found by id: {result.workflow_instance_id}")
        _refuse_container(known.tasks.get(address.ref), result.task_id)
        if result.logs and not result.extend_lease:
            lines = [
                line.model_copy(update={"task_id": result.task_id})
                for line in result.logs[:_MOST_LOGS]
            ]
            self._ports.logs.append(address.workflow_id, lines)
        task = known.tasks.get(address.ref)
        if task is not None and task.task_id == result.task_id:
            return task
        try:
            return self._queries.attempt(address, result.task_id)[0]
        except NotFoundError as error:
            raise NotFoundError(f"No such task found by id: {result.task_id}") from error

    def update_by_ref(
        self,
        workflow_id: str,
        ref: str,
        status: TaskStatus,
        output: JsonObject,
        worker_id: str | None,
    ) -> str | None:
        """Report on the open task of that name, its output merged; return its id, or None."""
        task = self._queries.pending(workflow_id, ref)
        if task is None:
            return None
        _refuse_container(task, task.task_id)
        merged = {**self._queries.content(task.output), **output}
        self._runner.run(
            workflow_id,
            Reported(
                ref=task.ref,
                task_id=task.task_id,
                status=status,
                output=merged,
                worker_id=worker_id,
            ),
        )
        return task.task_id

    def update_named(self, workflow_id: str, ref: str, result: TaskResult) -> None:
        """Take a result for the open task of that name, its output merged.

        Raises:
            NotFoundError: No such task is open.
        """
        task = self.open_named(workflow_id, ref)
        update = {
            "workflow_instance_id": workflow_id,
            "task_id": task.task_id,
            "output_data": {**self._queries.content(task.output), **result.output_data},
        }
        self.update(result.model_copy(update=update))

    def open_named(self, workflow_id: str, ref: str) -> TaskState:
        """Return the open task of that name; raises NotFoundError."""
        self._queries.view(workflow_id)
        task = self._queries.pending(workflow_id, ref)
        if task is None:
            raise NotFoundError(f"Found no running task {ref} of workflow {workflow_id} to update")
        return task

    def signal(self, workflow_id: str, status: TaskStatus, output: JsonObject) -> str | None:
        """Report on the first open WAIT, here or in running sub-workflows; return its id."""
        self._queries.view(workflow_id)
        task = self._queries.waiting_task(workflow_id)
        if task is None:
            return None
        return self.update_by_ref(
            task.workflow_instance_id, task.reference_task_name, status, output, None
        )

    def get(self, task_id: str) -> Task:
        """Return one attempt of a task; raises NotFoundError."""
        return self._queries.task(task_id)

    def waiting(self, task_ids: Iterable[str]) -> list[Task]:
        """Return those attempts that wait, as polls would hand them out; nobody claims them.

        Raises:
            PayloadTooLargeError: They do not fit into one answer together.
        """
        batch = _Batch(count=0)
        for found in map(self._claims.waiting, task_ids):
            handed_out = None if found is None else self._handed_out(*found)
            if handed_out is None:
                continue
            if not batch.has_room_for(handed_out):
                size_bytes = batch.size_bytes + handed_out.size_bytes
                raise PayloadTooLargeError(f"ask for fewer taskIds: {too_large(size_bytes)}")
            batch.add(handed_out)
        return batch.tasks

    def log(self, task_id: str, line: str) -> None:
        """Keep one line about a task."""
        address = ids.parse_task_id(task_id)
        if address is None or self._ports.state.workflow(address.workflow_id) is None:
            raise NotFoundError(f"Task not found for taskId: {task_id}")
        redactor = self._redactor(address, task_id)
        entry = TaskExecLog(
            log=redactor.text(line), task_id=task_id, created_time=self._ports.clock.now()
        )
        self._ports.logs.append(address.workflow_id, [entry])

    def logs(self, task_id: str) -> list[TaskExecLog]:
        """Return the lines about a task, oldest first."""
        address = ids.parse_task_id(task_id)
        return [] if address is None else self._ports.logs.lines(address.workflow_id, task_id)

    def queue_sizes(self, names: list[str] | None) -> dict[str, QueueSize]:
        """Return the sizes of the named queues, of all if None."""
        return self._ports.queues.sizes(names)

    def poll_data(self, task_type: str | None) -> list[PollData]:
        """Return who polled last, for one task type or all."""
        return self._ports.polls.polls(task_type)

    def _with_output(self, address: ids.TaskAddress, result: TaskResult) -> TaskResult:
        """Return a result with the output that its worker has put elsewhere.

        Not if the attempt has ended: what was put there may be gone, and changes nothing.
        """
        if self._queries.attempt(address, result.task_id)[0].status.is_terminal:
            return result
        path = result.external_output_payload_storage_path or ""
        try:
            output = self._external.content(path, "externalOutputPayloadStoragePath")
        except PayloadTooLargeError as error:
            failed = {
                "status": TaskResultStatus.FAILED_WITH_TERMINAL_ERROR,
                "output_data": {},
                "reason_for_incompletion": str(error),
            }
            return result.model_copy(update=failed)
        return result.model_copy(update={"output_data": output})

    def _redacted(self, address: ids.TaskAddress, result: TaskResult) -> TaskResult:
        """Return a result whose reason and logs do not tell what its worker was handed."""
        if not result.reason_for_incompletion and not result.logs:
            return result
        redactor = self._redactor(address, result.task_id)
        reason = result.reason_for_incompletion
        logs = [
            line.model_copy(update={"log": redactor.text(line.log or "")}) for line in result.logs
        ]
        update = {"reason_for_incompletion": reason and redactor.text(reason), "logs": logs}
        return result.model_copy(update=update)

    def _redactor(self, address: ids.TaskAddress, task_id: str) -> Redactor:
        """Return what redacts the secrets that an attempt was handed out with."""
        secrets = RevealedSecrets(self._ports.secrets.secret)
        # An attempt that is gone has nothing to keep to itself; what is beyond the limit now, since
        # a secret has grown, was not told either.
        with suppress(NotFoundError, RevealLimitError):
            task, _ = self._queries.attempt(address, task_id)
            if isinstance(task.input, dict) or task.input.secrets:
                secrets.reveal(self._queries.content(task.input))
            for name in self._runtime_names(task, self._queries.view(address.workflow_id)):
                secrets.named(name)
        return secrets.redactor()

    def _report(self, ref: str, result: TaskResult) -> View | None:
        if result.extend_lease:
            event: Reported | LeaseExtended = LeaseExtended(ref=ref, task_id=result.task_id)
        else:
            event = Reported(
                ref=ref,
                task_id=result.task_id,
                status=TaskStatus(result.status.value),
                output=result.output_data,
                reason=result.reason_for_incompletion,
                callback_after_seconds=result.callback_after_seconds,
                worker_id=result.worker_id,
                external_output_path=result.external_output_payload_storage_path or None,
            )
        return self._runner.run(result.workflow_instance_id, event)

    def _received(
        self, queue: str, count: int, wait_seconds: float, caller: Caller, batch: _Batch
    ) -> list[Received]:
        """Return the next messages of a queue; those after the first tasks are not waited for."""
        try:
            received = self._ports.queues.receive(
                queue,
                count=count,
                wait_seconds=0.0 if batch.tasks else wait_seconds,
                visibility_seconds=_CLAIM_SECONDS,
                caller=caller,
            )
        except UnavailableError:
            if not batch.tasks:  # those in hand must get to their worker
                raise
            return []
        if batch.until == inf and received:
            batch.until = monotonic() + _CLAIMING_SECONDS
        return received

    def _claim(
        self,
        queue: str,
        received: list[Received],
        asked: Asked,
        worker_id: str | None,
        caller: Caller,
        batch: _Batch,
    ) -> None:
        """Claim the tasks that messages stand for; those not wanted go back at once."""
        batch.is_stale = True
        try:
            for message in received:
                if caller.has_left or batch.has_enough:
                    batch.is_stale = False
                    self._ports.queues.postpone(queue, message.receipt, 0)
                else:
                    self._take(queue, message, asked, worker_id, caller, batch)
        except UnavailableError:
            if not batch.tasks:  # those in hand must get to their worker
                raise
        finally:
            self._forget(queue, batch.done)
            batch.done.clear()

    def _take(
        self,
        queue: str,
        message: Received,
        asked: Asked,
        worker_id: str | None,
        caller: Caller,
        batch: _Batch,
    ) -> None:
        """Claim the task that a message stands for, and note in ``batch`` what came of it."""
        match self._claimed(message, worker_id, asked):
            case Claimed(task, view):
                give_back = partial(self._claims.give_back, task, queue, view.workflow.priority)
                try:
                    handed_out = self._handed_out(task, view)
                except UnavailableError:
                    with suppress(UnavailableError):
                        give_back()
                    raise
                batch.done.append(message.receipt)
                if handed_out is None:
                    return
                batch.is_stale = False
                if not batch.has_room_for(handed_out):
                    batch.is_full = True
                    give_back()
                    return
                batch.add(handed_out)
                caller.if_unanswered(give_back)
            case NotYet(delay_ms):
                batch.is_stale = False
                self._ports.queues.postpone(queue, message.receipt, delay_ms / 1000)
            case Foreign():
                batch.is_stale = False
                logger.warning("queue %s holds what is no task of it: %.200r", queue, message.body)
            case _:
                batch.done.append(message.receipt)

    def _claimed(self, message: Received, worker_id: str | None, asked: Asked) -> Claim:
        """Claim a task; one that only a newer version can read keeps no other from its worker."""
        try:
            return self._claims.claim(message.body, worker_id, asked)
        except NewerVersionError as error:
            logger.warning("%s", error)
            return NotYet(_LEFT_TO_NEWER_MS)

    def _handed_out(self, task: TaskState, view: View) -> _HandedOut | None:
        """Return a task as workers get it; None if it cannot be handed out, and so has failed."""
        names = self._runtime_names(task, view)
        try:
            shown = self._with_secrets(self._queries.hand_out(view, task), names)
        except RevealLimitError as error:
            self._fail(task, str(error))
            return None
        size_bytes = len(shown.to_wire_json())
        if size_bytes > MAX_BYTES:
            self._fail(task, f"The task cannot be handed out: {too_large(size_bytes)}")
            return None
        return _HandedOut(shown, size_bytes)

    def _fail(self, task: TaskState, reason: str) -> None:
        """End an attempt that no worker can get."""
        failed = Reported(
            ref=task.ref,
            task_id=task.task_id,
            status=TaskStatus.FAILED_WITH_TERMINAL_ERROR,
            output={},
            reason=reason,
        )
        self._runner.run(task.workflow_id, failed)

    def _runtime_names(self, task: TaskState, view: View) -> list[str]:
        """Return the secrets and values that a task's definition has handed to its worker."""
        task_def = definition_of(task, view.plan, self._ports.definitions)
        return [] if task_def is None else task_def.runtime_metadata

    def _forget(self, queue: str, receipts: list[str]) -> None:
        """Delete messages; those of an outage come again, and are found to be stale."""
        if receipts:
            with suppress(UnavailableError):
                self._ports.queues.delete(queue, receipts)

    def _with_secrets(self, task: Task, names: list[str]) -> Task:
        """Return a task as it is handed out: with what is never stored."""
        secrets = RevealedSecrets(self._ports.secrets.secret)
        update: dict[str, object] = {"input_data": secrets.reveal(task.input_data)}
        if names:
            found = {name: self._named_value(secrets, name) for name in names}
            update["runtime_metadata"] = {k: str(v) for k, v in found.items() if v is not None}
        return task.model_copy(update=update)

    def _named_value(self, secrets: RevealedSecrets, name: str) -> JsonValue:
        value = secrets.named(name)
        return self._ports.secrets.environment(name) if value is None else value

    def _note_poll(self, task_type: str, worker_id: str | None, domain: str | None) -> None:
        """Remember who polls; a worker gets its tasks even if that cannot be stored."""
        poll = PollData(
            queue_name=task_type,
            domain=domain,
            worker_id=worker_id,
            last_poll_time=self._ports.clock.now(),
        )
        try:
            self._ports.polls.record(poll)
        except Exception:
            logger.exception("a poll for %s is not remembered", task_type)


def _refuse_container(task: TaskState | None, task_id: str) -> None:
    """Raise ConflictError for a report on an open task that ends with what it contains."""
    if task is None or task.task_id != task_id or task.status.is_terminal:
        return
    if task.task_type in ENDED_BY_CONTENTS:
        raise ConflictError(
            f"{task.task_type} {task.ref} ends with the tasks that it waits for: report on these, "
            "or terminate the workflow"
        )
