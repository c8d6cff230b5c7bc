"""Promise 2: any evaluation may be done by several at the same time, in threads of their own."""

from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from dalsegno.errors import ConductorError
from dalsegno.models import TaskResultStatus
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.sqlite import open_ports
from tests.crash.catalogue import child, fork, inline, join, loop, task, turns, workflow
from tests.crash.differences import differences
from tests.crash.digest import digest_of, leftovers
from tests.crash.installations import OnSqlite
from tests.crash.world import Result, Scenario, World, as_reported, start_root, the_scripts
from tests.race import race

_BUSY = Scenario(
    "busy",
    [
        workflow(
            "busy",
            fork(
                "f",
                [task("a"), loop("l", turns("l", 3), task("b"), inline("i", "1"))],
                [child("s", "small"), task("c")],
                [
                    task(
                        "d",
                        "FORK_JOIN_DYNAMIC",
                        inputParameters={"forkTaskInputs": list(range(12)), "forkTaskName": "k"},
                    ),
                    task("dj", "JOIN"),
                ],
                [task("v", "SET_VARIABLE", inputParameters={"x": 1}), task("e")],
                [task("w", "SET_VARIABLE", inputParameters={"y": 2})],
            ),
            join("j", "l", "c", "dj", "e", "w"),
            task("z", inputParameters={"all": "${workflow.variables}"}),
        ),
        workflow("small", task("k1"), inline("k2", "2")),
    ],
)
_WORK = ("a", "b", "c", "k", "e", "k1", "z")
_PROCESSES = 4


@pytest.mark.parametrize("attempt", range(3))
def test_several_processes_at_once_end_in_the_same_state(tmp_path: Path, attempt: int) -> None:
    calm = World(_BUSY)
    calm.run()
    world = World(_BUSY, install=partial(OnSqlite, directory=tmp_path))
    start_root().do(world)

    race(_PROCESSES, lambda _: _serve(tmp_path, world))
    world.run_on()

    assert list(differences(digest_of(calm), digest_of(world))) == []
    assert leftovers(world) == []


def test_attempt_ends_once_whoever_else_reports_on_it(tmp_path: Path) -> None:
    scenario = Scenario(
        "once", [workflow("once", task("a"), task("b", inputParameters={"a": "${a.output.by}"}))]
    )
    world = World(scenario, install=partial(OnSqlite, directory=tmp_path))
    start_root().do(world)
    [polled] = world.engine.tasks.poll("a", worker_id="w", domain=None, count=1, wait_seconds=0)

    def report(number: int) -> None:
        with closing(open_ports(tmp_path, world.clock)) as ports:
            engine = Engine(ports, the_scripts(), world.service)
            status = TaskResultStatus.COMPLETED if number % 2 else TaskResultStatus.FAILED
            engine.tasks.update(as_reported(polled, Result(status, {"by": number})))

    race(6, report)
    first = world.engine.queries.task(polled.task_id)
    world.run_on()

    ended = {t.task_id: t for t in world.shown(polled.workflow_instance_id).tasks}
    assert ended[polled.task_id].output_data == first.output_data
    assert ended[polled.task_id].status == first.status
    last = max((t for t in ended.values() if t.reference_task_name == "a"), key=lambda t: t.seq)
    [follower] = [t for t in ended.values() if t.reference_task_name == "b"]
    assert follower.input_data == {"a": last.output_data["by"]}


def _serve(directory: Path, world: World) -> None:
    """Be one process that does everything there is to do, until the workflow has ended."""
    with closing(open_ports(directory, world.clock)) as ports:
        engine = Engine(ports, the_scripts(), world.service)
        while not world.has_ended():
            for message in ports.queues.receive(
                EVALUATOR_QUEUE, count=10, wait_seconds=0.02, visibility_seconds=30
            ):
                engine.evaluate(message.body)
                engine.evaluate(message.body)
                ports.queues.delete(EVALUATOR_QUEUE, [message.receipt])
            for task_type in _WORK:
                _work(engine, task_type)
            with suppress(ConductorError):  # it has ended meanwhile
                engine.executions.decide(world.workflow().workflow_id)


def _work(engine: Engine, task_type: str) -> None:
    for polled in engine.tasks.poll(task_type, worker_id="w", domain=None, count=2, wait_seconds=0):
        engine.tasks.update(as_reported(polled, Result()))
        engine.tasks.update(as_reported(polled, Result(TaskResultStatus.FAILED, {"late": True})))
