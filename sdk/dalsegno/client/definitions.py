"""Definitions, of workflows and of tasks."""

from dalsegno.client.call import Call, reads
from dalsegno.client.operation import AsyncGroup, AsyncSender, Group, Sender, operation
from dalsegno.client.task_definitions import AsyncTaskDefinitions, TaskDefinitions
from dalsegno.client.workflow_definitions import AsyncWorkflowDefinitions, WorkflowDefinitions
from dalsegno.models import Tag


class DefinitionCalls:
    """What concerns definitions of both kinds."""

    @operation
    def tags(self) -> Call[list[Tag]]:
        """Return every tag once, however many definitions have it."""
        return Call("GET", "/metadata/tags", reads(list[Tag]), repeatable=True)


class Definitions(Group, DefinitionCalls):
    """See ``DefinitionCalls``.

    Attributes:
        workflows: Definitions of workflows.
        tasks: Definitions of tasks.
    """

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender)
        self.workflows = WorkflowDefinitions(sender)
        self.tasks = TaskDefinitions(sender)


class AsyncDefinitions(AsyncGroup, DefinitionCalls):
    """See ``Definitions``; awaited."""

    def __init__(self, sender: AsyncSender) -> None:
        super().__init__(sender)
        self.workflows = AsyncWorkflowDefinitions(sender)
        self.tasks = AsyncTaskDefinitions(sender)
