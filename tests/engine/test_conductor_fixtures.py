"""Every workflow definition of the test resources of Conductor's own server runs to its end.

The definitions are read from beside the project; without them these tests are skipped.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from dalsegno.models import JsonObject, Workflow
from dalsegno_state.ports import HttpReply
from tests.engine.world import (
    Definition,
    Inputs,
    Script,
    World,
    done,
    fails,
    task_of,
    trace,
)

FOLDER = Path(__file__).parents[3] / "shared" / "fixtures" / "conductor"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the definitions are not in {FOLDER.parent.name}/{FOLDER.name}"
)


def read(name: str) -> Any:
    """Return a file's content; some begin with lines of licence."""
    text = (FOLDER / f"{name}.json").read_text()
    return json.loads(text[text.index("{") :])


@pytest.fixture(autouse=True)
def _task_definitions(world: World) -> None:
    """Register what Conductor's tests do: one retry, at once; those named RT_n have none."""
    for number in (*range(21), "r"):
        world.define(f"integration_task_{number}", retryCount=1, timeoutSeconds=0)
    for number in range(1, 5):
        world.define(f"integration_task_0_RT_{number}", retryCount=0)
    world.define("task_optional", retryCount=1)
    world.define("simple_task_in_sub_wf", retryCount=0)


def register(world: World, *names: str, **changes: Any) -> str:
    """Register the definitions of these files; return the name of the last."""
    definition: Definition = {}
    for name in names:
        definition = {**read(name), **changes}
        tasks = definition.pop("tasks")
        world.register(*tasks, **definition)
    return str(definition["name"])


def run(
    world: World, *names: str, inputs: Inputs | None = None, workers: Script | None = None
) -> Workflow:
    """Register these files and play the last one's workflow."""
    return world.play(world.start(register(world, *names), inputs), workers)


def finished(workflow: Workflow) -> list[str]:
    """Return the references of the tasks that completed, in order."""
    return [t.reference_task_name for t in workflow.tasks if t.status == "COMPLETED"]


def test_every_file_is_used_here() -> None:
    source = Path(__file__).read_text()

    unused = [path.name for path in FOLDER.glob("*.json") if f'"{path.stem}"' not in source]

    assert unused == []


# -- sequences --------------------------------------------------------------------------------


@pytest.mark.parametrize("fails_first", [False, True])
def test_simple_workflow_1(world: World, fails_first: bool) -> None:
    script: Script = {"t1": done(op="task1.Done"), "t2": done(uuid="u-1")}
    if fails_first:
        script = {**script, ("t1", 0): fails("once")}

    workflow = run(
        world, "simple_workflow_1_integration_test", inputs={"param1": "p1"}, workers=script
    )

    assert workflow.status == "COMPLETED"
    assert workflow.output == {"o1": "p1", "o2": "u-1", "o3": "task1.Done"}
    t1, t2 = task_of(workflow, "t1"), task_of(workflow, "t2")
    expected = {"p1": "p1", "p2": None, "p3": t1.task_id, "someNullKey": None}
    assert t1.input_data == expected
    assert t2.input_data == {"tp1": "p1", "tp2": "task1.Done", "tp3": t2.task_id}
    assert len(workflow.tasks) == (3 if fails_first else 2)


def test_simple_workflow_1_fails_into_its_failure_workflow(world: World) -> None:
    register(world, "failure_workflow_for_terminate_task_workflow")

    workflow = run(
        world,
        "simple_workflow_1_integration_test",
        inputs={"failureWfName": "failure_workflow", "a": 1},
        workers={"t2": fails("no luck")},
    )

    assert workflow.status == "FAILED"
    assert trace(workflow)[-2:] == ["integration_task_2:t2:FAILED"] * 2
    failure = world.workflow(str(workflow.output["conductor.failure_workflow"]))
    assert (failure.status, failure.output) == ("COMPLETED", {"result": {"testvalue": True}})
    assert failure.input["workflowId"] == workflow.workflow_id


def test_simple_workflow_3(world: World) -> None:
    workflow = run(
        world, "simple_workflow_3_integration_test", workers={"t1": done(op=1), "t3": done(x=3)}
    )

    assert finished(workflow) == ["t1", "t2", "t3"]
    assert task_of(workflow, "t3").input_data == {"tp1": None, "tp2": 1}
    assert workflow.output == {"x": 3}


def test_input_template_fills_in_what_is_missing(world: World) -> None:
    workflow = run(
        world,
        "simple_workflow_1_input_template_integration_test",
        inputs={"param1": "given"},
        workers={"t1": done(op="o")},
    )

    assert workflow.output == {
        "output": "o",
        "param1": "given",
        "param2": ["list", "of", "strings"],
        "param3": "string",
    }


@pytest.mark.parametrize("with_errors", [False, True])
def test_optional_task(world: World, with_errors: bool) -> None:
    workflow = run(
        world,
        "simple_workflow_with_optional_task_integration_test",
        workers={"t1": fails("broken")} if with_errors else {},
    )

    assert workflow.status == "COMPLETED"
    last = "COMPLETED_WITH_ERRORS" if with_errors else "COMPLETED"
    attempts = ["task_optional:t1:FAILED"] if with_errors else []
    assert trace(workflow) == [
        *attempts,
        f"task_optional:t1:{last}",
        "integration_task_2:t2:COMPLETED",
    ]


def test_permissive_task(world: World) -> None:
    workflow = run(
        world,
        "simple_workflow_with_permissive_task_integration_test",
        workers={"t1": fails("broken")},
    )

    assert workflow.status == "FAILED"
    assert trace(workflow) == [
        "task_permissive:t1:FAILED",
        "task_permissive:t1:FAILED",
        "integration_task_2:t2:COMPLETED",
    ]
    task_id = task_of(workflow, "t1").task_id
    assert workflow.reason_for_incompletion == (
        f"Task {task_id} failed with status: FAILED and reason: 'broken'"
    )


def test_permissive_optional_task(world: World) -> None:
    workflow = run(
        world,
        "simple_workflow_with_permissive_optional_task_integration_test",
        workers={"t1": fails("broken")},
    )

    assert task_of(workflow, "t1").status == "COMPLETED_WITH_ERRORS"
    assert workflow.status == "COMPLETED"


def test_response_timeout(world: World) -> None:
    world.define("task_rt", retryCount=1, responseTimeoutSeconds=10)
    w = world.start(register(world, "simple_workflow_with_resp_time_out_integration_test"))
    world.take("task_rt")

    world.advance(10)
    assert world.trace(w) == ["task_rt:t1:TIMED_OUT", "task_rt:t1:SCHEDULED"]

    assert finished(world.play(w)) == ["t1", "t2"]


def test_concurrency_limit(world: World) -> None:
    world.define("test_task_with_concurrency_limit", concurrentExecLimit=1)
    name = register(world, "concurrency_limited_task_workflow_integration_test")
    first, second = world.start(name), world.start(name)

    (task,) = world.poll("test_task_with_concurrency_limit", count=2)
    world.report(task, done())
    world.advance(1)
    world.report(world.take("test_task_with_concurrency_limit"), done())

    assert {world.workflow(w).status for w in (first, second)} == {"COMPLETED"}


@pytest.mark.parametrize(
    ("file", "queue", "name"),
    [
        (
            "rate_limited_simple_task_workflow_integration_test",
            "test_simple_task_with_rateLimits",
            "test_simple_task_with_rateLimits",
        ),
        (
            "rate_limited_system_task_workflow_integration_test",
            "USER_TASK",
            "test_task_with_rateLimits",
        ),
    ],
)
def test_rate_limit(world: World, file: str, queue: str, name: str) -> None:
    world.define(name, rateLimitPerFrequency=1, rateLimitFrequencyInSeconds=10)
    flow = register(world, file)
    first, second = world.start(flow), world.start(flow)

    (task,) = world.poll(queue, count=2)
    world.report(task, done())
    world.advance(9)
    assert world.poll(queue) == []
    world.advance(1)
    world.report(world.take(queue), done())

    assert {world.workflow(w).status for w in (first, second)} == {"COMPLETED"}


# -- branches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("conditional_task_workflow_integration_test", "DECISION"),
        ("conditional_switch_task_workflow_integration_test", "SWITCH"),
    ],
)
@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"param1": "nested", "param2": "one"}, ["nestedCondition", "t1"]),
        ({"param1": "nested", "param2": "two"}, ["nestedCondition", "t2"]),
        ({"param1": "nested", "param2": "six"}, ["nestedCondition"]),
        ({"param1": "three"}, ["t3"]),
        ({"param1": "ten"}, ["t10"]),
    ],
)
@pytest.mark.parametrize(("final", "last"), [("notify", ["integration_task_4"]), (None, [])])
def test_conditions(
    world: World,
    file: str,
    kind: str,
    inputs: JsonObject,
    path: list[str],
    final: str | None,
    last: list[str],
) -> None:
    workflow = run(world, file, inputs={**inputs, "finalCase": final})

    assert workflow.status == "COMPLETED"
    assert finished(workflow) == ["conditional", *path, "finalCase", *last]
    assert task_of(workflow, "conditional").task_type == kind


def test_condition_and_system_task(world: World) -> None:
    output = read("output")

    workflow = run(
        world, "conditional_system_task_workflow_integration_test", workers={"t1": done(**output)}
    )

    assert finished(workflow) == ["t1", "decision", "user_task", "t3"]
    assert task_of(workflow, "user_task").input_data == {"largeInput": output["op"]}
    assert workflow.output == {"o2": output["op"]}


@pytest.mark.parametrize(
    ("file", "ref"),
    [
        ("simple_decision_task_integration_test", "decisionTask"),
        ("simple_switch_task_integration_test", "switchTask"),
    ],
)
@pytest.mark.parametrize(("case", "path"), [("c", ["t1", "t2"]), ("nothing", ["t5"])])
def test_simple_choice(world: World, file: str, ref: str, case: str, path: list[str]) -> None:
    workflow = run(world, file, inputs={"case": case, "param1": 1, "param2": 2})

    assert finished(workflow) == [ref, *path, "t20"]
    assert task_of(workflow, "t20").input_data == {"p1": 1, "p2": 2}
    assert workflow.status == "COMPLETED"


@pytest.mark.parametrize(("case", "path"), [("c", ["t1"]), ("other", [])])
def test_switch_with_no_default_case(world: World, case: str, path: list[str]) -> None:
    workflow = run(world, "switch_with_no_default_case_integration_test", inputs={"case": case})

    assert finished(workflow) == ["switchTask", *path, "t2"]
    assert workflow.status == "COMPLETED"


@pytest.mark.parametrize(
    ("file", "ref"),
    [
        ("decision_and_fork_join_integration_test", "decisionTask"),
        ("switch_and_fork_join_integration_test", "switchTask"),
    ],
)
@pytest.mark.parametrize(("case", "path"), [("c", {"t1", "t2"}), ("nothing", {"t5"})])
def test_choice_in_a_fork(world: World, file: str, ref: str, case: str, path: set[str]) -> None:
    workflow = run(world, file, inputs={"case": case})

    assert workflow.status == "COMPLETED"
    assert set(finished(workflow)) == {"forkTask", ref, *path, "t20", "t10", "joinTask"}
    assert set(task_of(workflow, "joinTask").output_data) == {"t20", "t10"}


@pytest.mark.parametrize(
    ("file", "ref"),
    [
        ("decision_and_terminate_integration_test", "decision"),
        ("switch_and_terminate_integration_test", "switch"),
    ],
)
def test_choice_and_terminate(world: World, file: str, ref: str) -> None:
    ended = run(world, file, inputs={"case": "two"}, workers={"t1": done(op="task1.Done")})
    went_on = run(world, file, inputs={"case": "one"}, workers={"t3": done(op="task3.Done")})

    assert ended.status == "FAILED"
    assert finished(ended) == ["t1", ref, "terminate0"]
    assert ended.output == {"output": "task1.Done"}
    assert went_on.status == "COMPLETED"
    assert finished(went_on) == ["t1", ref, "t2", "t3"]
    assert went_on.output == {"o2": "task3.Done"}


@pytest.mark.parametrize(
    ("inputs", "path", "joined"),
    [
        (
            {"decision_1": "true", "decision_2": "true"},
            ["task1", "decision1", "task2", "decision2", "task3"],
            "task3",
        ),
        (
            {"decision_1": "true", "decision_2": "x"},
            ["task1", "decision1", "task2", "decision2"],
            "task2",
        ),
        (
            {"decision_1": "false", "decision_3": "true"},
            ["task1", "decision1", "task4", "decision3", "task5"],
            "task5",
        ),
        ({"decision_1": "false"}, ["task1", "decision1", "task4", "decision3"], "task4"),
        ({"decision_1": "null"}, ["task1", "decision1"], "task1"),
    ],
)
def test_exclusive_join(world: World, inputs: JsonObject, path: list[str], joined: str) -> None:
    workflow = run(world, "exclusive_join_integration_test", inputs=inputs)

    assert finished(workflow) == [*path, "exclusiveJoin"]
    assert task_of(workflow, "exclusiveJoin").output_data == {"ref": joined}
    assert workflow.status == "COMPLETED"


# -- forks ------------------------------------------------------------------------------------


def test_fork_join(world: World) -> None:
    workflow = run(world, "fork_join_integration_test")

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "fanouttask_join").output_data == {
        "t3": {"ref": "t3"},
        "t2": {"ref": "t2"},
    }
    assert finished(workflow)[-1] == "t4"


def test_fork_join_fails_with_one_branch(world: World) -> None:
    w = world.start(register(world, "fork_join_with_no_task_retry_integration_test"))

    world.report(world.take("integration_task_0_RT_1"), fails("no luck"))

    workflow = world.workflow(w)
    assert workflow.status == "FAILED"
    assert trace(workflow) == [
        "FORK:fanouttask:COMPLETED",
        "integration_task_0_RT_1:t1:FAILED",
        "integration_task_0_RT_2:t2:CANCELED",
        "JOIN:fanouttask_join:CANCELED",
    ]


def test_fork_join_without_retries_may_succeed(world: World) -> None:
    workflow = run(world, "fork_join_with_no_task_retry_integration_test")

    assert workflow.status == "COMPLETED"


def test_permissive_fork_join(world: World) -> None:
    w = world.start(register(world, "fork_join_permissive_integration_test"))
    for _ in range(2):
        world.report(world.take("integration_task_1"), fails("no luck"))
    assert world.task(w, "fanouttask_join").status == "IN_PROGRESS"

    world.report(world.take("integration_task_2"), done(x=1))

    workflow = world.workflow(w)
    assert workflow.status == "FAILED"
    assert task_of(workflow, "fanouttask_join").status == "FAILED"
    assert task_of(workflow, "fanouttask_join").reason_for_incompletion == "no luck"


def test_permissive_fork_join_without_retries(world: World) -> None:
    workflow = run(
        world,
        "fork_join_with_no_permissive_task_retry_integration_test",
        workers={"t1": fails("no luck")},
    )

    assert workflow.status == "FAILED"
    assert task_of(workflow, "t1").status == "FAILED"
    assert task_of(workflow, "t3").status == "COMPLETED"
    assert task_of(workflow, "fanouttask_join").status == "COMPLETED"
    assert task_of(workflow, "t4").status == "COMPLETED"


def test_join_mode_sync(world: World) -> None:
    workflow = run(world, "fork_join_sync_mode_integration_test", inputs={"param1": 1})

    refs = ["branch_a", "branch_b", "branch_c"]
    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "joinTask").output_data == {ref: {"ref": ref} for ref in refs}
    assert workflow.output == {
        "branchAOutput": {"ref": "branch_a"},
        "branchBOutput": {"ref": "branch_b"},
        "branchCOutput": {"ref": "branch_c"},
    }
    assert task_of(workflow, "postJoinTask").input_data["branchBResult"] == {"ref": "branch_b"}


def test_join_mode_sync_nested(world: World) -> None:
    workflow = run(world, "fork_join_sync_nested_integration_test")

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "outer_join").output_data == {
        "inner_join": {"inner_a": {"ref": "inner_a"}, "inner_b": {"ref": "inner_b"}},
        "outer_c": {"ref": "outer_c"},
    }
    assert finished(workflow)[-1] == "postJoinTask"


def test_join_mode_sync_with_an_optional_failure(world: World) -> None:
    workflow = run(
        world,
        "fork_join_sync_optional_fail_integration_test",
        workers={"branch_optional": fails("no luck")},
    )

    assert task_of(workflow, "branch_optional").status == "COMPLETED_WITH_ERRORS"
    assert task_of(workflow, "joinTask").status == "COMPLETED_WITH_ERRORS"
    assert task_of(workflow, "postJoinTask").status == "COMPLETED"
    assert workflow.status == "COMPLETED"


NESTED = {"fork1", "t11", "fork2", "t12", "t14", "t13", "d1"}


@pytest.mark.parametrize(
    ("case", "path", "is_joined"),
    [
        ("a", {"t16", "t19", "t20"}, True),
        ("b", {"t17", "t20b"}, False),
        ("c", {"t18", "t20def"}, False),
    ],
)
def test_nested_fork_join(world: World, case: str, path: set[str], is_joined: bool) -> None:
    workflow = run(world, "nested_fork_join_integration_test", inputs={"case": case})

    joined = {"join2", "join1", "t15"} if is_joined else set()
    assert set(finished(workflow)) == NESTED | path | joined
    # Only case a leads to t20, which join2 waits for.
    assert workflow.status == ("COMPLETED" if is_joined else "RUNNING")


def test_nested_fork_join_with_sub_workflow(world: World) -> None:
    register(world, "simple_workflow_1_integration_test")

    workflow = run(
        world,
        "nested_fork_join_with_sub_workflow_integration_test",
        inputs={"case": "a"},
        workers={"t2": done(uuid="u-1")},
    )

    assert workflow.status == "COMPLETED"
    expected = NESTED | {"t16", "t19", "t20", "join2", "sw1", "join1", "t15"}
    assert set(finished(workflow)) == expected
    assert task_of(workflow, "sw1").output_data["o2"] == "u-1"


def test_dynamic_fork_join(world: World) -> None:
    name = register(world, "dynamic_fork_join_integration_test")
    w = world.start(name)
    tasks = [
        {"name": f"integration_task_{n}", "taskReferenceName": f"xdt{n}", "type": "SIMPLE"}
        for n in (1, 2)
    ]
    inputs = {"xdt1": {"k1": "v1"}, "xdt2": {"k2": "v2"}}
    world.report(
        world.take("integration_task_1"), done(dynamicTasks=tasks, dynamicTasksInput=inputs)
    )
    assert world.trace(w)[1:] == [
        "FORK:dynamicfanouttask:COMPLETED",
        "integration_task_1:xdt1:SCHEDULED",
        "integration_task_2:xdt2:SCHEDULED",
        "JOIN:dynamicfanouttask_join:IN_PROGRESS",
    ]

    workflow = world.play(w, {("xdt1", 0): fails("once")})

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "xdt2").input_data == {"k2": "v2"}
    assert task_of(workflow, "dynamicfanouttask_join").output_data == {
        "xdt1": {"ref": "xdt1"},
        "xdt2": {"ref": "xdt2"},
    }
    assert finished(workflow)[-1] == "task4"


def test_dynamic_fork_join_refuses_what_is_no_list(world: World) -> None:
    workflow = run(
        world,
        "dynamic_fork_join_integration_test",
        workers={"dt1": done(dynamicTasks="none", dynamicTasksInput={})},
    )

    assert workflow.status == "FAILED"
    reason = str(workflow.reason_for_incompletion)
    assert "Input 'dynamicTasks' is invalid." in reason


# -- sub-workflows ----------------------------------------------------------------------------


SUB_WORKFLOW = "simple_one_task_sub_workflow_integration_test"


def test_one_task_sub_workflow(world: World) -> None:
    workflow = run(world, SUB_WORKFLOW)

    assert trace(workflow) == ["simple_task_in_sub_wf:t1:COMPLETED"]


def test_sub_workflow_named_by_the_input(world: World) -> None:
    register(world, SUB_WORKFLOW)

    workflow = run(
        world,
        "workflow_with_sub_workflow_1_integration_test",
        inputs={"subwf": "sub_workflow", "param1": 1, "nextSubwf": "leaf"},
    )

    assert workflow.status == "COMPLETED"
    child = world.child(workflow.workflow_id, "t2")
    assert child.input == {"param1": 1, "param2": None, "subwf": "leaf"}
    assert (child.workflow_name, child.status) == ("sub_workflow", "COMPLETED")


def test_sub_workflow_that_fails(world: World) -> None:
    register(world, SUB_WORKFLOW)

    workflow = run(
        world,
        "workflow_with_sub_workflow_1_integration_test",
        inputs={"subwf": "sub_workflow"},
        workers={"t1": lambda t: fails("x") if t.task_type.startswith("simple") else done()},
    )

    assert (workflow.status, task_of(workflow, "t2").status) == ("FAILED", "FAILED")


def test_sub_workflow_with_an_inline_definition(world: World) -> None:
    workflow = run(
        world,
        "simple_workflow_with_sub_workflow_inline_def_integration_test",
        workers={"t1": done(op="task1.Done", imageType="TEST")},
    )

    child = world.child(workflow.workflow_id, "swt")
    assert (child.workflow_name, child.status) == ("one_task_workflow", "COMPLETED")
    assert task_of(child, "t3").input_data == {"p1": "TEST"}
    assert finished(workflow) == ["t1", "swt", "t2"]
    assert workflow.output == {"o3": "task1.Done"}


def test_fork_with_a_sub_workflow(world: World) -> None:
    workflow = run(world, SUB_WORKFLOW, "fork_join_sub_workflow")

    assert workflow.status == "COMPLETED"
    assert set(finished(workflow)) == {"fanouttask", "st1", "t2", "fanouttask_join"}


@pytest.mark.parametrize(
    ("file", "status", "join"),
    [
        (
            "fork_join_with_optional_sub_workflow_forks_integration_test",
            "COMPLETED",
            "COMPLETED_WITH_ERRORS",
        ),
        ("fork_join_with_permissive_sub_workflow_forks_integration_test", "FAILED", "FAILED"),
    ],
)
def test_fork_of_sub_workflows_one_of_which_fails(
    world: World, file: str, status: str, join: str
) -> None:
    w = world.start(register(world, SUB_WORKFLOW, file))
    first, second = world.poll("simple_task_in_sub_wf", count=2)

    world.report(first, fails("no luck"))
    assert world.workflow(w).status == "RUNNING"
    world.report(second, done())

    workflow = world.workflow(w)
    assert workflow.status == status
    assert task_of(workflow, "fanouttask_join").status == join


def test_hierarchy_of_forks_and_sub_workflows(world: World) -> None:
    register(world, SUB_WORKFLOW)

    workflow = run(
        world,
        "hierarchical_fork_join_swf",
        inputs={"subwf": "hierarchical_fork_join_swf", "nextSubwf": "sub_workflow"},
    )

    middle = world.child(workflow.workflow_id, "st1")
    leaf = world.child(middle.workflow_id, "st1")
    assert [w.workflow_name for w in (workflow, middle, leaf)] == [
        "hierarchical_fork_join_swf",
        "hierarchical_fork_join_swf",
        "sub_workflow",
    ]
    assert {w.status for w in (workflow, middle, leaf)} == {"COMPLETED"}


def test_failure_in_a_hierarchy_is_retried_from_the_bottom(world: World) -> None:
    register(world, SUB_WORKFLOW)
    inputs: JsonObject = {"subwf": "hierarchical_fork_join_swf", "nextSubwf": "sub_workflow"}
    w = world.start(register(world, "hierarchical_fork_join_swf"), inputs)
    world.report(world.take("simple_task_in_sub_wf"), fails("no luck"))
    assert world.workflow(w).status == "FAILED"

    world.retry(w, deepest=True)

    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert set(task_of(workflow, "fanouttask_join").output_data) == {"st1", "t2"}


def test_nested_forks_and_sub_workflow(world: World) -> None:
    register(world, SUB_WORKFLOW)

    workflow = run(world, "nested_fork_join_swf", inputs={"subwf": "sub_workflow"})

    assert workflow.status == "COMPLETED"
    assert set(finished(workflow)) == {
        "outer_fork",
        "inner_fork",
        "st1",
        "t2",
        "inner_join",
        "t3",
        "outer_join",
    }


def test_signal_reaches_the_wait_in_a_sub_workflow(world: World) -> None:
    files = ("signal_sub_wf_child_integration_test", "signal_sub_wf_parent_integration_test")
    w = world.start(register(world, *files))
    assert world.task(w, "sub_wf_ref").status == "IN_PROGRESS"

    world.engine.tasks.signal(w, done().task_status, {"signal": 1})
    world.pump()

    assert world.workflow(w).status == "COMPLETED"
    assert world.task(w, "sub_wf_ref").output_data["signal"] == 1


def test_workflow_that_starts_another_workflow(world: World) -> None:
    register(world, "simple_workflow_1_integration_test")
    request = read("start_workflow_input")

    workflow = run(world, "workflow_that_starts_another_workflow", inputs=request)

    assert workflow.status == "COMPLETED"
    started = world.workflow(str(workflow.output["workflowId"]))
    assert started.workflow_name == "integration_test_wf"
    assert started.input == request["startWorkflow"]["input"]
    assert started.status == "COMPLETED"


# -- loops ------------------------------------------------------------------------------------


def test_loop(world: World) -> None:
    workflow = run(world, "do_while_integration_test", inputs={"loop": 2})

    assert workflow.status == "COMPLETED"
    loop = task_of(workflow, "loopTask").output_data
    assert loop["iteration"] == 2
    assert set(_object(loop["2"])) == {
        "integration_task_0",
        "fork",
        "integration_task_1",
        "integration_task_2",
        "join",
    }
    assert task_of(workflow, "join__2").output_data == {
        "integration_task_1__2": {"ref": "integration_task_1__2"},
        "integration_task_2__2": {"ref": "integration_task_2__2"},
    }


def _object(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def test_two_loops(world: World) -> None:
    workflow = run(world, "do_while_multiple_integration_test", inputs={"loop": 1, "loop2": 3})

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "loopTask").output_data["iteration"] == 1
    assert task_of(workflow, "loopTask2").output_data["iteration"] == 3


def test_loop_with_a_sub_workflow(world: World) -> None:
    register(world, SUB_WORKFLOW)

    workflow = run(world, "do_while_sub_workflow_integration_test", inputs={"loop": 2})

    assert workflow.status == "COMPLETED"
    children = {task_of(workflow, f"st1__{turn}").sub_workflow_id for turn in (1, 2)}
    assert len(children) == 2


def test_loop_in_a_fork(world: World) -> None:
    workflow = run(world, "do_while_as_subtask_integration_test", inputs={"loop": 2})

    assert workflow.status == "COMPLETED"
    assert set(task_of(workflow, "join").output_data) == {"loopTask", "integration_task_2"}


def test_loop_over_five_tasks(world: World) -> None:
    workflow = run(world, "do_while_five_loop_over_integration_test", inputs={"loop": 2})

    assert workflow.status == "COMPLETED"
    assert len(workflow.tasks) == 12
    expected = {"out": {"locationId": "some location id"}}
    assert task_of(workflow, "jq_create_hydrus_input__2").output_data["result"] == expected


def test_loop_of_many_turns(world: World) -> None:
    workflow = run(world, "do_while_high_iteration_test", inputs={"loop": 500})

    assert workflow.status == "COMPLETED"
    assert task_of(workflow, "loopTask").output_data["iteration"] == 500


def test_loop_knows_its_turn(world: World) -> None:
    workflow = run(world, "do_while_iteration_fix_test", inputs={"loop": 3})

    assert [t.output_data for t in workflow.tasks[1:]] == [{"result": n} for n in (0, 1, 2)]


def test_loop_over_a_variable(world: World) -> None:
    workflow = run(world, "do_while_set_variable_fix")

    assert workflow.status == "COMPLETED"
    assert workflow.variables == {"value": "0"}
    assert task_of(workflow, "loopTask").output_data["iteration"] == 1


def test_loop_of_system_tasks(world: World) -> None:
    workflow = run(world, "do_while_system_tasks", inputs={"loop": 3})

    assert workflow.status == "COMPLETED"
    assert len(finished(workflow)) == 1 + 3 * 3 + 1


def test_loop_with_a_decision(world: World) -> None:
    w = world.start(
        register(world, "do_while_with_decision_task"), {"list": [{"number": 1}, 5, -2]}
    )
    assert world.task(w, "SwitchTask__1").output_data["selectedCase"] == "false"
    assert world.task(w, "WaitTask__2").status == "IN_PROGRESS"

    world.tell(w, "WaitTask", done())

    workflow = world.workflow(w)
    assert workflow.status == "COMPLETED"
    assert finished(workflow)[1:] == [
        "GetNumberAtIndex__1",
        "SwitchTask__1",
        "GetNumberAtIndex__2",
        "SwitchTask__2",
        "WaitTask__2",
        "ComputeNumber__2",
        "GetNumberAtIndex__3",
        "SwitchTask__3",
    ]


def test_demo_of_keeping_the_last_turns(world: World) -> None:
    """Its scripts speak of the loop, which INLINE shows them only as an input."""
    broken = run(world, "do_while_cleanup_demo", inputs={"max_iterations": 5})
    assert trace(broken)[1] == "INLINE:generate_data_ref__1:FAILED_WITH_TERMINAL_ERROR"
    assert broken.status == "FAILED"

    name = register(world, "do_while_cleanup_demo", tasks=_seeing_loops("do_while_cleanup_demo"))
    workflow = world.play(world.start(name, {"max_iterations": 5}))

    assert workflow.status == "COMPLETED"
    assert set(task_of(workflow, "do_while_loop_ref").output_data) == {"iteration", "3", "4", "5"}
    assert workflow.output["result"] == {
        "total_iterations": 5,
        "message": "Workflow completed. Only last 3 iterations retained in output.",
    }
    processed = task_of(workflow, "process_data_ref__5").output_data["result"]
    assert processed == {"iteration": 5, "processed": True, "count": 100}


def test_demo_of_a_timeline(world: World) -> None:
    """Its scripts speak of loops too; and its jq program quotes as no jq does."""
    broken = run(world, "do_while_timeline_ui_demo")
    assert trace(broken)[1:] == [
        "SWITCH:switch_ref__1:COMPLETED",
        "INLINE:default_case_ref__1:FAILED_WITH_TERMINAL_ERROR",
    ]

    tasks = _seeing_loops("do_while_timeline_ui_demo")
    query = tasks[1]["loopOver"][0]["inputParameters"]
    query["queryExpression"] = query["queryExpression"].replace("'", '"')
    tasks[1]["loopOver"][1]["inputParameters"]["forkTaskInputs"] = [
        {"expression": "({processed: true})"},
        {"expression": "({processed: true})"},
    ]
    name = register(world, "do_while_timeline_ui_demo", tasks=tasks)
    workflow = world.play(world.start(name))

    assert workflow.status == "COMPLETED"
    result = _object(workflow.output["result"])
    assert (result["switch_iterations"], result["fork_iterations"]) == (2, 2)
    assert len(task_of(workflow, "join_ref__2").output_data) == 2


def _seeing_loops(file: str) -> list[Definition]:
    """Return the tasks of a file, its INLINE tasks given the loops their scripts speak of."""
    tasks: list[Definition] = read(file)["tasks"]
    loops = [t["taskReferenceName"] for t in tasks if t["type"] == "DO_WHILE"]

    def complete(task: Definition) -> None:
        inner = [*task.get("loopOver", []), *task.get("defaultCase", [])]
        for each in [*inner, *(t for case in task.get("decisionCases", {}).values() for t in case)]:
            complete(each)
        if task["type"] == "INLINE":
            for loop in loops:
                if loop in task["inputParameters"]["expression"]:
                    task["inputParameters"][loop] = f"${{{loop}.output}}"

    for task in tasks:
        complete(task)
    return tasks


# -- system tasks -----------------------------------------------------------------------------


def test_blocking_system_task_is_a_worker_task_here(world: World) -> None:
    workflow = run(world, "blocking_system_task_workflow_integration_test")

    assert trace(workflow) == ["BLOCKING_SYSTEM_TASK:blocking_system_task:COMPLETED"]
    assert workflow.status == "COMPLETED"


def test_system_task_completed_from_outside(world: World) -> None:
    name = register(world, "simple_workflow_with_async_complete_system_task_integration_test")
    w = world.start(name, {"param1": "p1"})
    world.report(world.take("integration_task_1"), done(op="task1.Done"))
    assert world.task(w, "user_task").input_data == {"input": "task1.Done"}

    world.tell(w, "user_task", done(uuid="u-1"))

    workflow = world.workflow(w)
    assert workflow.status == "COMPLETED"
    assert workflow.output == {"o1": "p1", "o2": "u-1", "o3": "task1.Done"}


@pytest.mark.parametrize(("a", "value"), [(1, True), (2, False)])
def test_lambda(world: World, a: int, value: bool) -> None:
    workflow = run(world, "simple_lambda_workflow_integration_test", inputs={"a": a})

    assert workflow.output == {"result": {"testvalue": value}}


def test_set_variable(world: World) -> None:
    inputs: JsonObject = {"var": {"deep": [1]}}

    workflow = run(world, "simple_set_variable_workflow_integration_test", inputs=inputs)

    assert workflow.status == "COMPLETED"
    assert workflow.output == {"variables": inputs}


def test_set_variable_beyond_its_limit(world: World) -> None:
    inputs: JsonObject = {"var": "x" * (257 * 1024)}

    workflow = run(world, "simple_set_variable_workflow_integration_test", inputs=inputs)

    assert workflow.status == "FAILED"
    assert trace(workflow) == ["SET_VARIABLE:set_variable_1:FAILED_WITH_TERMINAL_ERROR"]
    assert workflow.output == {"variables": {}}


def test_set_variable_between_tasks(world: World) -> None:
    w = world.start(register(world, "set_variable_workflow_integration_test"), {"var": 7})
    world.play(w)
    assert world.trace(w)[1:] == ["SET_VARIABLE:set_variable_1:COMPLETED", "WAIT:wait0:IN_PROGRESS"]

    world.tell(w, "wait0", done())

    assert world.workflow(w).output == {"variables": {"var": 7}}


def test_jq(world: World) -> None:
    inputs: JsonObject = {"in1": {"array": ["a", "b"]}, "in2": {"array": ["c", "d"]}}

    workflow = run(world, "simple_json_jq_transform_integration_test", inputs=inputs)

    expected: JsonObject = {"out": ["a", "b", "c", "d"]}
    assert workflow.output == {"result": expected, "resultList": [expected]}


def test_jq_that_fails(world: World) -> None:
    inputs: JsonObject = {"in1": "a", "in2": {"array": [1]}}

    workflow = run(world, "simple_json_jq_transform_integration_test", inputs=inputs)

    assert trace(workflow) == ["JSON_JQ_TRANSFORM:jq_1:FAILED"]
    assert workflow.status == "FAILED"


def test_jq_after_jq(world: World) -> None:
    inputs: JsonObject = {"method": "POST", "body": {"x": 1}, "requestTransform": "{out: .body}"}

    workflow = run(world, "sequential_json_jq_transform_integration_test", inputs=inputs)

    defaults = _object(task_of(workflow, "default_variables").output_data["result"])
    assert (defaults["method"], defaults["responseTransform"]) == ("POST", ".response.body")
    assert task_of(workflow, "request_transform").output_data["result"] == {"out": {"x": 1}}
    assert workflow.status == "COMPLETED"


@pytest.mark.parametrize("action", ["redeliver", "unknown"])
def test_jq_results_in_decisions(world: World, action: str) -> None:
    url = "https://datausa.io/api/data?drilldowns=Nation&measures=Population"
    world.http.replies[url] = [HttpReply(status_code=200, reason_phrase="OK", body=b'{"n": 1}')]

    workflow = run(
        world, "json_jq_transform_result_integration_test", inputs={"requestedAction": action}
    )

    path = ["json_jq_1", "decide_1", "json_jq_2", "decide_2"]
    called = ["get_population_data"] if action == "unknown" else []
    assert finished(workflow) == [*path, *called]
    assert workflow.status == "COMPLETED"


def test_synchronous_system_task(world: World) -> None:
    workflow = run(
        world,
        "workflow_with_synchronous_system_task",
        workers={"t1": done(op=read("output")["op"])},
    )

    size = len(read("output")["op"]["TEST_SAMPLE"])
    assert task_of(workflow, "jsonjq").output_data == {"result": size, "resultList": [size]}
    assert workflow.output == {"data": None}
    assert workflow.status == "COMPLETED"


@pytest.mark.parametrize(
    "file", ["wait_workflow_integration_test", "simple_wait_task_workflow_integration_test"]
)
def test_wait(world: World, file: str) -> None:
    w = world.start(register(world, file))
    world.advance(86_400)
    assert world.trace(w) == ["WAIT:wait0:IN_PROGRESS"]

    world.tell(w, "wait0", done(x=1))

    assert finished(world.play(w)) == ["wait0", "t1"]


def test_wait_that_times_out(world: World) -> None:
    definition = {"timeoutSeconds": 10, "responseTimeoutSeconds": 10, "timeoutPolicy": "RETRY"}
    world.define("waitTimeout", retryCount=1, **definition)
    w = world.start(register(world, "simple_wait_task_workflow_integration_test"))

    world.advance(10)
    world.advance(60)

    assert "WAIT:wait0:TIMED_OUT" in world.trace(w)


def test_event_is_published_and_the_next_task_follows(world: World) -> None:
    workflow = run(world, "event_workflow_integration_test")

    assert trace(workflow) == ["EVENT:wait0:COMPLETED", "integration_task_1:t1:COMPLETED"]
    assert workflow.status == "COMPLETED"


def test_event_and_the_wait_it_completes(world: World) -> None:
    handler = read("sqs-complete-wait-event-handler")
    action = handler["actions"][0]["complete_task"]
    w = world.start(register(world, "sqs-test-workflow"))
    world.play(w)
    assert world.task(w, "send_sqs_event_ref").status == "COMPLETED"
    assert handler["event"] == world.task(w, "send_sqs_event_ref").workflow_task.sink

    world.tell(w, action["taskRefName"], done(eventReceived=True))

    assert world.workflow(w).status == "COMPLETED"


# -- TERMINATE --------------------------------------------------------------------------------


def test_terminate_completed(world: World) -> None:
    register(world, "failure_workflow_for_terminate_task_workflow")

    workflow = run(world, "terminate_task_completed_workflow_integration_test", inputs={"a": 1})

    assert workflow.status == "COMPLETED"
    assert finished(workflow) == ["lambda0", "terminate0"]
    assert workflow.output == {"result": {"testvalue": True}}


def test_terminate_failed(world: World) -> None:
    register(world, "failure_workflow_for_terminate_task_workflow")

    workflow = run(world, "terminate_task_failed_workflow_integration", inputs={"a": 1})

    assert workflow.status == "FAILED"
    assert workflow.reason_for_incompletion == "Early exit in terminate"
    assert workflow.output["result"] == {"testvalue": True}
    failure = world.workflow(str(workflow.output["conductor.failure_workflow"]))
    assert (failure.workflow_name, failure.status) == ("failure_workflow", "COMPLETED")
    assert failure.input["failureTaskId"] == task_of(workflow, "terminate0").task_id
    assert failure.input["failureStatus"] == "FAILED"


def test_terminate_terminated(world: World) -> None:
    workflow = run(world, "terminate_task_terminated_status_test")

    assert workflow.status == "TERMINATED"
    assert finished(workflow) == ["lambda0", "terminate0"]
    assert workflow.reason_for_incompletion == "Early exit with TERMINATED status"


def test_terminate_in_a_loop(world: World) -> None:
    """What it calls items is an input like any other: only ``_items`` are gone through."""
    workflow = run(world, "terminate_task_terminated_status_in_do_while_test")

    assert workflow.status == "TERMINATED"
    assert trace(workflow)[1:] == [
        "LAMBDA:lambda_ref__1:COMPLETED",
        "TERMINATE:terminate_ref__1:COMPLETED",
    ]
    assert workflow.reason_for_incompletion == (
        "Workflow terminated by TERMINATE task in DO_WHILE loop"
    )


def test_terminate_ends_sub_workflows_and_waits(world: World) -> None:
    register(world, "terminate_task_sub_workflow")
    w = world.start(register(world, "terminate_task_parent_workflow"), {"lambdaValue": 1})
    child = world.child(w, "test_terminate_subworkflow").workflow_id
    assert world.task(w, "basicJavaA").status == "IN_PROGRESS"

    world.tell(w, "basicJavaA", done())

    workflow = world.workflow(w)
    assert workflow.status == "COMPLETED"
    assert workflow.output == {"output": "some output"}
    assert task_of(workflow, "test_terminate_subworkflow").status == "CANCELED"
    assert task_of(workflow, "thejoin").status == "CANCELED"
    assert "basicJavaB" not in {t.reference_task_name for t in workflow.tasks}
    assert world.workflow(child).status == "TERMINATED"


def test_failed_sub_workflow_fails_its_parent(world: World) -> None:
    register(world, "failure_workflow_for_terminate_task_workflow", "test_task_failed_sub_workflow")

    workflow = run(world, "test_task_failed_parent_workflow", inputs={"lambdaValue": 1})

    assert workflow.status == "FAILED"
    assert trace(workflow) == [
        "LAMBDA:lambdaTask1:COMPLETED",
        "SUB_WORKFLOW:test_task_failed_sub_wf:FAILED",
    ]
    assert "conductor.failure_workflow" in workflow.output


# -- what is no definition --------------------------------------------------------------------


def test_input_file_is_not_json() -> None:
    """It is an empty file; Conductor's tests read other data from their own classes."""
    with pytest.raises(ValueError, match="not found"):
        read("input")
