"""What ``dalsegno cost`` reckons is what the meter measures."""

from random import Random
from string import ascii_letters, digits
from typing import Any

import pytest

from bench import definitions, shapes
from bench.metered import INPUT, MeteredWorld, metered_world
from dalsegno.costs.bill import Counts, Endpoint
from dalsegno.costs.estimate import Guesses, estimate
from dalsegno.costs.traffic import Traffic, Workers
from dalsegno.models import WorkflowDef
from dalsegno_state.engine import SYSTEM_QUEUES
from dalsegno_state.sandbox import SandboxedScripts

ONE_AT_A_TIME = Traffic(batch=1)
_INPUTS = {name: f"${{workflow.input.{name}}}" for name in INPUT}


def _worker(ref: str) -> dict[str, Any]:
    return definitions.worker("part", ref, _INPUTS)


def _task(kind: str, ref: str = "t", **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": kind, **fields}


SWITCH = _task(
    "SWITCH",
    evaluatorType="value-param",
    expression="x",
    inputParameters={"x": "1"},
    decisionCases={"1": [_worker("in_case")]},
)
FORK = _task("FORK_JOIN", "f", forkTasks=[[_worker(f"b{n}")] for n in range(4)])
JOIN = _task("JOIN", "j", joinOn=[f"b{n}" for n in range(4)])
INLINE = _task("INLINE", inputParameters={"evaluatorType": "javascript", "expression": "1"})


@pytest.mark.parametrize(
    ("shape", "traffic"),
    [
        (shapes.TEN_AT_A_TIME, Traffic()),
        ("3 tasks, workers poll one at a time", ONE_AT_A_TIME),
        ("3 tasks, each by a `LambdaWorker`", Traffic(workers=Workers.LAMBDA)),
        ("3 tasks, workers on SQS that ask for inputs", Traffic(workers=Workers.SQS)),
    ],
)
def test_three_tasks_are_reckoned_as_they_are_measured(
    small: dict[str, Counts], shape: str, traffic: Traffic
) -> None:
    tasks = [definitions.worker(step, step, {}) for step in shapes.STEPS]

    found = estimate(_definition(tasks), traffic)

    assert _billed(found.counts) == pytest.approx(_billed(small[shape]))
    assert found.transitions == 3


@pytest.mark.parametrize(
    "tasks",
    [
        pytest.param([_worker("a"), SWITCH], id="switch"),
        pytest.param([_worker("a"), INLINE], id="inline"),
        pytest.param([_worker("a"), _task("SET_VARIABLE", inputParameters={"x": 1})], id="set"),
        pytest.param([FORK, JOIN], id="fork"),
        pytest.param(definitions.loop("l", _worker("a"), 3)["tasks"], id="loop"),
        pytest.param([_task("EVENT", sink="conductor:x")], id="event"),
        pytest.param(
            [_task("GET_WORKFLOW", inputParameters={"id": "${workflow.workflowId}"})], id="effect"
        ),
    ],
)
def test_one_of_each_kind_is_reckoned_as_it_is_measured(
    metered: MeteredWorld, tasks: list[dict[str, Any]]
) -> None:
    found = estimate(_definition(tasks), ONE_AT_A_TIME, _guesses(tasks))

    assert _billed(found.counts) == pytest.approx(_billed(_measured(metered, tasks)))


def test_dynamic_fork_is_reckoned_as_it_is_measured(metered: MeteredWorld) -> None:
    tasks = definitions.fork("forked")["tasks"]
    inputs = definitions.fork_input("part", 4)

    found = estimate(_definition(tasks), ONE_AT_A_TIME, Guesses(branches={"fork": 4}))

    assert _billed(found.counts) == pytest.approx(_billed(_measured(metered, tasks, inputs)))


def test_sub_workflow_is_reckoned_as_it_is_measured(small: dict[str, Counts]) -> None:
    found = estimate(_definition([definitions.sub_workflow("child", {})]), ONE_AT_A_TIME)

    assert _billed(found.counts) == pytest.approx(_billed(small["a sub-workflow of 1 task"]))
    assert "child" in " ".join(found.assumptions)


@pytest.mark.parametrize("size", [1_000, 1_200, 4_000, 7_000])
def test_large_payloads_take_as_many_units_as_are_measured(
    metered: MeteredWorld, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(Random(1).choices(ascii_letters + digits + "-_", k=size))
    monkeypatch.setattr("bench.metered.OUTPUT", {"x": text})
    tasks = [definitions.worker("part", "a", {"x": "${workflow.input.x}"})]

    # Output repeats input here, so that it takes no room in the same item.
    found = estimate(_definition(tasks), Traffic(batch=1, input_bytes=size, output_bytes=0))

    assert _billed(found.counts) == pytest.approx(_billed(_measured(metered, tasks, {"x": text})))


def test_function_url_spares_the_gateway() -> None:
    definition = _definition([_worker("a")])

    gateway, without = (
        estimate(definition, Traffic(workers=kind)).counts.usd(kind.endpoint)
        for kind in (Workers.HTTP, Workers.HTTP_URL)
    )

    assert gateway - without == pytest.approx(2.1)


def test_guess_about_no_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no task looop"):
        estimate(_definition([_worker("a")]), guesses=Guesses(turns={"looop": 3}))


@pytest.fixture(scope="module")
def small() -> dict[str, Counts]:
    scripts = SandboxedScripts()
    with metered_world(scripts) as world:
        found = {cost.name: cost.counts for cost in shapes.small(world)}
    scripts.close()
    return found


def _definition(tasks: list[dict[str, Any]]) -> WorkflowDef:
    return WorkflowDef.model_validate(definitions.workflow("reckoned", tasks))


def _guesses(tasks: list[dict[str, Any]]) -> Guesses:
    turns = {task["taskReferenceName"]: 3 for task in tasks if task["type"] == "DO_WHILE"}
    return Guesses(turns=turns)


def _measured(
    world: MeteredWorld, tasks: list[dict[str, Any]], inputs: dict[str, Any] | None = None
) -> Counts:
    """Return what the second execution takes: what is done once by a process is not counted."""
    world.register(definitions.workflow("reckoned", tasks))
    world.register(definitions.workflow("warm", [_worker("a")]))
    _play(world, "warm", None)
    _play(world, "reckoned", inputs)
    return world.usage_of(lambda: _play(world, "reckoned", inputs))


def _play(world: MeteredWorld, name: str, inputs: dict[str, Any] | None) -> None:
    workflow_id = world.start(name, inputs)
    while not world.is_completed(workflow_id):
        world.evaluate()
        for queue in SYSTEM_QUEUES:
            world.consume(queue, lambda message: world.engine.run_system_task(message.body))
        if world.holds_messages("part"):
            world.work("part")


def _billed(counts: Counts) -> dict[str, float]:
    return {what: count for what, count, _ in counts.items(Endpoint.HTTP_API)}
