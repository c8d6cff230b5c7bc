"""Workflows made by the builder run as their steps read."""

from dalsegno.definitions import (
    Workflow,
    each,
    inline,
    input,
    item,
    iteration,
    js,
    loop,
    parallel,
    subworkflow,
    switch,
    task,
)
from tests.engine.world import World, done


def register(world: World, flow: Workflow) -> str:
    definition = flow.definition().to_wire()
    tasks = definition.pop("tasks")
    world.register(*tasks, **definition)
    return flow.name


def test_loop_over_items_gives_each_turn_its_item(world: World) -> None:
    pack = task("pack", parcel=item(), number=iteration())
    flow = Workflow("w", loop(pack, over=input.parcels), output={"last": pack.output.of})
    world.define("pack")

    workflow = world.play(
        world.start(register(world, flow), {"parcels": ["a", "b"]}),
        {"pack": lambda task: done(of=task.input_data["parcel"])},
    )

    packed = [each.input_data for each in workflow.tasks if each.task_type == "pack"]
    assert packed == [{"parcel": "a", "number": 1}, {"parcel": "b", "number": 2}]
    assert (workflow.status, workflow.output) == ("COMPLETED", {"last": "b"})


def test_loop_runs_so_many_times(world: World) -> None:
    turns = [
        loop(inline("1", ref="i"), ref="fixed", times=3),
        loop(inline("1", ref="j"), ref="read-times", times=input.n),
        loop(inline("$.n", ref="k", n=iteration("asked")), ref="asked", while_="$.k.result < 4"),
    ]

    workflow = world.play(world.start(register(world, Workflow("w", turns)), {"n": 2}))

    assert workflow.status == "COMPLETED"
    names = [each.reference_task_name.split("__")[0] for each in workflow.tasks]
    assert [names.count(name) for name in ("i", "j", "k")] == [3, 2, 4]


def test_each_runs_a_task_for_every_item(world: World) -> None:
    packed = each(input.parcels, "pack")
    flow = Workflow("w", packed, output={"first": packed.output["_pack_0"].weight})
    world.define("pack")

    workflow = world.play(
        world.start(register(world, flow), {"parcels": [{"weight": 3}, {"weight": 4}]}),
        {f"_pack_{n}": lambda task: done(weight=task.input_data["weight"]) for n in range(2)},
    )

    assert (workflow.status, workflow.output) == ("COMPLETED", {"first": 3})


def test_branches_cases_and_sub_workflows_come_together(world: World) -> None:
    wrap = inline("'wrapped ' + $.what", ref="wrap", what=input.what)
    child = Workflow("wrapping", wrap, output={"done": wrap.output.result})
    left, right = subworkflow(child, what=input.kind), inline("2", ref="two")
    both = parallel(left, right, ref="both")
    flow = Workflow(
        "w",
        both,
        switch(js("$.n + 1", n=right.output.result), {"3": inline("'three'", ref="three")}),
        output={"left": both.output.wrapping.done, "chosen": "${three.output.result}"},
    )

    workflow = world.play(world.start(register(world, flow), {"kind": "gift"}))

    assert workflow.status == "COMPLETED"
    assert workflow.output == {"left": "wrapped gift", "chosen": "three"}
