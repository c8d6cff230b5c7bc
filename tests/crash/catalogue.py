"""Scenarios that together use every task type, every way to end, and every operation."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from dalsegno.models import (
    JsonObject,
    RerunWorkflowRequest,
    SkipTaskRequest,
    TaskStatus,
    UpgradeWorkflowRequest,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno_state import ids
from dalsegno_state.engine.webhooks import waiting_kind
from tests.crash.world import DEAD_END, DONE, FAILED, ROOT, SILENCE, Result, Scenario, Step, World

NEVER: Final = 99


def task(ref: str, task_type: str = "SIMPLE", **fields: Any) -> JsonObject:
    """Return a task whose name is its reference."""
    return {"name": ref, "taskReferenceName": ref, "type": task_type, **fields}


def workflow(name: str, *tasks: JsonObject, **fields: Any) -> JsonObject:
    """Return a definition."""
    return {"name": name, "version": 1, "tasks": list(tasks), "schemaVersion": 2, **fields}


def task_def(name: str, **fields: Any) -> JsonObject:
    """Return a task definition that retries soon and often."""
    return {"name": name, "retryCount": 5, "retryDelaySeconds": 10, **fields}


def fork(ref: str, *branches: Sequence[JsonObject], **fields: Any) -> JsonObject:
    """Return a FORK_JOIN of these branches."""
    return task(ref, "FORK_JOIN", forkTasks=[list(branch) for branch in branches], **fields)


def join(ref: str, *names: str) -> JsonObject:
    """Return a JOIN of these tasks."""
    return task(ref, "JOIN", joinOn=list(names))


def loop(ref: str, condition: str, *body: JsonObject, **fields: Any) -> JsonObject:
    """Return a DO_WHILE."""
    return task(ref, "DO_WHILE", loopCondition=condition, loopOver=list(body), **fields)


def turns(ref: str, count: int) -> str:
    """Return the condition of a loop of so many turns."""
    return f"$.{ref}['iteration'] < {count}"


def switch(ref: str, value: str, cases: dict[str, list[JsonObject]], **fields: Any) -> JsonObject:
    """Return a SWITCH on an expression's value."""
    return task(
        ref,
        "SWITCH",
        evaluatorType="value-param",
        expression="v",
        inputParameters={"v": value},
        decisionCases=cases,
        **fields,
    )


def inline(ref: str, expression: str, **inputs: Any) -> JsonObject:
    """Return an INLINE task."""
    return task(
        ref,
        "INLINE",
        inputParameters={"evaluatorType": "javascript", "expression": expression, **inputs},
    )


def child(ref: str, name: str, params: JsonObject | None = None, **fields: Any) -> JsonObject:
    """Return a SUB_WORKFLOW of a stored definition."""
    given: JsonObject = {"name": name, "version": 1, **(params or {})}
    return task(ref, "SUB_WORKFLOW", subWorkflowParam=given, **fields)


def http(ref: str, path: str, **fields: Any) -> JsonObject:
    """Return an HTTP task that names its attempt to the service."""
    request = {
        "uri": f"http://service.test{path}",
        "method": "POST",
        "body": {"for": str(fields.get("name", ref))},
        "headers": {"Idempotency-Key": "${CPEWF_TASK_ID}"},
    }
    if fields.get("type") == "HTTP_POLL":
        done = "$.output.response.body.late"
        request = {**request, "terminationCondition": done, "pollingInterval": 25}
    return {**task(ref, "HTTP", inputParameters={"http_request": request}), **fields}


def pull(ref: str, **inputs: Any) -> JsonObject:
    """Return a task that takes messages."""
    return task(ref, "PULL_WORKFLOW_MESSAGES", inputParameters=inputs)


def cached_task(ref: str, name: str) -> JsonObject:
    """Return a worker task whose output others of its name may have for an hour."""
    cache = {"key": "${x}", "ttlInSecond": 3600}
    return task(ref, name=name, inputParameters={"x": 1}, cacheConfig=cache)


# -- what clients do ---------------------------------------------------------------------------


def update(
    ref: str,
    status: TaskStatus = TaskStatus.COMPLETED,
    when: Callable[[World], bool] | None = None,
) -> Step:
    """Return the step of ending an open task by its reference."""
    return Step(
        when=when or is_open(ref),
        do=lambda world: world.engine.tasks.update_by_ref(ROOT, ref, status, {"told": ref}, None),
        took=lambda world: not world.is_open(ref),
    )


def signal(ref: str) -> Step:
    """Return the step of signalling the workflow, which waits at a task."""
    return Step(
        when=lambda world: world.is_open(ref),
        do=lambda world: world.engine.tasks.signal(ROOT, TaskStatus.COMPLETED, {"told": ref}),
        took=lambda world: not world.is_open(ref),
    )


def push(payload: JsonObject, when: Callable[[World], bool]) -> Step:
    """Return the step of sending a message to the workflow, unless it was stored already."""

    def is_known(world: World) -> bool:
        return json.dumps(payload) in world.everything_sent()

    def send(world: World) -> None:
        if not is_known(world):
            world.engine.messages.push(ROOT, payload)

    return Step(when=when, do=send, took=is_known)


def request(webhook_id: str, payload: JsonObject, path: str, ref: str) -> Step:
    """Return the step of calling a webhook that a task waits for by the value of one field."""
    kind = waiting_kind(webhook_id, [f"$.{path}"], [payload[path]])

    def is_entered(world: World) -> bool:
        return world.is_open(ref) and bool(world.stored.documents.documents(kind))

    return Step(
        when=is_entered,
        do=lambda world: world.engine.webhooks.deliver(webhook_id, payload),
        took=lambda world: not world.is_open(ref),
    )


def is_published(ref: str) -> Callable[[World], bool]:
    """Return the test whether an open task tells of its effect."""

    def tells(world: World) -> bool:
        found = world.task(ref)
        return found is not None and bool(found.output)

    return tells


def is_open(ref: str) -> Callable[[World], bool]:
    """Return the test whether a task is open."""
    return lambda world: world.is_open(ref)


def has_ended(run: int = 0) -> Callable[[World], bool]:
    """Return the test whether the workflow has ended in a run, and all under it with it."""
    return lambda world: (
        world.workflow().run == run
        and all(w.status.is_terminal and not w.closing for w in world.workflows())
    )


def wait_for(when: Callable[[World], bool]) -> Step:
    """Return the step of doing nothing until something is so; workers may be held by it."""
    return Step(when=when, do=lambda world: None, took=lambda world: True)


def open_in_child(ref: str) -> Callable[[World], bool]:
    """Return the test whether a task is open in some sub-workflow."""

    def is_open_there(world: World) -> bool:
        tasks = [t for w in world.workflows() for t in world.stored.state.all_tasks(w.workflow_id)]
        launched = {task.sub_workflow_id for task in tasks}
        return any(
            task.ref == ref and not task.status.is_terminal and task.workflow_id in launched
            for task in tasks
        )

    return is_open_there


def both(*conditions: Callable[[World], bool]) -> Callable[[World], bool]:
    """Return the test whether all of these are so."""
    return lambda world: all(condition(world) for condition in conditions)


def completed(*refs: str) -> Callable[[World], bool]:
    """Return the test whether all these tasks of the workflow have completed."""

    def are_completed(world: World) -> bool:
        found = [world.task(ref) for ref in refs]
        return all(t is not None and t.status is TaskStatus.COMPLETED for t in found)

    return are_completed


def terminate(when: Callable[[World], bool]) -> Step:
    """Return the step of terminating the workflow."""
    return Step(
        when=when,
        do=lambda world: world.engine.executions.terminate(ROOT, "enough"),
        took=World.has_ended,
    )


def pause(when: Callable[[World], bool]) -> Step:
    """Return the step of pausing the workflow."""
    return Step(
        when=when,
        do=lambda world: world.engine.executions.pause(ROOT),
        took=lambda world: world.workflow().status is WorkflowStatus.PAUSED,
    )


def resume() -> Step:
    """Return the step of resuming a workflow an hour after it was paused."""
    return Step(
        when=lambda world: world.clock.now() >= world.workflow().updated_at + 3_600_000,
        do=lambda world: world.engine.executions.resume(ROOT),
        took=lambda world: world.workflow().status is not WorkflowStatus.PAUSED,
    )


def operation(do: Callable[[World], object], run: int = 0) -> Step:
    """Return the step of setting the workflow going again once its run has ended."""
    return Step(when=has_ended(run), do=do, took=lambda world: world.workflow().run > run)


def retry(run: int = 0, *, resume_children: bool = False) -> Step:
    """Return the step of retrying the workflow."""

    def again(world: World) -> None:
        world.engine.executions.retry(ROOT, resume_subworkflow_tasks=resume_children)

    return operation(again, run)


def restart(run: int = 0) -> Step:
    """Return the step of restarting the workflow."""
    return operation(
        lambda world: world.engine.executions.restart(ROOT, use_latest_definitions=False), run
    )


def rerun(ref: str | None, run: int = 0, **fields: Any) -> Step:
    """Return the step of running the workflow again from a task, or from its beginning."""

    def again(world: World) -> None:
        found = None if ref is None else world.task(ref)
        world.engine.executions.rerun(
            ROOT,
            RerunWorkflowRequest(
                re_run_from_task_id=None if found is None else found.task_id, **fields
            ),
        )

    return operation(again, run)


def skip(ref: str, when: Callable[[World], bool]) -> Step:
    """Return the step of skipping a task that is yet to come."""
    return Step(
        when=when,
        do=lambda world: world.engine.executions.skip_task(
            ROOT, ref, SkipTaskRequest(task_output={"skipped": True})
        ),
        took=lambda world: world.task(ref) is not None,
    )


def change_variables(when: Callable[[World], bool], **variables: Any) -> Step:
    """Return the step of changing the workflow's variables."""
    return Step(
        when=when,
        do=lambda world: world.engine.alterations.update_variables(ROOT, variables),
        took=lambda world: variables.items() <= world.workflow().variables.items(),
    )


def jump(ref: str, when: Callable[[World], bool], run: int = 0) -> Step:
    """Return the step of going on at a task."""
    return Step(
        when=when,
        do=lambda world: world.engine.alterations.jump(ROOT, ref, {"jumped": True}),
        took=lambda world: world.workflow().run > run,
    )


def upgrade(definition: JsonObject, when: Callable[[World], bool]) -> Step:
    """Return the step of registering the workflow's next version and going on by it."""
    request = UpgradeWorkflowRequest(name=str(definition["name"]), task_output={"passed": True})

    def register_and_upgrade(world: World) -> None:
        following = WorkflowDef.model_validate({**definition, "version": 2})
        world.engine.metadata.create_workflow_def(following, overwrite=True)
        world.engine.alterations.upgrade(ROOT, request)

    return Step(
        when=when, do=register_and_upgrade, took=lambda world: world.workflow().version == 2
    )


# -- the scenarios -----------------------------------------------------------------------------

_CHILD: Final = workflow(
    "child",
    task("k1", inputParameters={"q": "${workflow.input.q}"}),
    task("k2", inputParameters={"r": "${k1.output.by}"}),
    outputParameters={"r": "${k2.output.by}", "q": "${workflow.input.q}"},
)


def _limit(policy: str) -> JsonObject:
    key = "${workflow.input.q}"
    return {"rateLimitKey": key, "concurrentExecLimit": 1, "policy": policy}


_TOLD: Final = {
    change: [{"type": change, "payload": {"x": 1}}]
    for change in ("onScheduled", "onStart", "onSuccess", "onFailed", "onCancelled")
}
# Its IN_PROGRESS is left out: a child may end before the news that it was launched.
_TOLD_OF_A_CHILD: Final = {change: _TOLD[change] for change in _TOLD if change != "onStart"}
_KEY: Final = {"idempotencyKey": "k", "idempotencyStrategy": "RETURN_EXISTING"}


def _is_waited_for(world: World) -> bool:
    return any(len(w.followers) == 2 for w in world.workflows())


CATALOGUE: Final[tuple[Scenario, ...]] = (
    Scenario(
        "a sequence with retries and a callback",
        [
            workflow(
                "sequence",
                task("a", inputParameters={"x": "${workflow.input.x}"}),
                task("b", inputParameters={"a": "${a.output.attempt}"}, startDelay=5),
                task("c"),
                outputParameters={"b": "${b.output}", "c": "${c.output.by}"},
            )
        ],
        task_defs=[
            task_def("a"),
            task_def("b", retryLogic="EXPONENTIAL_BACKOFF", backoffJitterMs=500),
        ],
        input={"x": 1},
        results={
            "a": [FAILED, FAILED],
            "b": [FAILED],
            "c": [Result(status="IN_PROGRESS", output={"half": 1}, callback_after_seconds=20)],  # type: ignore[arg-type]
        },
    ),
    Scenario(
        "switches",
        [
            workflow(
                "switches",
                switch("s1", "${workflow.input.v}", {"x": [task("x1"), task("x2")]}),
                task(
                    "s2",
                    "SWITCH",
                    evaluatorType="javascript",
                    expression="$.n > 1 ? 'many' : 'one'",
                    inputParameters={"n": 2},
                    decisionCases={
                        "many": [
                            switch("s3", "nobody", {"y": [task("y1")]}, defaultCase=[task("z1")])
                        ]
                    },
                ),
                task(
                    "d1",
                    "DECISION",
                    caseValueParam="v",
                    inputParameters={"v": "${workflow.input.v}"},
                    decisionCases={"x": [task("d2")]},
                ),
                switch("s4", "none", {"y": [task("y2")]}),
            )
        ],
        input={"v": "x"},
    ),
    Scenario(
        "nested forks",
        [
            workflow(
                "forks",
                fork(
                    "f1",
                    [
                        task("a"),
                        fork("f2", [task("b")], [task("c"), task("d")]),
                        join("j2", "b", "d"),
                    ],
                    [task("e")],
                ),
                join("j1", "j2", "e"),
                task("z", inputParameters={"all": "${j1.output}", "c": "${j2.output.d.by}"}),
            )
        ],
        task_defs=[task_def("d")],
        results={"d": [FAILED]},
    ),
    Scenario(
        "a dynamic fork of listed tasks",
        [
            workflow(
                "listed",
                task("p"),
                task(
                    "f",
                    "FORK_JOIN_DYNAMIC",
                    dynamicForkTasksParam="tasks",
                    dynamicForkTasksInputParamName="inputs",
                    inputParameters={"tasks": "${p.output.tasks}", "inputs": "${p.output.inputs}"},
                ),
                task("j", "JOIN"),
                task("z", inputParameters={"n": "${j.output.n1}", "x": "${j.output.x1.by}"}),
            ),
            _CHILD,
        ],
        task_defs=[task_def("x1")],
        results={
            "p": [
                Result(
                    output={
                        "tasks": [
                            task("x1"),
                            task("n1", "NOOP"),
                            child("s1", "child"),
                            switch("w1", "${workflow.input.v}", {"q": [task("w2")]}),
                        ],
                        "inputs": {"x1": {"i": 1}, "s1": {"q": 2}},
                    }
                )
            ],
            "x1": [FAILED],
        },
        input={"v": "q"},
    ),
    Scenario(
        "a dynamic fork of one task, and one of a sub-workflow",
        [
            workflow(
                "same",
                task(
                    "f",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={"forkTaskInputs": [{"i": 1}, 2, "three"], "forkTaskName": "k"},
                ),
                task("j", "JOIN"),
                task(
                    "g",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={
                        "forkTaskInputs": [{"q": 1}, {"q": 2}],
                        "forkTaskWorkflow": "child",
                        "forkTaskWorkflowVersion": "1",
                    },
                ),
                task("h", "JOIN"),
                task(
                    "old",
                    "FORK_JOIN_DYNAMIC",
                    dynamicForkJoinTasksParam="old",
                    inputParameters={
                        "old": {
                            "dynamicTasks": [
                                {"taskName": "o", "referenceName": "o1", "input": {"i": 1}},
                                {"taskName": "o", "referenceName": "o2", "input": {"i": 2}},
                            ]
                        }
                    },
                ),
                task("oj", "JOIN"),
                task("e", "FORK_JOIN_DYNAMIC", inputParameters={"forkTaskInputs": []}),
                task("ej", "JOIN"),
            ),
            _CHILD,
        ],
        task_defs=[task_def("k"), task_def("o")],
    ),
    Scenario(
        "a workflow with an idempotency key, started once and waited for twice",
        [
            workflow(
                "keyed",
                task(
                    "first",
                    "START_WORKFLOW",
                    inputParameters={"startWorkflow": {"name": "child", "input": {"q": 1}, **_KEY}},
                ),
                fork("f", [child("s", "child", _KEY)], [child("t", "child", _KEY)]),
                join("j", "s", "t"),
                task(
                    "again",
                    "START_WORKFLOW",
                    inputParameters={"startWorkflow": {"name": "child", **_KEY}},
                ),
                task("z", inputParameters={"s": "${s.output.q}", "t": "${t.output.r}"}),
            ),
            _CHILD,
        ],
        steps=[wait_for(both(is_open("s"), is_open("t"), _is_waited_for))],
        held={"k2": 1},
    ),
    Scenario(
        "sub-workflows that wait for one slot of their rate limit",
        [
            workflow(
                "queueing",
                fork("f", *([child(ref, "limited", inputParameters={"q": 1})] for ref in "rst")),
                join("j", "r", "s", "t"),
                child("u", "limited", inputParameters={"q": 2}),
            ),
            {**_CHILD, "name": "limited", "rateLimitConfig": _limit("QUEUE")},
        ],
    ),
    Scenario(
        "sub-workflows one after the other, each of which would be rejected beside another",
        [
            workflow(
                "rejecting",
                child("r", "limited", inputParameters={"q": 1}),
                child("s", "limited", inputParameters={"q": 1}, optional=True),
                task("z"),
            ),
            {**_CHILD, "name": "limited", "rateLimitConfig": _limit("REJECT")},
        ],
    ),
    Scenario(
        "a rate-limited workflow that is retried",
        [workflow("limited", task("bad"), rateLimitConfig=_limit("QUEUE"))],
        results={"bad": [DEAD_END, DONE]},
        steps=[retry()],
    ),
    Scenario(
        "tasks that have the output of the one before them",
        [
            workflow(
                "cached",
                cached_task("a1", "a"),
                cached_task("a2", "a"),
                loop("l", turns("l", 2), cached_task("a3", "a")),
                http("h1", "/x", name="h", cacheConfig={"key": "h", "ttlInSecond": 3600}),
                http("h2", "/x", name="h", cacheConfig={"key": "h", "ttlInSecond": 3600}),
                task("z", inputParameters={"v": "${a3.output.v}", "h": "${h2.output.response}"}),
            )
        ],
        task_defs=[task_def("a")],
        results={ref: [Result(output={"v": 1})] * 2 for ref in ("a1", "a2", "a3")},
    ),
    Scenario(
        "workflows and tasks that tell of each change of their status",
        [
            workflow(
                "telling",
                task("a", onStateChange=_TOLD),
                fork(
                    "f",
                    [task("b", onStateChange=_TOLD)],
                    [child("s", "telling_child", onStateChange=_TOLD_OF_A_CHILD)],
                ),
                join("j", "b", "s"),
                task("w", "WAIT", onStateChange=_TOLD),
                workflowStatusListenerEnabled=True,
            ),
            workflow("telling_child", task("k"), workflowStatusListenerEnabled=True),
        ],
        task_defs=[task_def("a")],
        results={"a": [FAILED]},
        steps=[terminate(is_open("w"))],
    ),
    Scenario(
        "a wide dynamic fork in chunks",
        [
            workflow(
                "wide",
                task(
                    "f",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={
                        "forkTaskInputs": [{"i": i} for i in range(103)],
                        "forkTaskName": "n",
                        "forkTaskType": "NOOP",
                    },
                ),
                task("j", "JOIN"),
                task("z", inputParameters={"last": "${j.output._n_102}"}),
            )
        ],
        writes_per_decision=40,
    ),
    Scenario(
        "a dynamic fork of failing branches, in small decisions",
        [
            workflow(
                "failing",
                task(
                    "f",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={
                        "forkTaskInputs": [{"i": i} for i in range(6)],
                        "forkTaskName": "k",
                    },
                ),
                task("j", "JOIN"),
                task("z"),
            )
        ],
        task_defs=[{"name": "k", "retryCount": 9, "retryDelaySeconds": 20_000}],
        results={"_k_0": [FAILED], "_k_3": [FAILED, FAILED, DEAD_END]},
        held={"z": NEVER},
        writes_per_decision=2,
    ),
    Scenario(
        "small decisions",
        [
            workflow(
                "small",
                inline("i1", "1"),
                task("v1", "SET_VARIABLE", inputParameters={"a": "${i1.output.result}"}),
                fork(
                    "f",
                    [inline("i2", "2"), inline("i3", "3")],
                    [task("n1", "NOOP"), task("a")],
                    [loop("l", turns("l", 2), inline("i4", "4"), task("n2", "NOOP"))],
                ),
                join("j", "i3", "a", "l"),
                inline("i5", "$.a + 4", a="${workflow.variables.a}"),
                switch(
                    "s",
                    "x",
                    {
                        "x": [
                            inline("i6", "6"),
                            task("v2", "SET_VARIABLE", inputParameters={"b": 2}),
                        ]
                    },
                ),
                outputParameters={"five": "${i5.output.result}", "b": "${workflow.variables.b}"},
            )
        ],
        writes_per_decision=1,
    ),
    Scenario(
        "exclusive joins",
        [
            workflow(
                "exclusive",
                switch("s", "${workflow.input.v}", {"x": [task("a")], "y": [task("b")]}),
                task("e", "EXCLUSIVE_JOIN", joinOn=["b", "a"], defaultExclusiveJoinTask=["c"]),
                fork("f", [task("c"), task("c2")], [task("d")]),
                join("j", "c2", "d"),
                task("e2", "EXCLUSIVE_JOIN", joinOn=["nothing"], defaultExclusiveJoinTask=["d"]),
                task("z", inputParameters={"e": "${e.output.by}", "e2": "${e2.output.by}"}),
            )
        ],
        input={"v": "x"},
    ),
    Scenario(
        "nested loops",
        [
            workflow(
                "loops",
                loop(
                    "l",
                    turns("l", 2),
                    task("a", inputParameters={"before": "${b.output.by}"}),
                    loop(
                        "m", turns("m", 2), task("b"), inline("i", "$.n", n="${b.output.attempt}")
                    ),
                ),
                task("z", inputParameters={"l": "${l.output}", "b": "${b.output.by}"}),
            )
        ],
        task_defs=[task_def("b")],
        results={"b__1__2": [FAILED]},
    ),
    Scenario(
        "a loop over items that keeps the last turns",
        [
            workflow(
                "items",
                loop(
                    "l",
                    "",
                    task("a", inputParameters={"item": "${l.output.loopItem}"}),
                    fork("f", [task("b")], [inline("i", "1")]),
                    join("j", "b", "i"),
                    items="${workflow.input.items}",
                    inputParameters={"keepLastN": 1},
                ),
                loop(
                    "o",
                    turns("o", 3),
                    loop("p", turns("p", 2), task("q")),
                    inputParameters={"keepLastN": 1},
                ),
                task("z", inputParameters={"l": "${l.output}"}),
            )
        ],
        input={"items": ["x", "y", "z"]},
        task_defs=[task_def("b")],
        results={"b__2": [FAILED]},
    ),
    Scenario(
        "a loop that counts on its tasks",
        [
            workflow(
                "counting",
                loop(
                    "l",
                    "$.a['go'] == true",
                    task("a"),
                    switch("s", "${a.output.go}", {"true": [task("b")]}, defaultCase=[]),
                ),
                loop("none", "", task("never"), items="${workflow.input.none}"),
                outputParameters={"n": "${l.output.iteration}", "none": "${none.output}"},
            )
        ],
        results={
            "a__1": [Result(output={"go": True})],
            "a__2": [FAILED, Result(output={"go": True})],
            "a__3": [Result(output={"go": False})],
        },
        task_defs=[task_def("a")],
    ),
    Scenario(
        "sub-workflows",
        [
            workflow(
                "parent",
                child("s", "child", inputParameters={"q": "${workflow.input.q}"}),
                task(
                    "inner",
                    "SUB_WORKFLOW",
                    subWorkflowParam={
                        "name": "embedded",
                        "workflowDefinition": workflow(
                            "embedded",
                            inline("i", "7"),
                            child("deep", "child", inputParameters={"q": 3}),
                        ),
                    },
                ),
                task("z", inputParameters={"r": "${s.output.r}", "q": "${inner.output.q}"}),
            ),
            _CHILD,
        ],
        input={"q": 2},
    ),
    Scenario(
        "a sub-workflow that fails and is retried",
        [
            workflow(
                "stubborn",
                fork("f", [child("s", "child")], [child("t", "instant")]),
                join("j", "s", "t"),
                task("z"),
            ),
            _CHILD,
            workflow("instant", inline("i", "1")),
        ],
        task_defs=[task_def("s")],
        results={"k2": [DEAD_END]},
    ),
    Scenario(
        "a sub-workflow that fails for good, with failure workflows",
        [
            workflow(
                "unlucky",
                fork("f", [child("s", "failing")], [child("t", "child")], [task("never")]),
                join("j", "s", "t", "never"),
                failureWorkflow="sorry",
            ),
            workflow("failing", task("x"), failureWorkflow="excuse"),
            _CHILD,
            workflow("sorry", task("y", inputParameters={"of": "${workflow.input.workflowId}"})),
            workflow("excuse", inline("i", "1")),
        ],
        results={"x": [DEAD_END]},
        held={"never": NEVER, "k1": NEVER, "x": 1},
        steps=[wait_for(open_in_child("k1"))],
    ),
    Scenario(
        "a workflow started and let go",
        [
            workflow(
                "starter",
                task(
                    "s",
                    "START_WORKFLOW",
                    inputParameters={
                        "startWorkflow": {"name": "child", "version": 1, "input": {"q": 1}}
                    },
                ),
                task("z", inputParameters={"id": "${s.output.workflowId}"}),
                task(
                    "bad",
                    "START_WORKFLOW",
                    inputParameters={"startWorkflow": {"name": "unknown"}},
                    optional=True,
                ),
            ),
            _CHILD,
        ],
    ),
    Scenario(
        "dynamic tasks and domains",
        [
            workflow(
                "dynamic",
                task(
                    "d",
                    "DYNAMIC",
                    dynamicTaskNameParam="what",
                    inputParameters={"what": "${workflow.input.what}", "x": 1},
                ),
                task("b"),
            )
        ],
        task_defs=[task_def("chosen")],
        input={"what": "chosen"},
        results={"d": [FAILED]},
        task_to_domain={"b": "there", "*": "here"},
    ),
    Scenario(
        "waits and humans",
        [
            workflow(
                "waits",
                task("w1", "WAIT", inputParameters={"duration": "30 minutes"}),
                fork(
                    "f",
                    [task("w2", "WAIT"), task("a", inputParameters={"told": "${w2.output.told}"})],
                    [
                        task("h", "HUMAN"),
                        task("w3", "WAIT", inputParameters={"duration": "2 days"}),
                    ],
                ),
                join("j", "a", "w3"),
                task("w4", "WAIT", inputParameters={"until": "2020-01-01 00:00"}),
            )
        ],
        steps=[signal("w2"), update("h")],
    ),
    Scenario(
        "messages",
        [
            workflow(
                "messages",
                pull("p1", batchSize=2),
                pull("p2", blocking=False),
                pull("p3", batchSize=5),
                loop("l", turns("l", 2), pull("p4"), inputParameters={"keepLastN": 1}),
            )
        ],
        steps=[
            push({"n": 1}, is_open("p1")),
            push({"n": 2}, is_open("p3")),
            push({"n": 3}, is_open("p4__1")),
            push({"n": 4}, is_open("p4__2")),
        ],
        # A message whose sender died is found when the task that waits is in doubt.
        patience_seconds=40_000,
    ),
    Scenario(
        "system tasks",
        [
            workflow(
                "effects",
                task("e1", "EVENT", sink="conductor", inputParameters={"n": 1}),
                task("e2", "EVENT", sink="conductor:done", asyncComplete=True),
                task("k", "KAFKA_PUBLISH", optional=True, inputParameters={"kafka_request": {}}),
                task("l", "AWS_LAMBDA", inputParameters={"functionName": "f"}),
                child("s", "child"),
                task("g", "GET_WORKFLOW", inputParameters={"id": "${s.output.subWorkflowId}"}),
                http("h", "/poll", type="HTTP_POLL"),
                task(
                    "w",
                    "WAIT_FOR_WEBHOOK",
                    inputParameters={"webhookId": "hook", "matches": {"$.order": "A"}},
                ),
                task("z", inputParameters={"w": "${w.output.n}", "l": "${l.output.by}"}),
            ),
            _CHILD,
        ],
        task_defs=[task_def("l")],
        steps=[
            update("e2", when=is_published("e2")),
            request("hook", {"order": "A", "n": 3}, "order", "w"),
        ],
        patience_seconds=40_000,
    ),
    Scenario(
        "variables",
        [
            workflow(
                "variables",
                task("v1", "SET_VARIABLE", inputParameters={"n": "${workflow.input.n}", "m": 1}),
                inline("i", "$.n + 1", n="${workflow.variables.n}"),
                task("v2", "SET_VARIABLE", inputParameters={"n": "${i.output.result}"}),
                task("a", inputParameters={"n": "${workflow.variables.n}"}),
                fork(
                    "f",
                    [
                        task("b"),
                        task("v3", "SET_VARIABLE", inputParameters={"b": "${b.output.by}"}),
                    ],
                    [
                        task("c"),
                        task("v4", "SET_VARIABLE", inputParameters={"c": "${c.output.by}"}),
                    ],
                ),
                join("j", "v3", "v4"),
                loop(
                    "l",
                    turns("l", 3),
                    inline("k", "$.n * 2", n="${workflow.variables.n}"),
                    task("v5", "SET_VARIABLE", inputParameters={"n": "${k.output.result}"}),
                ),
                outputParameters={"all": "${workflow.variables}"},
            )
        ],
        input={"n": 1},
    ),
    Scenario(
        "a good end in a branch",
        [
            workflow(
                "enough",
                fork(
                    "f",
                    [
                        task("a"),
                        task(
                            "t",
                            "TERMINATE",
                            inputParameters={
                                "terminationStatus": "COMPLETED",
                                "workflowOutput": {"by": "${a.output.by}"},
                            },
                        ),
                    ],
                    [child("s", "child")],
                    [task("w", "WAIT", inputParameters={"duration": "90 days"})],
                ),
                join("j", "t", "s", "w"),
            ),
            _CHILD,
        ],
        held={"k1": NEVER, "a": 1},
        steps=[wait_for(open_in_child("k1"))],
    ),
    Scenario(
        "a bad end, with a failure workflow",
        [
            workflow(
                "bad",
                task("a"),
                task(
                    "t",
                    "TERMINATE",
                    inputParameters={"terminationStatus": "FAILED", "terminationReason": "so"},
                ),
                task("never"),
                failureWorkflow="sorry",
            ),
            workflow("sorry", task("y", inputParameters={"why": "${workflow.input.reason}"})),
        ],
    ),
    Scenario(
        "scripts and transformations",
        [
            workflow(
                "scripts",
                inline("i", "({n: $.x + 1})", x="${workflow.input.x}"),
                task("l", "LAMBDA", inputParameters={"scriptExpression": "return $.x", "x": 2}),
                task(
                    "q",
                    "JSON_JQ_TRANSFORM",
                    inputParameters={"queryExpression": ".a | map(. + 1)", "a": [1, 2]},
                ),
                task("n", "NOOP"),
                {**inline("bad", "throw new Error('no')"), "optional": True},
                outputParameters={
                    "i": "${i.output.result.n}",
                    "q": "${q.output.result}",
                    "bad": "${bad.status}",
                },
            )
        ],
        input={"x": 1},
    ),
    Scenario(
        "calls that are retried",
        [
            workflow(
                "calls",
                http("h1", "/ok"),
                http("h2", "/flaky"),
                fork("f", [http("h3", "/refused", optional=True)], [http("h4", "/ok")]),
                join("j", "h3", "h4"),
                task("z", inputParameters={"said": "${h2.output.response.body.path}"}),
            )
        ],
        task_defs=[task_def("h2"), {"name": "h3", "retryCount": 0, "responseTimeoutSeconds": 7200}],
        replies={"/flaky": [500, 0, 200], "/refused": [404]},
    ),
    Scenario(
        "optional and permissive tasks",
        [
            workflow(
                "lenient",
                task("a", optional=True),
                fork("f", [task("b", optional=True), task("b2")], [task("c")]),
                join("j", "b", "b2", "c"),
                task("p", permissive=True),
                task("z"),
            )
        ],
        results={"a": [DEAD_END], "b": [DEAD_END], "p": [DEAD_END]},
    ),
    Scenario(
        "large payloads",
        [
            workflow(
                "large",
                task("a", inputParameters={"x": "${workflow.input.x}"}),
                child("s", "child", inputParameters={"q": "${a.output.big}"}),
                fork("f", [task("b", inputParameters={"big": "${a.output.big}"})], [task("c")]),
                join("j", "b", "c"),
                outputParameters={"all": "${j.output}", "q": "${s.output.q}"},
            ),
            _CHILD,
        ],
        input={"x": "x" * 100},
        results={"a": [Result(output={"big": "y" * 200})], "b": [Result(output={"b": "z" * 200})]},
        inline_bytes=64,
    ),
    Scenario(
        "limits",
        [
            workflow(
                "limits",
                task(
                    "f",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={
                        "forkTaskInputs": [1, 2, 3],
                        "forkTaskName": "k",
                    },
                ),
                task("j", "JOIN"),
                fork("g", [task("r")], [task("r2", name="r")], [task("r3", name="r")]),
                join("h", "r", "r2", "r3"),
            )
        ],
        task_defs=[
            task_def("k", concurrentExecLimit=1, responseTimeoutSeconds=60),
            task_def("r", rateLimitPerFrequency=1, rateLimitFrequencyInSeconds=30),
        ],
        results={"_k_1": [FAILED]},
    ),
    Scenario(
        "terminated by its owner",
        [
            workflow(
                "owned",
                task("a"),
                fork("f", [child("s", "child")], [task("w", "WAIT")], [task("b")]),
                join("j", "s", "w", "b"),
                failureWorkflow="never",
            ),
            _CHILD,
            workflow("never", task("y")),
        ],
        held={"k2": NEVER, "b": NEVER},
        steps=[terminate(both(is_open("w"), is_open("b"), open_in_child("k2")))],
    ),
    Scenario(
        "paused and resumed",
        [
            workflow(
                "paused",
                fork("f", [task("a"), task("b")], [child("s", "child")], [task("c"), task("d")]),
                join("j", "b", "s", "d"),
                task("z"),
            ),
            _CHILD,
        ],
        held={"c": 1},
        steps=[pause(is_open("c")), resume()],
    ),
    Scenario(
        "a task skipped",
        [
            workflow(
                "skipped", task("a"), task("b"), task("c", inputParameters={"b": "${b.output}"})
            )
        ],
        held={"a": 1},
        steps=[skip("b", is_open("a"))],
    ),
    Scenario(
        "retried by an operator",
        [
            workflow(
                "retried",
                task("first"),
                fork(
                    "f",
                    [task("a"), task("a2")],
                    [task("b")],
                    [loop("l", turns("l", 2), task("c"))],
                    [task("w", "WAIT")],
                ),
                join("j", "a2", "b", "l", "w"),
                task("z"),
            )
        ],
        results={"c__2": [DEAD_END]},
        held={"b": 3, "c": 1},
        steps=[
            wait_for(both(completed("a", "a2"), is_open("w"), is_open("b"))),
            retry(),
            update("w"),
        ],
    ),
    Scenario(
        "retried down to the failed sub-workflow",
        [
            workflow(
                "top", child("m", "middle"), task("z", inputParameters={"r": "${m.output.r}"})
            ),
            workflow("middle", fork("f", [child("s", "child")], [task("x")]), join("j", "s", "x")),
            _CHILD,
        ],
        results={"k2": [DEAD_END]},
        held={"x": 2, "k2": 1},
        steps=[
            wait_for(both(open_in_child("k2"), open_in_child("x"))),
            retry(resume_children=True),
        ],
    ),
    Scenario(
        "restarted",
        [
            workflow(
                "restarted",
                task("a"),
                task("v", "SET_VARIABLE", inputParameters={"n": "${a.output.by}"}),
                fork("f", [child("s", "child")], [task("b")]),
                join("j", "s", "b"),
            ),
            _CHILD,
        ],
        results={"b": [DEAD_END]},
        steps=[wait_for(open_in_child("k2")), restart()],
        held={"b": 1, "k2": 2},
    ),
    Scenario(
        "run again from the middle",
        [
            workflow(
                "again",
                task("a"),
                fork("f", [task("b"), task("c")], [task("d")]),
                join("j", "c", "d"),
                task(
                    "g",
                    "FORK_JOIN_DYNAMIC",
                    inputParameters={"forkTaskInputs": [1, 2], "forkTaskName": "k"},
                ),
                task("h", "JOIN"),
                loop("l", turns("l", 2), task("e")),
                task("z"),
            )
        ],
        task_defs=[task_def("k")],
        steps=[
            rerun("b"),
            rerun("g", 1, task_input={"extra": 1}),
            rerun("e__1", 2),
            rerun(None, 3),
        ],
    ),
    Scenario(
        "sent elsewhere: forwards out of forks and into a case, then back",
        [
            workflow(
                "jumper",
                fork("f", [child("s", "child")], [task("a"), task("a2")]),
                join("j", "s", "a2"),
                switch("w", "x", {"x": [task("x1")], "y": [task("y1"), task("y2")]}),
                loop("l", turns("l", 2), task("e"), task("g")),
                task("z"),
            ),
            _CHILD,
        ],
        held={"a2": NEVER, "k2": NEVER, "y2": 2, "z": 4},
        steps=[
            wait_for(both(is_open("a2"), open_in_child("k2"))),
            jump("y2", is_open("a2")),
            change_variables(is_open("z"), n=1),
            jump("e", is_open("z"), run=1),
        ],
    ),
    Scenario(
        "upgraded half-way",
        [
            workflow(
                "upgraded",
                task("a"),
                fork("f", [task("b"), task("c")], [task("d")]),
                join("j", "c", "d"),
                task("z"),
            )
        ],
        held={"c": 1, "z": NEVER},
        steps=[
            upgrade(
                workflow(
                    "upgraded",
                    task("p"),
                    task("a"),
                    child("q", "upgraded"),
                    fork("f", [task("b"), task("b2"), task("c")], [task("d")]),
                    join("j", "c", "d"),
                    task("y", inputParameters={"p": "${p.output.passed}"}),
                ),
                both(is_open("c"), completed("d")),
            )
        ],
    ),
    Scenario(
        "timed out: tasks",
        [
            workflow(
                "slow",
                task("a"),
                fork("f", [task("b")], [task("c", optional=True)]),
                join("j", "b", "c"),
                task("d"),
            )
        ],
        task_defs=[
            task_def("a", responseTimeoutSeconds=7200),
            task_def("b", responseTimeoutSeconds=1800, timeoutSeconds=7200),
            {"name": "c", "retryCount": 0, "pollTimeoutSeconds": 3600},
            task_def("d", timeoutSeconds=7200, timeoutPolicy="TIME_OUT_WF"),
        ],
        results={"a": [SILENCE], "b": [SILENCE, DONE], "d": [SILENCE] * 9},
        held={"c": NEVER},
    ),
    Scenario(
        "timed out: the workflow",
        [
            workflow(
                "overdue",
                fork("f", [child("s", "child")], [task("a"), task("h", "HUMAN")]),
                join("j", "s", "h"),
                timeoutSeconds=86_400,
                timeoutPolicy="TIME_OUT_WF",
                failureWorkflow="sorry",
            ),
            _CHILD,
            workflow("sorry", task("y")),
        ],
        held={"k2": NEVER},
        patience_seconds=6 * 3600,  # the child has been idle for most of a day
    ),
    Scenario(
        "out of retries",
        [workflow("hopeless", fork("f", [task("a")], [task("b")]), join("j", "a", "b"), task("z"))],
        task_defs=[{"name": "a", "retryCount": 2, "retryDelaySeconds": 3}],
        results={"a": [FAILED] * 9},
        held={"a": 1, "b": NEVER},
        steps=[wait_for(is_open("b"))],
    ),
)

__all__ = ["CATALOGUE", "ids"]
