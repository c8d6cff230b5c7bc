"""The worked traces of the reference: which tasks there are after each step, in which order."""

from typing import Any

from tests.engine.world import World, done, fails, simple, system, task_of, trace


def _report(world: World, task_type: str, **output: Any) -> None:
    world.report(world.take(task_type), done(**output))


def test_sequence(world: World) -> None:
    world.register(simple("a"), simple("b"))

    w = world.start()
    assert world.trace(w) == ["a:a:SCHEDULED"]

    task = world.take("a")
    assert world.trace(w) == ["a:a:IN_PROGRESS"]

    world.report(task, done())
    assert world.trace(w) == ["a:a:COMPLETED", "b:b:SCHEDULED"]
    assert [t.executed for t in world.workflow(w).tasks] == [True, False]


def test_retry(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(simple("a"))
    w = world.start()

    world.report(world.take("a"), fails())
    first, second = world.workflow(w).tasks
    assert (first.status, first.retried, first.executed) == ("FAILED", True, False)
    assert (second.status, second.retry_count) == ("SCHEDULED", 1)
    assert second.retried_task_id == first.task_id

    world.report(world.take("a"), fails())
    workflow = world.workflow(w)
    assert workflow.status == "FAILED"
    assert trace(workflow) == ["a:a:FAILED", "a:a:FAILED"]
    assert workflow.tasks[1].executed is False


def test_switch(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "${workflow.input.v}"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1"), simple("t2")]},
    )
    world.register(switch, simple("t3"))

    w = world.start(inputs={"v": "x"})
    assert world.trace(w) == ["SWITCH:s:COMPLETED", "t1:t1:SCHEDULED"]

    _report(world, "t1")
    assert world.trace(w)[1:] == ["t1:t1:COMPLETED", "t2:t2:SCHEDULED"]

    _report(world, "t2")
    assert world.trace(w)[2:] == ["t2:t2:COMPLETED", "t3:t3:SCHEDULED"]

    other = world.start(inputs={"v": "y"})
    assert world.trace(other) == ["SWITCH:s:COMPLETED", "t3:t3:SCHEDULED"]


def test_fork(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a"), simple("b")], [simple("c")]]),
        system("JOIN", "j", joinOn=["b", "c"]),
        simple("d"),
    )

    w = world.start()
    assert world.trace(w) == [
        "FORK:f:COMPLETED",
        "a:a:SCHEDULED",
        "c:c:SCHEDULED",
        "JOIN:j:IN_PROGRESS",
    ]

    _report(world, "a")
    assert world.trace(w)[4:] == ["b:b:SCHEDULED"]

    _report(world, "b", n=1)
    _report(world, "c", n=2)
    assert world.trace(w)[3:] == ["JOIN:j:COMPLETED", "b:b:COMPLETED", "d:d:SCHEDULED"]
    assert world.task(w, "j").output_data == {"b": {"n": 1}, "c": {"n": 2}}


def test_switch_that_heads_a_branch_is_expanded_in_place(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "x"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1")]},
    )
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[switch, simple("t2")], [simple("c")]]),
        system("JOIN", "j", joinOn=["t2", "c"]),
    )

    w = world.start()

    assert world.trace(w) == [
        "FORK:f:COMPLETED",
        "SWITCH:s:COMPLETED",
        "t1:t1:SCHEDULED",
        "c:c:SCHEDULED",
        "JOIN:j:IN_PROGRESS",
    ]


def test_dynamic_fork(world: World) -> None:
    world.register(
        simple("p"),
        system(
            "FORK_JOIN_DYNAMIC",
            "f",
            {"tasks": "${p.output.tasks}", "inputs": "${p.output.inputs}"},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        system("JOIN", "j"),
    )
    w = world.start()

    _report(world, "p", tasks=[simple("x1"), simple("x2")], inputs={"x1": {"k": 1}})

    assert world.trace(w) == [
        "p:p:COMPLETED",
        "FORK:f:COMPLETED",
        "x1:x1:SCHEDULED",
        "x2:x2:SCHEDULED",
        "JOIN:j:IN_PROGRESS",
    ]


def test_loop(world: World) -> None:
    inline = system("INLINE", "i", {"evaluatorType": "javascript", "expression": "1 + 1"})
    world.register(
        system(
            "DO_WHILE", "l", loopOver=[simple("a"), inline], loopCondition="$.l['iteration'] < 2"
        )
    )

    w = world.start()
    assert world.trace(w) == ["DO_WHILE:l:IN_PROGRESS", "a:a__1:SCHEDULED"]
    assert world.task(w, "l").iteration == 1

    _report(world, "a", n=1)
    assert world.trace(w)[1:] == [
        "a:a__1:COMPLETED",
        "INLINE:i__1:COMPLETED",
        "a:a__2:SCHEDULED",
    ]
    assert world.task(w, "a__2").iteration == 2

    _report(world, "a", n=2)
    assert world.workflow(w).status == "COMPLETED"
    assert world.task(w, "l").output_data == {
        "iteration": 2,
        "1": {"a": {"n": 1}, "i": {"result": 2}},
        "2": {"a": {"n": 2}, "i": {"result": 2}},
    }


def test_fork_in_a_loop(world: World) -> None:
    fork = system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]])
    join = system("JOIN", "j", joinOn=["a", "b"])
    world.register(
        system("DO_WHILE", "l", loopOver=[fork, join], loopCondition="$.l['iteration'] < 2")
    )

    w = world.start()

    assert world.trace(w) == [
        "DO_WHILE:l:IN_PROGRESS",
        "FORK:f__1:COMPLETED",
        "a:a__1:SCHEDULED",
        "b:b__1:SCHEDULED",
        "JOIN:j__1:IN_PROGRESS",
    ]
    assert world.task(w, "j__1").input_data == {"joinOn": ["a__1", "b__1"]}


def test_sub_workflow(world: World) -> None:
    world.register(simple("k"), name="child")
    world.register(system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}))

    w = world.start()
    assert world.trace(w) == ["SUB_WORKFLOW:s:IN_PROGRESS"]
    child_id = world.task(w, "s").sub_workflow_id
    assert world.task(w, "s").output_data == {"subWorkflowId": child_id}

    _report(world, "k", answer=42)
    assert world.trace(w) == ["SUB_WORKFLOW:s:COMPLETED"]
    assert world.task(w, "s").output_data == {"subWorkflowId": child_id, "answer": 42}


def test_optional_failure(world: World) -> None:
    world.define("a", retryCount=0)
    world.register(simple("a", optional=True), simple("b"))
    w = world.start()

    world.report(world.take("a"), fails())

    assert world.trace(w) == ["a:a:COMPLETED_WITH_ERRORS", "b:b:SCHEDULED"]
    assert world.play(w).status == "COMPLETED"


def test_permissive_failure(world: World) -> None:
    world.define("a", retryCount=0)
    world.register(simple("a", permissive=True), simple("b"))
    w = world.start()

    world.report(world.take("a"), fails())

    assert world.trace(w) == ["a:a:FAILED", "b:b:SCHEDULED"]
    assert world.task(w, "a").executed is True
    assert world.play(w).status == "FAILED"


def test_terminate_in_a_branch(world: World) -> None:
    end = system("TERMINATE", "t", {"terminationStatus": "COMPLETED"})
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b"), end]]),
        system("JOIN", "j", joinOn=["a", "t"]),
    )
    w = world.start()

    _report(world, "b")

    workflow = world.workflow(w)
    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "a").status == "CANCELED"
    assert task_of(workflow, "t").status == "COMPLETED"


def test_sequence_numbers_are_contiguous_and_new_attempts_get_new_ones(world: World) -> None:
    world.define("a", retryCount=1)

    workflow = world.run(simple("a"), simple("b"), workers={("a", 0): fails()})

    assert [t.seq for t in workflow.tasks] == [1, 2, 3]
    assert trace(workflow) == ["a:a:FAILED", "a:a:COMPLETED", "b:b:COMPLETED"]
