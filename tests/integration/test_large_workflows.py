"""Width and length: thousands of branches and of turns; ten thousand of each are in the bench."""

from bench import definitions
from bench.world import in_memory

MANY = 2_000


def test_fork_of_thousands_of_branches_is_joined() -> None:
    with in_memory() as world:
        world.register(definitions.fork("wide"))
        workflow_id = world.start("wide", definitions.fork_input("part", MANY))

        done = 0
        while tasks := world.poll("part", count=50):
            for task in tasks:
                world.complete(task)
            done += len(tasks)

        workflow = world.engine.queries.workflow(workflow_id, include_tasks=True)
        assert done == MANY
        assert workflow.status == "COMPLETED"
        assert len(workflow.output) == MANY
        assert workflow.output[f"part_{MANY - 1}"] == {"result": "done", "amount": 4200}


def test_loop_of_thousands_of_turns_ends() -> None:
    with in_memory() as world:
        body = definitions.worker("turn", "turn", {"before": "${loop.output.iteration}"})
        world.register(definitions.loop("long", body, MANY))
        workflow_id = world.start("long")

        assert world.work("turn") == MANY

        status = world.engine.queries.status(workflow_id)
        assert status.status == "COMPLETED"
