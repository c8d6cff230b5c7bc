"""GET_WORKFLOW: an execution is read as a client would read it."""

from dalsegno.errors import NotFoundError
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.engine.queries import Queries
from dalsegno_state.events import Reported


class ReadWorkflow(Effect):
    """Reads an execution, with its tasks if they are asked for."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        workflow_id = str(work.inputs.get("id") or "")
        include_tasks = work.inputs.get("includeTasks") in (True, "true")
        try:
            workflow = self._queries.workflow(workflow_id, include_tasks=include_tasks)
        except NotFoundError as error:
            return work.failed(str(error))
        return work.completed(workflow.to_wire())
