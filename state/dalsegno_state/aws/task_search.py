"""Searches for task attempts: the workflows that may have them, then all of their tasks.

No index lists tasks: each would cost a write or two more per step. So a search must name
workflows narrowly enough, or is refused rather than answered with a part.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from dalsegno.errors import InvalidRequestError
from dalsegno_state import ids
from dalsegno_state.aws import layout
from dalsegno_state.aws.items import decoded_task
from dalsegno_state.aws.matching import matches, task_matches
from dalsegno_state.aws.search import WorkflowSearch
from dalsegno_state.aws.table import Table
from dalsegno_state.conditions import is_pattern
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import FoundTask, TaskQuery, WorkflowQuery
from dalsegno_state.search_fields import TASK_FIELDS, check_order, in_order

# Each workflow takes two requests, one after the other: some seconds in all.
MOST_WORKFLOWS: Final = 500
MOST_TASKS: Final = 20_000

_ADVICE: Final = (
    "Add workflowId, workflowType, correlationId or workflowStartTime, or ask for open tasks only "
    "by status IN (SCHEDULED, IN_PROGRESS)."
)


class TaskSearch:
    """Finds task attempts through the workflows they belong to."""

    def __init__(self, table: Table, workflows: WorkflowSearch) -> None:
        self._table = table
        self._workflows = workflows

    def run(self, query: TaskQuery) -> tuple[int, list[FoundTask]]:
        """See ``StateStore.search_tasks``.

        Raises:
            InvalidRequestError: More than ``MOST_WORKFLOWS`` workflows may have such tasks, or
                they have more than ``MOST_TASKS`` attempts.
            ValueError: The query is ordered by something tasks cannot be ordered by.
        """
        check_order(TASK_FIELDS, query.order)
        hits: list[FoundTask] = []
        for examined, found in enumerate(self._attempts(self._candidates(query))):
            if examined >= MOST_TASKS:
                raise InvalidRequestError(
                    f"The search would look at more than {MOST_TASKS} tasks. {_ADVICE}"
                )
            if task_matches(query, found):
                hits.append(found)
        hits = in_order(hits, TASK_FIELDS, query.order, "taskId")
        return len(hits), hits[query.start : query.start + query.size]

    def _candidates(self, query: TaskQuery) -> list[WorkflowState]:
        narrowed = query.workflows
        if query.task_ids is not None and not any(map(is_pattern, query.task_ids)):
            addresses = map(ids.parse_task_id, query.task_ids)
            named = tuple(dict.fromkeys(each.workflow_id for each in addresses if each))
            found = self._workflows.at_most(WorkflowQuery(workflow_ids=named), MOST_WORKFLOWS)
            return [workflow for workflow in found or () if matches(narrowed, workflow)]
        workflows = self._workflows.at_most(narrowed, MOST_WORKFLOWS)
        if workflows is None:
            raise InvalidRequestError(
                f"More than {MOST_WORKFLOWS} workflows may have such tasks. {_ADVICE}"
            )
        return workflows

    def _attempts(self, workflows: Iterable[WorkflowState]) -> Iterator[FoundTask]:
        for workflow in workflows:
            pk = layout.workflow_pk(workflow.workflow_id)
            current = set()
            for item in self._table.under(pk, "T#"):
                task = decoded_task(workflow.workflow_id, item)
                current.add(task.task_id)
                yield FoundTask(task, workflow)
            for item in self._table.under(pk, "A#"):
                task = decoded_task(workflow.workflow_id, item)
                if task.task_id not in current:  # frozen, but not yet replaced
                    yield FoundTask(task, workflow, is_current=False)
