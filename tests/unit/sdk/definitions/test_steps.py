"""What each function of the builder puts into the definition."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from dalsegno.definitions import (
    InvalidDefinitionError,
    Step,
    Workflow,
    decision,
    dynamic,
    dynamic_fork,
    each,
    event,
    exclusive_join,
    expression,
    fork,
    get_workflow,
    http,
    http_poll,
    human,
    inline,
    input,
    item,
    join,
    jq,
    js,
    lambda_function,
    loop,
    noop,
    parallel,
    pull_messages,
    raw,
    set_variables,
    start_workflow,
    subworkflow,
    switch,
    system_task,
    task,
    terminate,
    wait,
    wait_for_webhook,
    workflow,
)
from dalsegno.models import TaskDef
from dalsegno_state.tasks.registry import TASK_TYPES


def wires(step: Step) -> list[dict[str, Any]]:
    """Return a step's tasks without what is the default."""
    return [each.model_dump(by_alias=True, exclude_defaults=True) for each in step.tasks]


def wire(step: Step) -> dict[str, Any]:
    """Return what a step's only task says beside its name, when that is its reference."""
    (found,) = wires(step)
    if found["name"] == found["taskReferenceName"]:
        del found["name"]
    return found


@dataclass
class Worker:
    """What a function decorated with ``@worker`` looks like."""

    task_type: str


class Parcel(BaseModel):
    weight: Decimal


ALL_STEPS = [
    task("a"),
    system_task("KAFKA_PUBLISH", kafka_request={"topic": "t"}),
    system_task("LAMBDA", scriptExpression="return 1"),
    http("http://x"),
    http_poll("http://x", until="true"),
    lambda_function("f"),
    dynamic(input.kind),
    inline("1"),
    jq("."),
    set_variables(x=1),
    noop(),
    event("conductor"),
    get_workflow("w"),
    wait(),
    human(),
    wait_for_webhook({"$.a": 1}),
    pull_messages(),
    switch(input.a, {"x": [noop("in_case")]}),
    decision(input.a, {"x": [noop("in_old_case")]}),
    parallel([noop("left")], [noop("right")]),
    each(input.a, "pack"),
    loop([noop("again")], times=2),
    exclusive_join("in_case", "in_old_case"),
    subworkflow("packing"),
    start_workflow("packing"),
    terminate(),
]


def test_every_task_type_can_be_said() -> None:
    built = Workflow("w", ALL_STEPS).definition()

    said = {each.type for each in built.tasks} | {"SIMPLE"}
    assert said == set(TASK_TYPES)


def test_task_is_named_by_its_type() -> None:
    assert wire(task("charge", amount=input.amount)) == {
        "taskReferenceName": "charge",
        "inputParameters": {"amount": "${workflow.input.amount}"},
    }
    assert wires(task("charge", ref="deposit")) == [
        {"name": "charge", "taskReferenceName": "deposit"}
    ]


def test_task_takes_a_worker() -> None:
    assert task(Worker("charge-card")).tasks == task("charge-card").tasks


def test_input_of_any_name_is_possible() -> None:
    step = task("t", task_type=1).with_inputs({"ref": 2, "a-b": input.x}, self_=3)

    assert step.tasks[0].input_parameters == {
        "task_type": 1,
        "ref": 2,
        "a-b": "${workflow.input.x}",
        "self_": 3,
    }


def test_models_become_their_json() -> None:
    assert task("t", parcels=[Parcel(weight=Decimal("1.5"))]).tasks[0].input_parameters == {
        "parcels": [{"weight": "1.5"}]
    }


def test_options_are_fields_of_the_task() -> None:
    step = task("t").with_options(
        name="other",
        optional=True,
        retry_count=0,
        start_delay_seconds=5,
        task_def=TaskDef(name="t", retry_count=1),
        cache_key="${id}",
        cache_seconds=60,
    )

    (found,) = step.tasks
    assert (found.name, found.optional, found.retry_count, found.start_delay) == (
        "other",
        True,
        0,
        5,
    )
    assert found.task_definition == TaskDef(name="t", retry_count=1)
    assert found.cache_config is not None
    assert found.cache_config.ttl_in_second == 60


def test_a_step_is_a_value() -> None:
    step = task("t")

    step.with_options(optional=True)

    assert not step.tasks[0].optional
    assert step == task("t")


def test_unknown_fields_are_kept() -> None:
    assert wire(noop().with_fields({"futureField": {"a": 1}}))["futureField"] == {"a": 1}
    assert wire(raw({"name": "n", "taskReferenceName": "n", "type": "X", "y": 1}))["y"] == 1


def test_switch_on_a_value_and_on_a_script() -> None:
    by_value = switch(input.kind, {"gift": task("wrap")}, default=[task("box")])
    by_script = switch(js("$.n > 1 ? 'many' : 'one'", n=input.n), {"many": []}, ref="count")

    assert wire(by_value) == {
        "taskReferenceName": "switch",
        "type": "SWITCH",
        "inputParameters": {"value": "${workflow.input.kind}"},
        "evaluatorType": "value-param",
        "expression": "value",
        "decisionCases": {"gift": wires(task("wrap"))},
        "defaultCase": wires(task("box")),
    }
    assert wire(by_script)["evaluatorType"] == "javascript"
    assert wire(by_script)["inputParameters"] == {"n": "${workflow.input.n}"}


def test_parallel_waits_for_the_last_of_each_branch() -> None:
    step = parallel([task("a"), task("b")], task("c"), ref="both")

    forked, joined = wires(step)
    assert [len(branch) for branch in forked["forkTasks"]] == [2, 1]
    assert joined["joinOn"] == ["b", "c"]
    assert str(step.output.b.x) == "${both_join.output.b.x}"
    assert step.tasks == fork([task("a"), task("b")], task("c"), ref="both").tasks + (
        join("b", "c", ref="both_join").tasks
    )


def test_parallel_in_parallel_is_waited_for_at_its_join() -> None:
    inner = parallel(task("a"), task("b"), ref="inner")

    assert wires(parallel(inner, task("c")))[1]["joinOn"] == ["inner_join", "c"]


@pytest.mark.parametrize(
    ("do", "inputs"),
    [
        ("pack", {"forkTaskName": "pack"}),
        (Worker("pack"), {"forkTaskName": "pack"}),
        (task("pack"), {"forkTaskName": "pack"}),
        (system_task("HTTP", ref="call"), {"forkTaskName": "call", "forkTaskType": "HTTP"}),
        (
            subworkflow("packing", version=2),
            {"forkTaskWorkflow": "packing", "forkTaskWorkflowVersion": 2},
        ),
    ],
)
def test_each_does_the_same_for_every_item(do: Any, inputs: dict[str, Any]) -> None:
    forked, joined = wires(each(input.items, do))

    assert forked["inputParameters"] == {**inputs, "forkTaskInputs": "${workflow.input.items}"}
    assert joined == {"name": "each_join", "taskReferenceName": "each_join", "type": "JOIN"}


def test_each_refuses_a_task_with_inputs() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"pack cannot have inputs \(order\)"):
        each(input.items, task("pack", order=input.id))


@pytest.mark.parametrize(
    ("step", "options"),
    [
        (task("pack").with_options(optional=True, retry_count=7), "optional, retry_count"),
        (event("sqs:parcels"), "sink"),
        (subworkflow("packing", priority=9), "priority"),
    ],
)
def test_each_refuses_what_its_tasks_would_lack(step: Step, options: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=f"would lack {options}: leave it to"):
        each(input.items, step)


def test_dynamic_fork_takes_lists_of_another_step() -> None:
    forked, joined = wires(dynamic_fork(input.tasks, input.inputs, join_ref="all"))

    assert forked["dynamicForkTasksParam"] == "tasks"
    assert joined["taskReferenceName"] == "all"


@pytest.mark.parametrize(
    ("step", "condition", "more"),
    [
        (loop(task("a"), times=3), "$.loop['iteration'] < 3", {}),
        (loop(task("a"), ref="a-b", times=3), "$['a-b']['iteration'] < 3", {}),
        (
            loop(task("a"), times=input.n),
            "$.loop['iteration'] < $.times",
            {"inputParameters": {"times": "${workflow.input.n}"}},
        ),
        (loop(task("a"), while_="$.a.go"), "$.a.go", {}),
        (loop(task("a"), over=input.l), "", {"items": "${workflow.input.l}"}),
        (loop(task("a"), over=[1, 2]), "", {"inputParameters": {"_items": [1, 2]}}),
    ],
)
def test_loop_ends_by_count_condition_or_list(
    step: Step, condition: str, more: dict[str, Any]
) -> None:
    found = wire(step)

    assert found["loopCondition"] == condition
    assert {key: found[key] for key in more} == more


@pytest.mark.parametrize(
    ("step", "inputs"),
    [
        (wait(), {}),
        (wait(90), {"duration": "1 minutes 30 seconds"}),
        (wait(0), {"duration": "0 seconds"}),
        (wait(timedelta(days=2, hours=1)), {"duration": "2 days 1 hours"}),
        (wait("2 days"), {"duration": "2 days"}),
        (wait(input.pause), {"duration": "${workflow.input.pause}"}),
        (wait(until=datetime(2030, 1, 1, 9, tzinfo=UTC)), {"until": "2030-01-01 09:00 UTC"}),
        (wait(until="2030-01-01 09:00 Europe/Paris"), {"until": "2030-01-01 09:00 Europe/Paris"}),
    ],
)
def test_wait_tells_the_time_as_the_engine_reads_it(step: Step, inputs: dict[str, str]) -> None:
    assert step.tasks[0].input_parameters == inputs
    Workflow("w", step).definition()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: wait(1.5), "whole seconds"),
        (lambda: wait(-1), "0 or more"),
        (lambda: wait(1, until="x"), "give one of them"),
        (lambda: wait(until=datetime(2030, 1, 1)), "no time zone"),  # noqa: DTZ001  # that is it
        (lambda: wait(until=datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC)), "whole minute"),
        (lambda: parallel(), "fork parallel .* there is no branch"),
        (lambda: parallel([task("a")], []), "branch 2 cannot be used: there is no step in it"),
        (lambda: loop([], times=2), "loop loop cannot be used: there is no step"),
        (lambda: loop(task("a")), "say when it ends"),
        (lambda: loop(task("a"), times=0), "a number from 1"),
        (lambda: switch(input.a, {}), "switch switch cannot be used: there is no case"),
        (lambda: task("t").with_options(cache_key="k"), "belong together"),
        (lambda: task("t").with_options(retry_count="many"), "retryCount"),
        (lambda: task(""), "names no task type"),
        (lambda: task("t", ref=""), "give it a name"),
        (lambda: task("t", x=task("u")), r"step t: input.x: a Step is no value: pass its .output"),
        (lambda: task("t", x={"y": [object()]}), r"input.x.y\[0\]: object is neither JSON"),
        (lambda: switch(True, {"x": []}), "True is known before the workflow runs"),
        (lambda: switch(input.a, {True: []}), "the case True is no text: write 'true'"),
        (lambda: parallel("a"), r"expected a step, got 'a': write task\('a'\)"),
        (lambda: dynamic("charge"), r"is known already: write task\('charge'\)"),
        (lambda: subworkflow(7), "7 is no workflow"),
    ],
)
def test_mistakes_are_told_at_once_with_their_step(make: Any, message: str) -> None:
    with pytest.raises((InvalidDefinitionError, TypeError), match=message):
        make()


def test_embedded_workflow_stands_in_the_definition() -> None:
    inner = Workflow("packing", task("box"), version=3)

    params = subworkflow(inner, order=input.order).tasks[0].sub_workflow_param

    assert params is not None
    assert (params.name, params.version) == ("packing", 3)
    assert params.workflow_definition == inner.definition()
    assert subworkflow(inner).ref == "packing"


def test_embedded_workflow_may_be_an_expression() -> None:
    params = subworkflow(input.definition, ref="s").tasks[0].sub_workflow_param

    assert params is not None
    assert params.workflow_definition == "${workflow.input.definition}"


def test_remaining_inputs_are_as_the_engine_wants_them() -> None:
    assert http("http://x", method="POST", body={"a": workflow.workflowId}).tasks[
        0
    ].input_parameters == {
        "http_request": {
            "uri": "http://x",
            "method": "POST",
            "body": {"a": "${workflow.workflowId}"},
        }
    }
    assert start_workflow("side", order=item()).tasks[0].input_parameters == {
        "startWorkflow": {"name": "side", "input": {"order": "${loop.output.loopItem}"}}
    }
    assert terminate("FAILED", reason="x").tasks[0].input_parameters == {
        "terminationStatus": "FAILED",
        "terminationReason": "x",
    }
    assert pull_messages(5, wait_for_first=False).tasks[0].input_parameters == {
        "batchSize": 5,
        "blocking": False,
    }
    assert str(expression("a.output.rows[?(@.n > 1)].n")) == "${a.output.rows[?(@.n > 1)].n}"
