"""Starting executions: the definition is found, completed, and pinned by its content."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError, PayloadTooLargeError
from dalsegno.models import (
    EpochMillis,
    IdempotencyStrategy,
    JsonObject,
    JsonValue,
    StartWorkflowRequest,
    TaskDef,
    WorkflowDef,
    WorkflowStatus,
    WorkflowTask,
)
from dalsegno_state import ids
from dalsegno_state.draft import DONE_ELSEWHERE, MAX_PAYLOAD_BYTES, size_bytes
from dalsegno_state.engine.external import ExternalStorage
from dalsegno_state.engine.idempotency import IdempotencyKeys
from dalsegno_state.engine.payload_checks import check_depth
from dalsegno_state.engine.rate_limits import RateLimits, rate_limit_key
from dalsegno_state.engine.schema_documents import with_schemas
from dalsegno_state.engine.storing import Writer
from dalsegno_state.execution import WorkflowState
from dalsegno_state.expressions import ExpressionError, walk, written_secrets
from dalsegno_state.plan import content_hash, snapshot_body
from dalsegno_state.ports import Ports
from dalsegno_state.reserved_names import domain_faults
from dalsegno_state.schemas import breach
from dalsegno_state.state_changes import noted_workflow
from dalsegno_state.validation import ScriptChecker, check_served, check_workflow_def
from dalsegno_state.waking import FIRST_WAKE_MS

_MOST_REMEMBERED: Final = 256
# Whoever changes a definition and dies before the revision is raised was acknowledged nothing;
# after this long the change is seen nevertheless.
_TRUSTED_MS: Final = 60_000

# Where a workflow that starts itself comes to an end; nobody nests or chains as many on purpose.
MAX_DEPTH: Final = 100
MAX_GENERATIONS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a workflow comes from, if not from a client.

    Attributes:
        workflow_id: The id it must have, so that starting it twice starts it once.
    """

    workflow_id: str | None = None
    parent_workflow_id: str | None = None
    parent_task_id: str | None = None
    depth: int = 0
    generation: int = 0
    event: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A registered definition as it was pinned, and at which revision of the definitions."""

    definition: WorkflowDef
    pinned: str
    revision: int
    read_at: EpochMillis


class Starter:
    """Creates workflow items; setting them going is the caller's part."""

    def __init__(
        self,
        ports: Ports,
        writer: Writer,
        limits: RateLimits,
        checker: ScriptChecker,
        external: ExternalStorage,
    ) -> None:
        self._ports = ports
        self._limits = limits
        self._writer = writer
        self._checker = checker
        self._external = external
        self._pinned: dict[str, None] = {}  # snapshots known to be stored, oldest first
        self._known: dict[tuple[str, int | None], _Known] = {}
        self.keys = IdempotencyKeys(ports.documents, ports.state, ports.clock, self._store)

    def create(self, request: StartWorkflowRequest, origin: Origin) -> WorkflowState:
        """Store a new workflow, or return the one that has its id or idempotency key already.

        Raises:
            NotFoundError: No such definition, or one it refers to is missing.
            InvalidRequestError: The definition in the request breaks a rule, or nothing is stored
                where it says that its input is.
            PayloadTooLargeError: The input is beyond Conductor's limit.
            TooManyRequestsError: The workflow's rate limit is reached, and its policy is to reject.
            ConflictError: The idempotency key is in use, and the strategy wants a new execution;
                or it would be one too many of a row of workflows that start each other.
        """
        _check_row(origin)
        workflow = self._new(request, origin)
        if workflow.idempotency_key is None:
            return self._store(workflow)
        strategy = request.idempotency_strategy or IdempotencyStrategy.FAIL
        return self.keys.create(workflow, strategy)

    def let_go(self, workflow: WorkflowState) -> None:
        """Give back the idempotency key and the slot of a workflow that is about to be removed."""
        self.keys.free(workflow)
        self._limits.release(workflow)

    def _new(self, request: StartWorkflowRequest, origin: Origin) -> WorkflowState:
        for fault in domain_faults(request.task_to_domain):
            raise InvalidRequestError(fault)
        definition, pinned = self._pinned_definition(
            request, is_embedded=origin.parent_task_id is not None
        )
        external_path = request.external_input_payload_storage_path or None
        given = request.input
        if external_path is not None:
            given = self._external.content(external_path, "externalInputPayloadStoragePath")
        inputs = {**written_secrets(definition.input_template), **given}
        check_depth(inputs, f"The input of workflow {definition.name}")
        if (size := size_bytes(inputs)) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLargeError(
                f"The input payload size: {size} of workflow: {definition.name} is greater than "
                f"the permissible limit: {MAX_PAYLOAD_BYTES} bytes"
            )
        self.check_input(definition, inputs)
        now = self._ports.clock.now()
        workflow = WorkflowState(
            workflow_id=origin.workflow_id or ids.workflow_id(now, os.urandom(10)),
            name=definition.name,
            version=definition.version,
            definition_hash=pinned,
            classifier=definition.classifier,
            masks_payloads=bool(definition.masked_fields),
            status=WorkflowStatus.RUNNING,
            input=inputs,
            variables=written_secrets(definition.variables),
            created_at=now,
            correlation_id=request.correlation_id,
            priority=request.priority,
            task_to_domain=request.task_to_domain,
            created_by=request.created_by,
            idempotency_key=request.idempotency_key or None,
            event=origin.event,
            parent_workflow_id=origin.parent_workflow_id,
            parent_task_id=origin.parent_task_id,
            depth=origin.depth,
            generation=origin.generation,
            external_input_path=external_path,
            wake_at=_first_wake(now, definition),
            wake_interval_ms=0,
        )
        workflow = noted_workflow(workflow, None, definition)
        return replace(workflow, rate_limit_key=_rate_limit_key(definition, workflow))

    def _store(self, workflow: WorkflowState) -> WorkflowState:
        return self._limits.create(self._writer.slim_workflow(workflow))

    def check_input(self, definition: WorkflowDef, inputs: JsonObject) -> None:
        """Raise InvalidRequestError if an input breaks the schema that a definition enforces."""
        _check_input(definition, inputs, self._checker)

    def definition_of(
        self, request: StartWorkflowRequest, *, is_embedded: bool = False
    ) -> WorkflowDef:
        """Return the definition a request asks for or brings along."""
        if request.workflow_def is not None:
            definition = request.workflow_def
            if not definition.name:
                definition = definition.model_copy(update={"name": request.name})
            check_workflow_def(definition, self._checker, is_embedded=is_embedded)
            task_def = self._ports.definitions.task_def
            check_served(definition, lambda name: task_def(name) is not None)
            return definition
        return self.stored_definition(request.name, request.version)

    def stored_definition(self, name: str, version: int | None) -> WorkflowDef:
        """Return a registered definition; its latest version if None or 0 is asked."""
        definition = self._ports.definitions.workflow_def(name, version or None)
        if definition is None:
            shown = "null" if version is None else version
            raise NotFoundError(f"No such workflow defined. name={name}, version={shown}")
        return definition

    def _pinned_definition(
        self, request: StartWorkflowRequest, *, is_embedded: bool
    ) -> tuple[WorkflowDef, str]:
        """Return the definition and its snapshot's name; a known one while nothing has changed."""
        if request.workflow_def is not None:
            definition = with_schemas(
                self._ports.documents, self.definition_of(request, is_embedded=is_embedded)
            )
            return definition, self.pin(definition)
        now, revision = self._ports.clock.now(), self._ports.definitions.revision()
        known = self._known.pop((request.name, request.version), None)
        if known is None or known.revision != revision or now - known.read_at > _TRUSTED_MS:
            definition = with_schemas(
                self._ports.documents, self.definition_of(request, is_embedded=is_embedded)
            )
            known = _Known(definition, self.pin(definition), revision, now)
        self._known[request.name, request.version] = known  # most recently used last
        while len(self._known) > _MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)), None)
        return known.definition, known.pinned

    def pin(self, definition: WorkflowDef) -> str:
        """Keep a definition with everything it refers to; return the name of the snapshot."""
        body = snapshot_body(self._completed(definition))
        name = content_hash(body)
        if name not in self._pinned:
            if self._ports.definitions.snapshot(name) is None:
                self._ports.definitions.put_snapshot(name, body)
            self._pinned[name] = None
            while len(self._pinned) > _MOST_REMEMBERED:
                self._pinned.pop(next(iter(self._pinned)), None)
        return name

    def _completed(self, definition: WorkflowDef) -> WorkflowDef:
        """Return a definition whose tasks carry their definitions and sub-workflow versions."""
        return with_schemas(self._ports.documents, definition).model_copy(
            update={"tasks": _mapped(definition.tasks, self._completed_task)}
        )

    def _completed_task(self, task: WorkflowTask) -> WorkflowTask:
        update: dict[str, object] = {}
        if task.task_definition is None and task.type != "DYNAMIC":
            stored = self._ports.definitions.task_def(task.name) or _ad_hoc(task)
            update["task_definition"] = with_schemas(self._ports.documents, stored)
        elif task.task_definition is not None:
            update["task_definition"] = with_schemas(self._ports.documents, task.task_definition)
        params = task.sub_workflow_param
        is_named = params is not None and params.workflow_definition is None
        if task.type == "SUB_WORKFLOW" and params is not None and is_named:
            name = params.name or ""
            if "${" not in name and not params.version:
                version = self.stored_definition(name, None).version
                update["sub_workflow_param"] = params.model_copy(update={"version": version})
            elif "${" not in name:
                self.stored_definition(name, params.version)
        return task.model_copy(update=update) if update else task


class _StartScope:
    """What is known of a workflow when it is started; see ``expressions.Scope``."""

    def __init__(self, workflow: WorkflowState) -> None:
        self._workflow: JsonObject = {
            "input": workflow.input if isinstance(workflow.input, dict) else {},
            "variables": workflow.variables,
            "correlationId": workflow.correlation_id,
            "workflowType": workflow.name,
            "version": workflow.version,
            "workflowId": workflow.workflow_id,
            "createTime": workflow.created_at,
        }

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        return self._workflow if name == "workflow" else None


def _check_row(origin: Origin) -> None:
    if origin.depth > MAX_DEPTH:
        raise ConflictError(f"Sub-workflows may be nested {MAX_DEPTH} levels deep at most")
    if origin.generation > MAX_GENERATIONS:
        raise ConflictError(
            f"{MAX_GENERATIONS} workflows in a row have started each other by START_WORKFLOW, "
            "events or failures; start the next one from outside"
        )


def _rate_limit_key(definition: WorkflowDef, workflow: WorkflowState) -> str | None:
    try:
        return rate_limit_key(definition, _StartScope(workflow))
    except ExpressionError as error:
        raise InvalidRequestError(f"rateLimitConfig.rateLimitKey: {error}") from error


def _check_input(definition: WorkflowDef, inputs: JsonObject, checker: ScriptChecker) -> None:
    if definition.enforce_schema and definition.input_schema is not None:
        found = breach(definition.input_schema, inputs, "input", checker)
        if found is not None:
            raise InvalidRequestError(f"The input of workflow {definition.name} {found}")


def _first_wake(now: EpochMillis, definition: WorkflowDef) -> EpochMillis:
    """Return when to look at a new workflow whatever happens: no later than its own timeout."""
    timeout_ms = definition.timeout_seconds * 1000
    return now + (min(timeout_ms, FIRST_WAKE_MS) if timeout_ms > 0 else FIRST_WAKE_MS)


def _mapped(
    tasks: list[WorkflowTask], change: Callable[[WorkflowTask], WorkflowTask]
) -> list[WorkflowTask]:
    """Return tasks changed one by one, those inside operators included."""
    return [_inner_mapped(change(task), change) for task in tasks]


def _inner_mapped(
    task: WorkflowTask, change: Callable[[WorkflowTask], WorkflowTask]
) -> WorkflowTask:
    update: dict[str, object] = {}
    if task.decision_cases:
        update["decision_cases"] = {
            case: _mapped(tasks, change) for case, tasks in task.decision_cases.items()
        }
    if task.default_case:
        update["default_case"] = _mapped(task.default_case, change)
    if task.fork_tasks:
        update["fork_tasks"] = [_mapped(branch, change) for branch in task.fork_tasks]
    if task.loop_over:
        update["loop_over"] = _mapped(task.loop_over, change)
    return task.model_copy(update=update) if update else task


def _ad_hoc(task: WorkflowTask) -> TaskDef:
    """Return the definition of a task that nobody defined, as Conductor makes it."""
    if task.type in DONE_ELSEWHERE:
        return TaskDef(name=task.name)
    return TaskDef(name=task.name, retry_count=0, response_timeout_seconds=0)


def start_request(
    name: str, version: int | None, inputs: JsonObject, **fields: object
) -> StartWorkflowRequest:
    """Return a request to start a registered workflow; raises InvalidRequestError if it is bad."""
    if not name:
        raise InvalidRequestError("Workflow name cannot be null or empty")
    return StartWorkflowRequest.model_validate(
        {"name": name, "version": version, "input": inputs, **fields}
    )
