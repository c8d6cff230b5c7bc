"""Reading executions: workflows with their tasks, searches, what a caller waits for."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from dalsegno.errors import NotFoundError, PayloadTooLargeError
from dalsegno.models import (
    JsonObject,
    SearchResult,
    Task,
    TaskSummary,
    Workflow,
    WorkflowSummary,
)
from dalsegno_state.draft import Draft, Tools
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.masking import masked
from dalsegno_state.engine.rendering import (
    ShownTask,
    wire_summary,
    wire_task,
    wire_task_summary,
    wire_workflow,
)
from dalsegno_state.execution import Payload, PayloadRef, TaskState, WorkflowState
from dalsegno_state.ids import TaskAddress, parse_task_id
from dalsegno_state.outputs import output_of
from dalsegno_state.ports import FoundTask, Ports, TaskQuery, WorkflowQuery
from dalsegno_state.scripts import Scripts
from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.view import NotLoadedError, View

_T = TypeVar("_T")
_MOST_DEPTH = 32
_MOST_TASKS_OF_WORKFLOWS = 10_000


class Queries:
    """Answers from what is stored; changes nothing.

    Args:
        max_answer_bytes: What is known to be larger is refused before it is read; None for no
            bound.
    """

    def __init__(
        self,
        ports: Ports,
        scripts: Scripts,
        loader: Loader,
        max_answer_bytes: int | None = None,
    ) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._ports = ports
        self._scripts = scripts
        self._loader = loader

    def workflow(self, workflow_id: str, *, include_tasks: bool) -> Workflow:
        """Return a workflow.

        Raises:
            NotFoundError: No such workflow.
            PayloadTooLargeError: Its tasks hold more than one answer may.
        """
        view = self.view(workflow_id)
        attempts = self._attempts(view) if include_tasks else []
        self._check_size(attempts)
        return self._shown(view.workflow, view, self._shown_tasks(view, attempts))

    def whole(self, workflow_id: str) -> Workflow:
        """Return a workflow with its tasks, and what clients stored elsewhere too."""
        view = self.view(workflow_id)
        view.workflow = replace(view.workflow, external_input_path=None)
        whole = [(seq, replace(t, external_output_path=None)) for seq, t in self._attempts(view)]
        return self._shown(view.workflow, view, self._shown_tasks(view, whole))

    def status(self, workflow_id: str, *, include_output: bool = False) -> Workflow:
        """Return a workflow without its tasks and payloads; raises NotFoundError.

        Payloads may be kept beside their item, and whoever asks for a status asks often.
        """
        view = self.view(workflow_id)
        output = view.workflow.output if include_output else {}
        return self._shown(replace(view.workflow, input={}, output=output), view, [])

    def tasks(
        self, workflow_id: str, *, start: int, count: int, statuses: frozenset[str]
    ) -> SearchResult[Task]:
        """Return one page of a workflow's tasks, of these statuses only if any are given.

        Raises:
            PayloadTooLargeError: The page holds more than one answer may.
        """
        view = self.view(workflow_id)
        wanted = {status.upper() for status in statuses}
        found = [
            each for each in self._attempts(view) if not wanted or each[1].status.value in wanted
        ]
        page = found[start : start + count]
        self._check_size(page)
        return SearchResult[Task](total_hits=len(found), results=self._shown_tasks(view, page))

    def task(self, task_id: str) -> Task:
        """Return one attempt of a task, current or earlier; raises NotFoundError."""
        address = parse_task_id(task_id)
        view = None if address is None else self._loader.view(address.workflow_id)
        if view is None or address is None:
            raise NotFoundError(f"Task not found for taskId: {task_id}")
        task, is_current = self.attempt(address, task_id)
        return self.show(view, task, is_current=is_current)

    def attempt(self, address: TaskAddress, task_id: str) -> tuple[TaskState, bool]:
        """Return an attempt and whether it is the current one; raises NotFoundError."""
        current = self._ports.state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        if current is not None and current.task_id == task_id:
            return current, True
        earlier = self._ports.state.attempt(address.workflow_id, address.ref, task_id)
        if earlier is None:
            raise NotFoundError(f"Task not found for taskId: {task_id}")
        return earlier, False

    def show(self, view: View, task: TaskState, *, is_current: bool = True) -> Task:
        """Return one task as the API shows it."""
        names = view.plan.definition.masked_fields
        return _masked_task(self._whole(view, self._unlinked_task(task, names), is_current), view)

    def hand_out(self, view: View, task: TaskState) -> Task:
        """Return one task as its worker gets it: nothing of it is masked."""
        return self._whole(view, task, is_current=True)

    def search(self, query: WorkflowQuery) -> SearchResult[WorkflowSummary]:
        """Return one page of the workflows that match, as summaries."""
        total, found = self._ports.state.search(query)
        return SearchResult[WorkflowSummary](
            total_hits=total, results=[self._summary(workflow) for workflow in found]
        )

    def search_v2(self, query: WorkflowQuery) -> SearchResult[Workflow]:
        """Return one page of the workflows that match, whole but for their tasks."""
        total, found = self._ports.state.search(query)
        shown = [self._shown(w, self._loader.view_of(w), []) for w in found]
        return SearchResult[Workflow](total_hits=total, results=shown)

    def search_tasks(self, query: TaskQuery) -> SearchResult[TaskSummary]:
        """Return one page of the task attempts that match, as summaries."""
        total, found = self._ports.state.search_tasks(query)
        return SearchResult[TaskSummary](
            total_hits=total, results=[self._task_summary(each) for each in found]
        )

    def search_tasks_v2(self, query: TaskQuery) -> SearchResult[Task]:
        """Return one page of the task attempts that match, whole."""
        total, found = self._ports.state.search_tasks(query)
        shown = [
            self.show(self._loader.view_of(each.workflow), each.task, is_current=each.is_current)
            for each in found
        ]
        return SearchResult[Task](total_hits=total, results=shown)

    def search_by_tasks(self, query: TaskQuery) -> SearchResult[WorkflowSummary]:
        """Return one page of the workflows that have matching tasks, as summaries.

        They come in the order of their first tasks; no more than ten thousand tasks count.
        """
        total, found = self._workflows_of_tasks(query)
        return SearchResult[WorkflowSummary](
            total_hits=total, results=[self._summary(workflow) for workflow in found]
        )

    def search_by_tasks_v2(self, query: TaskQuery) -> SearchResult[Workflow]:
        """Return one page of the workflows that have matching tasks. See ``search_by_tasks``."""
        total, found = self._workflows_of_tasks(query)
        shown = [self._shown(w, self._loader.view_of(w), []) for w in found]
        return SearchResult[Workflow](total_hits=total, results=shown)

    def blocking_task(self, workflow_id: str, wait_refs: frozenset[str]) -> Task | None:
        """Return what a synchronous call waits for, here or in running sub-workflows.

        That is a WAIT without a time, or an ended task with one of these reference names.
        """
        return self._first_task(workflow_id, lambda task: _is_blocking(task, wait_refs))

    def waiting_task(self, workflow_id: str) -> Task | None:
        """Return the first open WAIT, here or in running sub-workflows."""
        return self._first_task(
            workflow_id,
            lambda task: task.task_type == "WAIT" and not task.status.is_terminal,
        )

    def pending(self, workflow_id: str, ref: str) -> TaskState | None:
        """Return the first open task of that name, else of that base name in a loop."""
        exact = self._ports.state.tasks(workflow_id, [ref]).get(ref)
        if exact is not None and not exact.status.is_terminal:
            return exact
        open_tasks = (
            task
            for task in self._ports.state.all_tasks(workflow_id)
            if not task.status.is_terminal and task.base_ref == ref
        )
        return next(open_tasks, None)

    def view(self, workflow_id: str) -> View:
        """Return a view of a workflow; raises NotFoundError."""
        view = self._loader.view(workflow_id)
        if view is None:
            raise NotFoundError(f"No such workflow found by id: {workflow_id}")
        return view

    def content(self, payload: Payload) -> JsonObject:
        """Return a payload's content, wherever it is kept."""
        return payload if isinstance(payload, dict) else self._loader.payload(payload)

    def _whole(self, view: View, task: TaskState, is_current: bool) -> Task:
        return self._read(view, lambda draft: _shown_task(draft, task, task.position, is_current))

    def _workflows_of_tasks(self, query: TaskQuery) -> tuple[int, list[WorkflowState]]:
        every = replace(query, start=0, size=_MOST_TASKS_OF_WORKFLOWS)
        _, found = self._ports.state.search_tasks(every)
        workflows = list({each.workflow.workflow_id: each.workflow for each in found}.values())
        return len(workflows), workflows[query.start : query.start + query.size]

    def _task_summary(self, found: FoundTask) -> TaskSummary:
        definition = self._loader.plan(found.workflow.definition_hash).definition
        return wire_task_summary(
            self._unlinked_task(found.task, definition.masked_fields),
            found.workflow,
            inputs=masked(self.content(found.task.input), definition.masked_fields),
            output=masked(self.content(found.task.output), definition.masked_fields),
        )

    def _first_task(
        self, workflow_id: str, accepts: Callable[[TaskState], bool], depth: int = 0
    ) -> Task | None:
        view = self._loader.view(workflow_id)
        if view is None or depth > _MOST_DEPTH:
            return None
        tasks = sorted(self._ports.state.all_tasks(workflow_id), key=lambda task: task.sequence)
        for task in tasks:
            if accepts(task):
                return self.show(view, task)
        for task in tasks:
            if task.sub_workflow_id is not None and not task.status.is_terminal:
                found = self._first_task(task.sub_workflow_id, accepts, depth + 1)
                if found is not None:
                    return found
        return None

    def _attempts(self, view: View) -> list[tuple[int, TaskState]]:
        """Return all attempts of a workflow's tasks, in order and numbered; the view has them."""
        workflow_id = view.workflow.workflow_id
        view.learn_all(self._ports.state.all_tasks(workflow_id))
        current = {task.task_id for task in view.all_tasks()}
        earlier = (a for a in self._ports.state.attempts(workflow_id) if a.task_id not in current)
        ordered = sorted([*view.all_tasks(), *earlier], key=lambda t: (t.sequence, t.retry_count))
        return list(enumerate(ordered, start=1))

    def _shown_tasks(self, view: View, attempts: list[tuple[int, TaskState]]) -> list[Task]:
        """Return attempts as the API shows them; only their payloads are read."""
        if not attempts:
            return []
        names = view.plan.definition.masked_fields
        unlinked = [(seq, self._unlinked_task(task, names)) for seq, task in attempts]
        current = {task.task_id for task in view.all_tasks()}
        shown = self._read(
            view,
            lambda draft: [
                _shown_task(draft, task, seq, task.task_id in current) for seq, task in unlinked
            ],
        )
        return [_masked_task(task, view) for task in shown]

    def _check_size(self, attempts: list[tuple[int, TaskState]]) -> None:
        """Refuse to read what cannot be answered: payloads outside of items know their sizes."""
        size_bytes = sum(_size_outside(task) for _, task in attempts)
        if self._max_answer_bytes is not None and size_bytes > self._max_answer_bytes:
            raise PayloadTooLargeError(
                f"{size_bytes} bytes of inputs and outputs do not fit into one answer: "
                "includeTasks=false leaves the tasks out, and GET /api/workflow/{workflowId}/tasks"
                "?start=0&count=10 lists them page by page; a smaller count makes a page smaller"
            )

    def _read(self, view: View, ask: Callable[[Draft], _T]) -> _T:
        """Return what is asked of a view, reading more as needed."""
        tools = Tools(
            scripts=self._scripts,
            environment=self._ports.secrets.environment,
            is_exhausted=lambda: False,
        )
        while True:
            try:
                return ask(Draft(view, tools, self._ports.clock.now(), TASK_TYPES))
            except NotLoadedError as missing:
                self._loader.load(view, missing)

    def _shown(self, workflow: WorkflowState, view: View, tasks: list[Task]) -> Workflow:
        names = view.plan.definition.masked_fields
        return wire_workflow(
            replace(self._unlinked(workflow, names), variables=masked(workflow.variables, names)),
            view.plan,
            inputs=masked(self.content(workflow.input), names),
            output=masked(self.content(workflow.output), names),
            tasks=tasks,
        )

    def _summary(self, workflow: WorkflowState) -> WorkflowSummary:
        definition = self._loader.plan(workflow.definition_hash).definition
        return wire_summary(
            self._unlinked(workflow, definition.masked_fields),
            inputs=masked(self.content(workflow.input), definition.masked_fields),
            output=masked(self.content(workflow.output), definition.masked_fields),
        )

    def _unlinked(self, workflow: WorkflowState, names: Collection[str]) -> WorkflowState:
        """Return a workflow without the path of an input of which something is masked.

        A caller who is told a path may fetch what was put there, unmasked.
        """
        path = workflow.external_input_path
        if path is None or not self._has_masked(workflow.input, names):
            return workflow
        return replace(workflow, external_input_path=None)

    def _unlinked_task(self, task: TaskState, names: Collection[str]) -> TaskState:
        """Return a task without the paths of payloads of which something is masked."""
        if task.external_input_path and self._has_masked(task.input, names):
            task = replace(task, external_input_path=None)
        if task.external_output_path and self._has_masked(task.output, names):
            task = replace(task, external_output_path=None)
        return task

    def _has_masked(self, payload: Payload, names: Collection[str]) -> bool:
        content = self.content(payload)
        return masked(content, names) != content


def _size_outside(task: TaskState) -> int:
    """Return how long the payloads are that are shown and are not kept in the task's item."""
    shown = (
        None if task.external_input_path else task.input,
        None if task.external_output_path else task.output,
    )
    return sum(each.size_bytes for each in shown if isinstance(each, PayloadRef))


def _masked_task(task: Task, view: View) -> Task:
    names = view.plan.definition.masked_fields
    update = {
        "input_data": masked(task.input_data, names),
        "output_data": masked(task.output_data, names),
    }
    return task.model_copy(update=update)


def _is_blocking(task: TaskState, wait_refs: frozenset[str]) -> bool:
    if task.status.is_terminal:
        return task.ref in wait_refs
    return task.task_type == "WAIT" and task.wait_until is None


def _shown_task(draft: Draft, task: TaskState, seq: int, is_current: bool) -> Task:
    try:
        place = draft.place_of(task)
    except LookupError:  # a branch whose root was deleted meanwhile
        place = None
    output = output_of(draft, task) if place is not None else draft.payload(task.output)
    return wire_task(
        ShownTask(
            task=task,
            place=place,
            inputs=draft.payload(task.input),
            output=output,
            seq=seq,
            is_current=is_current,
        ),
        draft.workflow,
    )
