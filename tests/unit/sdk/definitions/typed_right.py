"""What users write; checked by mypy, strictly, and never run."""

from dataclasses import dataclass
from typing import assert_type

from dalsegno import load
from dalsegno.definitions import (
    Expression,
    Problem,
    Step,
    Steps,
    Value,
    Workflow,
    check,
    each,
    input,
    js,
    loop,
    parallel,
    switch,
    task,
)
from dalsegno.models import WorkflowDef


@dataclass
class Worker:
    task_type: str


def shipping(priority: int) -> Steps:
    return [task("label", priority=priority), task("hand_over")]


reserve = task("reserve_stock", items=input.items, deep={"a": [input.b, {"c": None}]})
pack = task(Worker("pack"), ref="packed", box=reserve.output.boxes[0])
assert_type(reserve, Step)
assert_type(reserve.output.in_stock["deep"][0], Expression)

names: dict[str, str] = {"a": "b"}
amounts: list[int] = [1, 2]
value: Value = {"names": names, "amounts": amounts}
flow = Workflow(
    "order",
    reserve,
    switch(reserve.output.in_stock, {"true": [pack]}, default=shipping(1)),
    parallel([task("a")], task("b")),
    each(input.items, task("check")),
    loop(task("c"), times=input.n),
    loop(task("d"), ref="again", while_=js("$.d.go", limit=3)),
    task("names").with_inputs(names).with_options(optional=True, retry_count=2),
    output={"boxes": pack.output, "value": value},
)
assert_type(flow.definition(), WorkflowDef)
assert_type(load("flow.yaml"), WorkflowDef)
assert_type(check(flow.definition()), list[Problem])
