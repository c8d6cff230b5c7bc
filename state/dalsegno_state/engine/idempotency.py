"""Idempotency keys: one execution per workflow name and key, however often it is started."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dalsegno.errors import ConflictError, UnavailableError
from dalsegno.models import IdempotencyStrategy, JsonObject
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import Clock, Document, DocumentStore, StateStore

# Whoever took a key has stored its workflow by then, or never will: no request lives so long
# between the two. Until then a missing workflow is stored under the id that the key names.
ADOPTION_MS: Final = 3_600_000
_MOST_TRIES: Final = 50

KEY_KINDS: Final = "idempotency-"
"""What the kinds of these documents begin with."""


class IdempotencyKeys:
    """Knows which execution has a key, from before that execution is stored.

    A key is a document that names a workflow id. Of several starts one stores it; the others
    find it, and store that same workflow if the first has not come to it.

    Args:
        store: Stores a new workflow unless its id is taken; returns the one that is stored.
    """

    def __init__(
        self,
        documents: DocumentStore,
        state: StateStore,
        clock: Clock,
        store: Callable[[WorkflowState], WorkflowState],
    ) -> None:
        self._documents = documents
        self._state = state
        self._clock = clock
        self._store = store

    def create(self, workflow: WorkflowState, strategy: IdempotencyStrategy) -> WorkflowState:
        """Store a new workflow that has a key, or return the one that has the key already.

        Raises:
            ConflictError: Another execution has the key, and the strategy wants a new one.
        """
        known = self._state.workflow(workflow.workflow_id)
        if known is not None:
            return known  # started again by the same cause
        for _ in range(_MOST_TRIES):
            found = self._taken(workflow)
            holder_id = str(found.body["workflowId"])
            holder = self._state.workflow(holder_id)
            if holder is not None:
                if _settles(holder, strategy):
                    return holder
                self._documents.replace(found, self._claim(workflow))
            elif holder_id == workflow.workflow_id:
                return self._stored(workflow, strategy)
            elif self._has_lapsed(found):
                self._documents.replace(found, self._claim(workflow))
            elif self._documents.replace(found, found.body):  # unless the key was freed meanwhile
                return self._stored(replace(workflow, workflow_id=holder_id), strategy)
        raise UnavailableError(f"the idempotencyKey of {workflow.name} keeps changing hands")

    def free(self, workflow: WorkflowState) -> None:
        """Let go of a workflow's key, if it has one; to be done before the workflow is removed."""
        if workflow.idempotency_key is None:
            return
        for _ in range(_MOST_TRIES):
            found = self._documents.get(*_address(workflow))
            if found is None or found.body["workflowId"] != workflow.workflow_id:
                return
            if self._documents.delete(found.kind, found.name, revision=found.revision):
                return
        raise UnavailableError(f"the idempotencyKey of {workflow.name} keeps changing hands")

    def _taken(self, workflow: WorkflowState) -> Document:
        """Return the document of a workflow's key, stored for this workflow if there was none."""
        for _ in range(_MOST_TRIES):
            found = self._documents.get(*_address(workflow))
            if found is not None:
                return found
            self._documents.create(*_address(workflow), self._claim(workflow))
        raise UnavailableError(f"the idempotencyKey of {workflow.name} keeps changing hands")

    def _stored(self, workflow: WorkflowState, strategy: IdempotencyStrategy) -> WorkflowState:
        """Store the workflow that has the key; somebody else may have done so just now."""
        stored = self._store(workflow)
        if stored.created_at != workflow.created_at:
            _settles(stored, strategy)
        return stored

    def _claim(self, workflow: WorkflowState) -> JsonObject:
        return {
            "workflowId": workflow.workflow_id,
            "workflowName": workflow.name,
            "idempotencyKey": workflow.idempotency_key,
            "at": self._clock.now(),
        }

    def _has_lapsed(self, found: Document) -> bool:
        at = found.body["at"]
        return not isinstance(at, int) or at + ADOPTION_MS <= self._clock.now()


def _settles(holder: WorkflowState, strategy: IdempotencyStrategy) -> bool:
    """Return whether the holder is the answer, False if it may be succeeded.

    Raises:
        ConflictError: It is in the way.
    """
    if strategy is IdempotencyStrategy.RETURN_EXISTING:
        return True
    if strategy is IdempotencyStrategy.FAIL_ON_RUNNING and holder.status.is_terminal:
        return False
    raise ConflictError(
        f"idempotencyKey {holder.idempotency_key} of workflow {holder.name} is in use: "
        f"workflow {holder.workflow_id} has it and is {holder.status}"
    )


def _address(workflow: WorkflowState) -> tuple[str, str]:
    """Return kind and name of a key's document; 256 kinds spread keys over partitions."""
    identity = json.dumps([workflow.name, workflow.idempotency_key])
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return f"{KEY_KINDS}{digest[:2]}", digest
