"""Reads that lag behind: ``recent`` may show a task as it was at any earlier time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from dalsegno_state.engine import Engine
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Message, StateStore
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.writes import CreateTask, Lost, ReplaceTask, Write
from tests.engine.world import World, done, fails, in_progress, simple, system

# Which of the earlier versions of a task a read shows; the first is that there is none.
Lag = Callable[[Sequence[TaskState | None]], TaskState | None]


class LaggingStateStore:
    """``StateStore`` whose ``recent`` tells what was, not what is."""

    def __init__(self, inner: StateStore, lag: Lag) -> None:
        self._inner = inner
        self._lag = lag
        self._versions: dict[tuple[str, str], list[TaskState | None]] = defaultdict(lambda: [None])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """See ``StateStore.commit``."""
        lost = self._inner.commit(writes)
        for write in writes:
            if isinstance(write, CreateTask | ReplaceTask):
                versions = self._versions[write.task.workflow_id, write.task.ref]
                stored = self._inner.recent(write.task.workflow_id, write.task.ref)
                if stored != versions[-1]:
                    versions.append(stored)
        return lost

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """See ``StateStore.recent``."""
        return self._lag(self._versions[workflow_id, ref])


def lagging(world: World, scripts: SandboxedScripts, lag: Lag) -> World:
    """Let the world's engine read through a store that lags behind."""
    state: Any = LaggingStateStore(world.ports.state, lag)
    world.engine = Engine(replace(world.ports, state=state), scripts, world.http)
    return world


def previous(versions: Sequence[TaskState | None]) -> TaskState | None:
    return versions[-2] if len(versions) > 1 else versions[-1]


def oldest(versions: Sequence[TaskState | None]) -> TaskState | None:
    return versions[0]


def first_stored(versions: Sequence[TaskState | None]) -> TaskState | None:
    return versions[1] if len(versions) > 1 else None


@pytest.mark.parametrize("lag", [previous, oldest, *(Random(seed).choice for seed in range(8))])
def test_workflow_ends_the_same_however_reads_lag(
    world: World, scripts: SandboxedScripts, lag: Lag
) -> None:
    lagging(world, scripts, lag)
    for name in ("flaky", "slow", "turn", "last"):
        world.define(name, retryCount=3)
    loop = system(
        "DO_WHILE", "loop", loopCondition="$.loop.iteration < 3", loopOver=[simple("turn")]
    )
    workers = {("flaky", 0): fails(), ("flaky", 1): fails(), "turn": done(n=1)}

    workflow = world.run(simple("flaky"), simple("slow"), loop, simple("last"), workers=workers)

    assert workflow.status == "COMPLETED"
    assert [task.reference_task_name for task in workflow.tasks if not task.retried] == [
        "flaky",
        "slow",
        "loop",
        "turn__1",
        "turn__2",
        "turn__3",
        "last",
    ]


def test_message_is_kept_if_the_task_was_offered_again_meanwhile(
    world: World, scripts: SandboxedScripts
) -> None:
    shown: list[TaskState | None] = []
    lagging(world, scripts, lambda versions: shown[0] if shown else versions[-1])
    world.register(simple("a"))
    w = world.start()
    shown.append(world.ports.state.recent(w, "a"))  # scheduled, and never changed
    world.report(world.take("a"), in_progress())  # scheduled again

    first, second = world.poll("a"), world.poll("a")
    shown.clear()

    assert [*first, *second] == []
    assert len(world.poll("a")) == 1


def test_report_on_an_attempt_that_looks_old_is_taken_in(
    world: World, scripts: SandboxedScripts
) -> None:
    lagging(world, scripts, oldest)
    world.define("a", retryCount=1)
    world.register(simple("a"))
    w = world.start()
    world.report(world.take("a"), fails())

    world.report(world.take("a"), done())

    assert world.workflow(w).status == "COMPLETED"


def test_claim_by_a_read_from_before_another_claim_is_refused(
    world: World, scripts: SandboxedScripts
) -> None:
    lagging(world, scripts, first_stored)
    world.register(simple("a"))
    world.start()
    task = world.take("a")

    world.ports.queues.send([Message(queue="a", body=task.task_id)])

    assert world.poll("a") == []
