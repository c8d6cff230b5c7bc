"""Rate limits of workflows: how many executions of a group are under way at once.

A group is a workflow name and an evaluated ``rateLimitKey``. Two things are stored for it: a
document with the ids of those that hold a slot, changed by compare and set, and a queue of those
that wait, one document each. A slot has no time limit. It is given back as part of its
workflow's end; one whose workflow is gone all the same is found when somebody is short of it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from dalsegno.errors import TooManyRequestsError, UnavailableError
from dalsegno.models import (
    EpochMillis,
    JsonObject,
    JsonValue,
    RateLimitConfig,
    RateLimitPolicy,
    WorkflowDef,
)
from dalsegno_state import ids
from dalsegno_state.engine.loading import Loader
from dalsegno_state.events import Look, encode_evaluation
from dalsegno_state.execution import WorkflowState
from dalsegno_state.expressions import Scope, evaluate, java_text
from dalsegno_state.ports import Document, Message, Ports
from dalsegno_state.writes import PullWake, UpdateWorkflow

# How often the holders of a full group are looked at: they may have gone without a word.
CHECK_MS: Final = 60_000
# A rejecting group gives a slot before the workflow is stored; it has been by then, or never will.
ARRIVAL_MS: Final = 300_000
_WAKE_MS: Final = 30_000
_AT_ONCE: Final = 20
_MOST_TRIES: Final = 200

RATE_KINDS: Final = "rate-"
"""What the kinds of these documents begin with."""


def rate_limit_key(definition: WorkflowDef, scope: Scope) -> str | None:
    """Return the evaluated key of a definition's limit, or None if it has none.

    Raises:
        ExpressionError: The key cannot be evaluated.
    """
    config = definition.rate_limit_config
    if config is None or config.concurrent_exec_limit <= 0:
        return None
    return java_text(evaluate(config.rate_limit_key or "", scope))


@dataclass(frozen=True, slots=True)
class _Group:
    """Where a group's documents are."""

    kind: str
    name: str

    @property
    def queue(self) -> str:
        return f"{RATE_KINDS}queue-{self.name}"


class RateLimits:
    """Lets executions of limited workflows begin, in the order of their starts."""

    def __init__(self, ports: Ports, loader: Loader) -> None:
        self._ports = ports
        self._state = ports.state
        self._documents = ports.documents
        self._loader = loader

    def create(self, workflow: WorkflowState) -> WorkflowState:
        """Store a new workflow, which begins now or waits for a slot; return it as it stands.

        Raises:
            TooManyRequestsError: There is no slot, and the policy is to reject.
        """
        if workflow.rate_limit_key is None:
            return self._state.create_workflow(workflow)
        config = self._config(workflow)
        if config.policy is RateLimitPolicy.REJECT:
            known = self._state.workflow(workflow.workflow_id)
            if known is not None:
                return known
            arrives_by = self._ports.clock.now() + ARRIVAL_MS
            if not self._enter(workflow, config.concurrent_exec_limit, arrives_by):
                raise _rejected(workflow, config)
            return self._state.create_workflow(workflow)
        stored = self._state.create_workflow(replace(workflow, rate_limited=True))
        self.seek(stored)
        return self._state.workflow(workflow.workflow_id) or stored

    def seek(self, workflow: WorkflowState) -> None:
        """Queue a workflow that waits for a slot, and give out the slots that are free.

        Should it be let in itself, setting it going is the caller's part.
        """
        if workflow.rate_limited and not workflow.status.is_terminal:
            group = _group(workflow)
            waiter: JsonObject = {"workflowId": workflow.workflow_id}
            self._documents.create(group.queue, _place(workflow), waiter)
            if self._has_slot(workflow):  # taken before, but its process died or gave up there
                self._is_free_to_begin(workflow)
            self._give_out(group, asker_id=workflow.workflow_id)

    def hold(self, workflow: WorkflowState) -> None:
        """Give a slot to a workflow that an operator has set going again, free or not."""
        if workflow.rate_limit_key is not None and not workflow.rate_limited:
            self._enter(workflow, None)

    def release(self, workflow: WorkflowState) -> None:
        """Give back what a workflow that has ended has or waits for, and let others begin."""
        if workflow.rate_limit_key is not None:
            group = _group(workflow)
            self._documents.delete(group.queue, _place(workflow))
            self._leave(workflow)
            self._give_out(group)

    def _give_out(self, group: _Group, asker_id: str | None = None) -> None:
        """Let those who wait begin, the first first, until one finds no slot."""
        while waiting := self._documents.documents(group.queue, limit=_AT_ONCE):
            for waiter in waiting:
                if not self._let_in(waiter, asker_id):
                    return
                self._documents.delete(waiter.kind, waiter.name)

    def _let_in(self, waiter: Document, asker_id: str | None) -> bool:
        """Let one that waits begin if there is a slot; return whether it waits no more."""
        workflow = self._state.workflow(str(waiter.body["workflowId"]))
        if workflow is None or workflow.status.is_terminal:
            return True
        limit = self._config(workflow).concurrent_exec_limit
        if workflow.rate_limited and not self._enter(workflow, limit):
            return False
        if self._is_free_to_begin(workflow) and workflow.workflow_id != asker_id:
            body = encode_evaluation(workflow.workflow_id, Look())
            self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])
        return True

    def _is_free_to_begin(self, workflow: WorkflowState) -> bool:
        """Note on a workflow that it has a slot; return False if it has ended meanwhile."""
        now = self._ports.clock.now()
        while workflow.rate_limited:
            begun = replace(
                workflow, rate_limited=False, revision=workflow.revision + 1, updated_at=now
            )
            writes = (
                PullWake(workflow.workflow_id, now + _WAKE_MS),
                UpdateWorkflow(begun, workflow.revision),
            )
            if self._state.commit(writes) is None:
                break
            stored = self._state.workflow(workflow.workflow_id)
            if stored is None or stored.status.is_terminal:  # and may have given it back before
                self._leave(workflow)
                return False
            workflow = stored
        return True

    def _has_slot(self, workflow: WorkflowState) -> bool:
        group = _group(workflow)
        found = self._documents.get(group.kind, group.name)
        return found is not None and workflow.workflow_id in _holders(found.body)

    def _enter(
        self, workflow: WorkflowState, limit: int | None, arrives_by: EpochMillis = 0
    ) -> bool:
        """Take a slot; return whether the workflow has one now.

        Until ``arrives_by`` the workflow itself may be missing.
        """
        workflow_id = workflow.workflow_id

        def entered(body: JsonObject) -> JsonObject | None:
            holders = _holders(body)
            if workflow_id in holders:
                return None
            if limit is not None and len(holders) >= limit:
                body = self._checked(body)
                holders = _holders(body)
            if limit is None or len(holders) < limit:
                holders = {**holders, workflow_id: arrives_by}
            return {**body, "holders": holders}

        return workflow_id in _holders(self._change(workflow, entered))

    def _leave(self, workflow: WorkflowState) -> None:
        """Give a slot back; absent is fine."""

        def left(body: JsonObject) -> JsonObject | None:
            holders = _holders(body)
            if workflow.workflow_id not in holders:
                return None
            del holders[workflow.workflow_id]
            return {**body, "holders": holders}

        self._change(workflow, left)

    def _change(
        self, workflow: WorkflowState, change: Callable[[JsonObject], JsonObject | None]
    ) -> JsonObject:
        """Change a group's document, unless to None or the same; return it as it is then."""
        group = _group(workflow)
        for _ in range(_MOST_TRIES):
            found = self._documents.get(group.kind, group.name)
            body = {} if found is None else found.body
            changed = change(body)
            if changed is None or changed == body:
                return body
            if self._replace(group, found, {**_shown(workflow), **changed}):
                return changed
        raise UnavailableError(f"the rate limit of {workflow.name} is contended; try again")

    def _replace(self, group: _Group, found: Document | None, body: JsonObject) -> bool:
        if found is None:
            return self._documents.create(group.kind, group.name, body)
        if not _holders(body):
            return self._documents.delete(group.kind, group.name, revision=found.revision)
        return self._documents.replace(found, body)

    def _checked(self, body: JsonObject) -> JsonObject:
        """Return a full group's document without those that are gone, if it is time to look."""
        now, checked_at = self._ports.clock.now(), body.get("checkedAt", 0)
        if isinstance(checked_at, int) and now < checked_at + CHECK_MS:
            return body
        living = {i: by for i, by in _holders(body).items() if self._is_there(i, by, now)}
        return {**body, "holders": living, "checkedAt": now}

    def _is_there(self, workflow_id: str, arrives_by: JsonValue, now: EpochMillis) -> bool:
        workflow = self._state.workflow(workflow_id)
        if workflow is None:
            return isinstance(arrives_by, int) and now < arrives_by
        return not workflow.status.is_terminal

    def _config(self, workflow: WorkflowState) -> RateLimitConfig:
        config = self._loader.plan(workflow.definition_hash).definition.rate_limit_config
        return config or RateLimitConfig()


def _holders(body: JsonObject) -> JsonObject:
    """Return a copy of who holds a slot, with the time by which each arrives."""
    holders = body.get("holders")
    return dict(holders) if isinstance(holders, dict) else {}


def _group(workflow: WorkflowState) -> _Group:
    identity = json.dumps([workflow.name, workflow.rate_limit_key])
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return _Group(f"{RATE_KINDS}limit-{digest[:2]}", digest)


def _shown(workflow: WorkflowState) -> JsonObject:
    return {"workflowName": workflow.name, "rateLimitKey": workflow.rate_limit_key}


def _place(workflow: WorkflowState) -> str:
    """Return the name of a workflow's place in the queue; names sort as the starts came."""
    return f"{workflow.created_at:015d}.{workflow.workflow_id}"


def _rejected(workflow: WorkflowState, config: RateLimitConfig) -> TooManyRequestsError:
    return TooManyRequestsError(
        f"Workflow {workflow.name} is limited to {config.concurrent_exec_limit} executions at once "
        f"for rateLimitKey '{workflow.rate_limit_key}'; try again when one has ended"
    )
