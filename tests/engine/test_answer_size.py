"""What does not fit into one answer of a function stays for the next, or says why it cannot."""

import pytest

from dalsegno.errors import PayloadTooLargeError
from dalsegno.models import Task, TaskStatus
from dalsegno_state.engine import Engine, tasks
from dalsegno_state.engine.answer_size import MAX_BYTES
from dalsegno_state.execution import PayloadRef
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.sqlite.payloads import MemoryPayloadStore
from tests.engine.world import Script, World, done, simple

_LARGE = 1_500_000


def _start(world: World, count: int, size: int) -> list[str]:
    world.register(simple("a", inputParameters={"text": "${workflow.input.text}"}))
    return [world.start(inputs={"text": "x" * size}) for _ in range(count)]


def _size(found: list[Task]) -> int:
    return sum(len(task.to_wire_json()) for task in found)


def _is_free(world: World, workflow_id: str) -> bool:
    return world.task(workflow_id, "a").status is TaskStatus.SCHEDULED


def test_poll_takes_no_more_than_one_answer_holds(world: World) -> None:
    workflows = _start(world, 4, _LARGE)

    first = world.poll("a", count=4)

    assert (len(first), _size(first) <= MAX_BYTES) == (2, True)
    assert sum(_is_free(world, each) for each in workflows) == 2


def test_what_did_not_fit_is_there_at_once(world: World) -> None:
    workflows = _start(world, 4, _LARGE)
    first = world.poll("a", count=4)

    second = world.poll("a", count=4)

    taken = {task.workflow_instance_id for task in (*first, *second)}
    assert taken == set(workflows)
    assert {task.poll_count for task in second} == {1}


def test_poll_that_takes_long_stops_claiming(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    workflows = _start(world, 12, 1)
    ticks = iter(range(0, 10_000, 2))
    monkeypatch.setattr(tasks, "monotonic", lambda: float(next(ticks)))

    first = world.poll("a", count=12)

    assert 0 < len(first) < 12
    assert sum(_is_free(world, each) for each in workflows) == 12 - len(first)
    monkeypatch.undo()
    assert len(world.poll("a", count=12)) == 12 - len(first)


def test_task_that_fits_into_no_answer_fails_with_its_size(world: World) -> None:
    (workflow,) = _start(world, 1, MAX_BYTES)

    assert world.poll("a") == []

    task = world.task(workflow, "a")
    assert task.status is TaskStatus.FAILED_WITH_TERMINAL_ERROR
    assert f"more than the {MAX_BYTES} that fit" in (task.reason_for_incompletion or "")
    assert world.workflow(workflow).status == "FAILED"


def test_more_than_a_portion_is_polled_at_once(world: World) -> None:
    workflows = _start(world, 25, 1)

    found = world.poll("a", count=30)

    assert {task.workflow_instance_id for task in found} == set(workflows)


def test_waiting_tasks_that_do_not_fit_together_are_asked_for_in_parts(world: World) -> None:
    workflows = _start(world, 4, _LARGE)
    ids = [world.task(each, "a").task_id for each in workflows]

    with pytest.raises(PayloadTooLargeError, match="fewer taskIds"):
        world.engine.tasks.waiting(ids)

    assert len(world.engine.tasks.waiting(ids[:2])) == 2


def _bounded(world: World, scripts: SandboxedScripts, max_answer_bytes: int | None) -> Engine:
    return Engine(world.ports, scripts, world.http, max_answer_bytes=max_answer_bytes)


def _finished(world: World) -> str:
    """Return a workflow with the outputs of three tasks, 200 KB each."""
    work: Script = {ref: done(text="x" * 200_000) for ref in "abc"}
    return world.run(*(simple(ref) for ref in "abc"), workers=work).workflow_id


def test_page_reads_the_payloads_of_its_own_tasks_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = _finished(world)
    read: list[PayloadRef] = []
    payloads = type(world.ports.payloads)
    get = payloads.get

    def noted(self: MemoryPayloadStore, ref: PayloadRef) -> bytes:
        read.append(ref)
        return get(self, ref)

    monkeypatch.setattr(payloads, "get", noted)

    page = world.engine.queries.tasks(workflow, start=1, count=1, statuses=frozenset())

    assert [task.reference_task_name for task in page.results] == ["b"]
    assert (page.total_hits, page.results[0].seq, len(read)) == (3, 2, 1)


def test_execution_too_large_for_an_answer_is_refused_with_the_way_to_read_it(
    world: World, scripts: SandboxedScripts
) -> None:
    workflow = _finished(world)
    queries = _bounded(world, scripts, 500_000).queries

    with pytest.raises(PayloadTooLargeError, match=r"includeTasks=false .*start=0&count="):
        queries.workflow(workflow, include_tasks=True)
    with pytest.raises(PayloadTooLargeError, match="a smaller count"):
        queries.tasks(workflow, start=0, count=3, statuses=frozenset())

    assert queries.workflow(workflow, include_tasks=False).tasks == []
    assert len(queries.tasks(workflow, start=0, count=2, statuses=frozenset()).results) == 2
    assert (
        len(_bounded(world, scripts, None).queries.workflow(workflow, include_tasks=True).tasks)
        == 3
    )
