"""The workflows that are measured."""

from typing import Any

Definition = dict[str, Any]


def chain(name: str, task_types: list[str]) -> Definition:
    """Return a workflow of worker tasks, each with the result of the one before as its input."""
    tasks = []
    for number, task_type in enumerate(task_types):
        before = f"${{step_{number - 1}.output.result}}" if number else "${workflow.input.order}"
        tasks.append(worker(task_type, f"step_{number}", {"number": number, "before": before}))
    return workflow(name, tasks)


def fork(name: str) -> Definition:
    """Return a dynamic fork of whatever ``tasks`` in its input names, joined."""
    return workflow(
        name,
        [
            {
                "name": "fork",
                "taskReferenceName": "fork",
                "type": "FORK_JOIN_DYNAMIC",
                "dynamicForkTasksParam": "tasks",
                "dynamicForkTasksInputParamName": "inputs",
                "inputParameters": {
                    "tasks": "${workflow.input.tasks}",
                    "inputs": "${workflow.input.inputs}",
                },
            },
            {"name": "join", "taskReferenceName": "join", "type": "JOIN"},
        ],
    )


def fork_input(task_type: str, width: int) -> dict[str, Any]:
    """Return the input of a fork into ``width`` worker tasks."""
    tasks = [
        {"name": task_type, "taskReferenceName": f"part_{number}", "type": "SIMPLE"}
        for number in range(width)
    ]
    inputs = {f"part_{number}": {"number": number} for number in range(width)}
    return {"tasks": tasks, "inputs": inputs}


def loop(name: str, body: Definition, turns: int) -> Definition:
    """Return a loop of one task."""
    return workflow(
        name,
        [
            {
                "name": "loop",
                "taskReferenceName": "loop",
                "type": "DO_WHILE",
                "loopCondition": f"$.loop['iteration'] < {turns}",
                "loopOver": [body],
            }
        ],
    )


def wait(name: str) -> Definition:
    """Return a workflow that waits to be signalled."""
    return workflow(name, [wait_task()])


def wait_task(duration: str | None = None) -> Definition:
    """Return a task that waits for so long, or to be signalled."""
    inputs = {} if duration is None else {"duration": duration}
    return {"name": "wait", "taskReferenceName": "wait", "type": "WAIT", "inputParameters": inputs}


def sub_workflow(name: str, inputs: dict[str, Any]) -> Definition:
    """Return a task that runs another workflow."""
    return {
        "name": name,
        "taskReferenceName": name,
        "type": "SUB_WORKFLOW",
        "inputParameters": inputs,
        "subWorkflowParam": {"name": name, "version": 1},
    }


def worker(task_type: str, ref: str, inputs: dict[str, Any] | None = None) -> Definition:
    """Return a worker task."""
    return {
        "name": task_type,
        "taskReferenceName": ref,
        "type": "SIMPLE",
        "inputParameters": inputs or {},
    }


def script(ref: str) -> Definition:
    """Return a task that runs a small script."""
    return {
        "name": ref,
        "taskReferenceName": ref,
        "type": "INLINE",
        "inputParameters": {"evaluatorType": "javascript", "expression": "1 + 1"},
    }


def workflow(name: str, tasks: list[Definition]) -> Definition:
    """Return a workflow of these tasks."""
    return {"name": name, "version": 1, "schemaVersion": 2, "timeoutSeconds": 0, "tasks": tasks}
