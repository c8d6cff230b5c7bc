"""Administration: what is pending, and looking after what may have been lost."""

from dalsegno.errors import InvalidRequestError, NotFoundError
from dalsegno.models import SearchResult, Task, TaskStatus
from dalsegno_state import ids
from dalsegno_state.conditions import AllOf, Condition, OneOf
from dalsegno_state.engine.claiming import definition_of
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.queries import Queries
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import Wake, encode_evaluation
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ports import FoundTask, Message, Order, Ports, TaskQuery, WorkflowQuery
from dalsegno_state.reserved_names import work_fault
from dalsegno_state.search_queries import OPEN_WORKFLOWS
from dalsegno_state.worker_queue import queue_name, visible_at

_MOST_REQUEUED = 20_000


class Administration:
    """What administrators see and do beyond single operations."""

    def __init__(self, ports: Ports, loader: Loader, queries: Queries, runner: Runner) -> None:
        self._ports = ports
        self._loader = loader
        self._queries = queries
        self._runner = runner

    def pending_tasks(self, task_type: str, *, start: int, count: int) -> SearchResult[Task]:
        """Return one page of the open tasks of a type, those first that have waited longest.

        Raises:
            InvalidRequestError: There are too many open workflows to look into.
        """
        statuses = (TaskStatus.SCHEDULED, TaskStatus.IN_PROGRESS)
        return self._queries.search_tasks_v2(
            _pending(task_type, *statuses, start=start, size=count)
        )

    def requeue(self, task_type: str) -> int:
        """Announce the scheduled tasks of a type once more; return how many there are.

        A message too many does no harm: whoever gets it finds its task taken.

        Raises:
            InvalidRequestError: There are too many open workflows to look into, or the name is
                that of a queue of the engine.
        """
        if task_type.startswith("_"):
            raise InvalidRequestError(f"{work_fault(task_type)}: no tasks wait there")
        query = _pending(task_type, TaskStatus.SCHEDULED, start=0, size=_MOST_REQUEUED)
        _, found = self._ports.state.search_tasks(query)
        self._ports.queues.send([self._announcement(each) for each in found])
        return len(found)

    def wake_later(self, workflow_id: str) -> bool:
        """Have the evaluator look at a workflow; return False if it has ended."""
        workflow = self._workflow(workflow_id)
        if workflow.status.is_terminal:
            return False
        body = encode_evaluation(workflow_id, Wake())
        self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])
        return True

    def repair(self, workflow_id: str) -> bool:
        """Look at everything of a workflow now; return whether that changed something."""
        before = self._revisions(workflow_id)
        self._runner.run(workflow_id, Wake())
        return self._revisions(workflow_id) != before

    def _workflow(self, workflow_id: str) -> WorkflowState:
        workflow = self._ports.state.workflow(workflow_id)
        if workflow is None or workflow.archived:
            raise NotFoundError(f"No such workflow found by id: {workflow_id}")
        return workflow

    def _revisions(self, workflow_id: str) -> tuple[int, set[tuple[str, int]]]:
        workflow = self._workflow(workflow_id)
        tasks: list[TaskState] = list(self._ports.state.all_tasks(workflow_id))
        return workflow.revision, {(task.task_id, task.revision) for task in tasks}

    def _announcement(self, found: FoundTask) -> Message:
        task, workflow = found.task, found.workflow
        plan = self._loader.plan(workflow.definition_hash)
        task_def = definition_of(task, plan, self._ports.definitions)
        return Message(
            queue=queue_name(task.task_type, task.domain, task_def),
            body=task.task_id,
            deliver_at=visible_at(task),
            priority=workflow.priority,
        )


def _pending(task_type: str, *statuses: TaskStatus, start: int, size: int) -> TaskQuery:
    where: tuple[Condition, ...] = (OneOf("taskType", (task_type,)), OneOf("status", statuses))
    return TaskQuery(
        workflows=WorkflowQuery(statuses=OPEN_WORKFLOWS),
        where=AllOf(where),
        order=(Order("scheduledTime", ascending=True),),
        start=start,
        size=size,
    )
