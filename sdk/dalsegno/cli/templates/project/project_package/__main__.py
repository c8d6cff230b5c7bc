"""``python -m project_package`` registers the workflow, here or where DALSEGNO_URL says."""

from dalsegno import Dalsegno

from project_package.workflow import order, task_defs


def main() -> None:
    """Register the definitions, in place of those that were there."""
    client = Dalsegno()
    for task_def in task_defs:
        client.definitions.tasks.put(task_def)
    client.definitions.workflows.put(order.definition())
    print(f"registered {order.name} at {client.url}")


if __name__ == "__main__":
    main()
