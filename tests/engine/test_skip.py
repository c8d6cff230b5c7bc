"""Skipping a task: the workflow goes on behind it, whatever it is and whatever waits for it."""

from collections.abc import Iterator

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno_state.ports import HttpReply
from tests.engine.world import Definition, World, done, simple, system, trace


def a_switch(ref: str, a: list[Definition], default: list[Definition]) -> Definition:
    return system(
        "SWITCH",
        ref,
        {"case": "a"},
        evaluatorType="value-param",
        expression="case",
        decisionCases={"a": a},
        defaultCase=default,
    )


def a_loop(ref: str, *body: Definition) -> Definition:
    return system("DO_WHILE", ref, {"_items": [1, 2]}, loopCondition="", loopOver=[*body])


def a_fork(ref: str, *branches: list[Definition], join_on: list[str]) -> list[Definition]:
    return [
        system("FORK_JOIN", ref, forkTasks=list(branches)),
        system("JOIN", f"{ref}_join", joinOn=join_on),
    ]


EVERYTHING = [
    simple("gate"),
    *a_fork(
        "fork",
        [simple("a"), *a_fork("inner", [simple("b")], [simple("c")], join_on=["b", "c"])],
        [a_loop("loop", simple("turned"), simple("turned_too"))],
        [system("SUB_WORKFLOW", "sub", subWorkflowParam={"name": "child", "version": 1})],
        [a_switch("joined_switch", [simple("d")], [])],
        [simple("loose")],
        join_on=["inner_join", "loop", "sub", "joined_switch", "d"],
    ),
    a_switch("switch", [simple("e")], [simple("f")]),
    system("EXCLUSIVE_JOIN", "exclusive", joinOn=["e", "f"]),
    system("FORK_JOIN_DYNAMIC", "dynamic", {"forkTaskName": "many", "forkTaskInputs": [{"n": 1}]}),
    system("JOIN", "dynamic_join"),
    system("SET_VARIABLE", "variable", {"x": 1}),
    system("INLINE", "inline", {"evaluatorType": "javascript", "expression": "1"}),
    system("WAIT", "wait", {"duration": "1 seconds"}),
    system("HUMAN", "human"),
    system("HTTP", "http", {"http_request": {"uri": "http://x", "method": "GET"}}),
    simple("last"),
]


def names(tasks: list[Definition]) -> Iterator[str]:
    for task in tasks:
        yield str(task["taskReferenceName"])
        cases = task.get("decisionCases", {}).values()
        for inner in (*task.get("forkTasks", []), *cases, task.get("defaultCase", [])):
            yield from names(inner)


NAMES = [name for name in names(EVERYTHING) if name != "gate"]


def played_to_the_end(world: World, workflow_id: str) -> str:
    """Return the status in which a workflow ends once everybody does all they can."""
    for _ in range(4):
        workflow = world.play(workflow_id)
        if workflow.status == "RUNNING":
            for task in workflow.tasks:
                if task.task_type == "HUMAN" and not task.status.is_terminal:
                    world.tell(workflow_id, task.reference_task_name, done())
            world.advance(400)
    return world.workflow(workflow_id).status.value


@pytest.fixture
def everything(world: World) -> str:
    world.register(simple("only"), name="child")
    world.http.replies["http://x"] = [HttpReply(status_code=200, reason_phrase="OK")]
    world.register(*EVERYTHING)
    return world.start()


@pytest.mark.parametrize("ref", NAMES)
def test_workflow_ends_whichever_task_is_skipped(world: World, everything: str, ref: str) -> None:
    if ref.endswith("_join"):
        with pytest.raises(InvalidRequestError, match="is a JOIN"):
            world.skip(everything, ref)
    else:
        world.skip(everything, ref)

    assert played_to_the_end(world, everything) == "COMPLETED"


@pytest.mark.parametrize("ref", ["fork", "inner"])
def test_join_of_a_skipped_fork_is_stepped_over(world: World, everything: str, ref: str) -> None:
    world.skip(everything, ref)

    played_to_the_end(world, everything)

    assert f"JOIN:{ref}_join:SKIPPED" in trace(world.workflow(everything))


def test_exclusive_join_of_skipped_tasks_ends_without_an_output(
    world: World, everything: str
) -> None:
    world.skip(everything, "e")

    played_to_the_end(world, everything)

    assert world.task(everything, "exclusive").status == "COMPLETED"
    assert world.task(everything, "exclusive").output_data == {}


def test_exclusive_join_waits_for_what_may_still_come(world: World) -> None:
    world.register(
        *a_fork("f", [simple("a"), simple("b")], [simple("c")], join_on=["c"]),
        system("EXCLUSIVE_JOIN", "j", joinOn=["b", "c"]),
    )
    w = world.start()
    world.skip(w, "b")

    world.report(world.take("c"), done(x=1))
    assert world.task(w, "j").output_data == {"x": 1}


def test_task_of_a_turn_is_skipped_in_that_turn_only(world: World) -> None:
    world.register(simple("gate"), a_loop("loop", simple("x"), simple("y")))
    w = world.start()
    world.skip(w, "x__2")

    workflow = world.play(w)

    assert workflow.status == "COMPLETED"
    steps = [step for step in trace(workflow) if "x__" in step]
    assert sorted(steps) == ["x:x__1:COMPLETED", "x:x__2:SKIPPED"]


@pytest.mark.parametrize("ref", ["x", "x__1__1", "loop__1", "x__0"])
def test_task_in_a_loop_is_skipped_by_the_name_of_its_turn(world: World, ref: str) -> None:
    world.register(simple("gate"), a_loop("loop", simple("x")))
    w = world.start()

    with pytest.raises(InvalidRequestError):
        world.skip(w, ref)
    assert trace(world.workflow(w)) == ["gate:gate:SCHEDULED"]
