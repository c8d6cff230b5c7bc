"""Reading executions: plans by content, and whatever else a decision asks for."""

from threading import Lock
from typing import Final

from pydantic_core import from_json

from dalsegno.models import JsonObject, TaskDef, WorkflowDef
from dalsegno_state.engine.output_cache import cached_output
from dalsegno_state.engine.schema_documents import with_schemas
from dalsegno_state.execution import PayloadRef, WorkflowState
from dalsegno_state.expressions import put_secrets
from dalsegno_state.plan import Plan, compile_plan
from dalsegno_state.ports import Ports
from dalsegno_state.view import NotLoadedError, View

_MOST_PLANS: Final = 256


class Loader:
    """Opens views of executions and fills them as decisions ask."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._plans: dict[str, Plan] = {}
        self._lock = Lock()

    def view(self, workflow_id: str) -> View | None:
        """Return a view that holds the workflow item and its plan, or None."""
        workflow = self._ports.state.workflow(workflow_id)
        return None if workflow is None else self.view_of(workflow)

    def view_of(self, workflow: WorkflowState) -> View:
        """Return a view that begins with an item just read."""
        return View(workflow=workflow, plan=self.plan(workflow.definition_hash))

    def plan(self, definition_hash: str) -> Plan:
        """Return the plan of a snapshot; raises LookupError if the snapshot is not stored."""
        with self._lock:
            plan = self._plans.pop(definition_hash, None)
            if plan is not None:
                self._plans[definition_hash] = plan  # most recently used last
                return plan
        body = self._ports.definitions.snapshot(definition_hash)
        if body is None:
            raise LookupError(f"definition snapshot {definition_hash} is not stored")
        plan = compile_plan(WorkflowDef.model_validate_json(body))
        with self._lock:
            self._plans[definition_hash] = plan
            while len(self._plans) > _MOST_PLANS:
                self._plans.pop(next(iter(self._plans)))
        return plan

    def load(self, view: View, missing: NotLoadedError) -> None:
        """Read into the view what a decision asked for."""
        workflow_id = view.workflow.workflow_id
        if missing.everything:
            view.learn_all(self._ports.state.all_tasks(workflow_id))
        if missing.refs:
            found = self._ports.state.tasks(workflow_id, missing.refs)
            view.tasks.update({ref: found.get(ref) for ref in missing.refs})
        for base_ref in missing.latest:
            view.latest[base_ref] = self._ports.state.latest(workflow_id, base_ref)
        for ref in missing.payloads:
            view.payloads[ref] = self.payload(ref)
        for name in missing.task_defs:
            view.task_defs[name] = self._task_def(name)
        for task_type in missing.polls:
            view.polls[task_type] = tuple(self._ports.polls.polls(task_type))
        for key in missing.cached:
            view.cached[key] = cached_output(self._ports.documents, key)

    def load_open(self, view: View, ref: str, task_id: str) -> None:
        """Read an attempt into the view at half the price, if it looks open.

        Whoever ends it finds out by the write's condition if it was changed a moment ago. If it
        looks any different, a decision that asks for it has it read consistently.
        """
        task = self._ports.state.recent(view.workflow.workflow_id, ref)
        if task is not None and task.task_id == task_id and not task.status.is_terminal:
            view.tasks[ref] = task

    def _task_def(self, name: str) -> TaskDef | None:
        found = self._ports.definitions.task_def(name)
        return None if found is None else with_schemas(self._ports.documents, found)

    def payload(self, ref: PayloadRef) -> JsonObject:
        """Return the content of a large payload, with its references to secrets."""
        content: JsonObject = put_secrets(from_json(self._ports.payloads.get(ref)), ref.secrets)
        return content
