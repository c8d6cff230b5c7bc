"""Stubs of workflows: what a mocked sub-workflow consists of."""

from typing import Final

from dalsegno.models import WorkflowDef, WorkflowTask

_MARK: Final = "stubOfWorkflow"


def stub(name: str, mock: str, version: int = 1) -> WorkflowDef:
    """Return a workflow of one task, whose input and output are the workflow's.

    Args:
        name: Of the workflow.
        mock: Of the task: the name by which it is mocked.
        version: Of the workflow.
    """
    task = WorkflowTask(
        name=mock,
        task_reference_name=mock,
        input_parameters={"input": "${workflow.input}"},
        metadata={_MARK: name},
    )
    return WorkflowDef(name=name, version=version, tasks=[task])


def is_stub(task: WorkflowTask) -> bool:
    """Return whether a task is that of a stub."""
    return _MARK in task.metadata
