"""Definitions that random operations run: each output and input says what it is made from."""

from collections.abc import Iterator
from typing import Any, Final

Json = dict[str, Any]

STEP: Final = "chaos_step"
FRAIL: Final = "chaos_frail"
# A worker that forgets its task holds it for this long.
RESPONSE_TIMEOUT_SECONDS: Final = 2

TASK_DEFINITIONS: Final[list[Json]] = [
    {
        "name": name,
        "retryCount": retries,
        "retryDelaySeconds": 0,
        "timeoutPolicy": "RETRY",
        "timeoutSeconds": 0,
        "responseTimeoutSeconds": RESPONSE_TIMEOUT_SECONDS,
    }
    for name, retries in ((STEP, 6), (FRAIL, 0))
]


def step(ref: str, after: str = "", name: str = STEP, **fields: Any) -> Json:
    """Return a worker's task, whose input repeats the output of the task before it."""
    before = {"before": f"${{{after}.output.token}}"} if after else {}
    inputs = {"seed": "${workflow.input.seed}", **before}
    return _task("SIMPLE", ref, name=name, inputParameters=inputs, **fields)


def fork(ref: str, *branches: list[Json]) -> list[Json]:
    """Return a FORK_JOIN of these branches and its JOIN."""
    last = [branch[-1]["taskReferenceName"] for branch in branches]
    return [
        _task("FORK_JOIN", f"{ref}_fork", forkTasks=list(branches)),
        _task("JOIN", f"{ref}_join", joinOn=last),
    ]


def dynamic_fork(ref: str) -> list[Json]:
    """Return a fork whose branches a script makes from the workflow's input, and its JOIN."""
    script = (
        "(function() { var tasks = [], inputs = {};"
        " for (var i = 0; i < $.width; i++) { var ref = 'branch' + i;"
        f" tasks.push({{name: '{STEP}', taskReferenceName: ref, type: 'SIMPLE'}});"
        " inputs[ref] = {number: i}; }"
        " return {tasks: tasks, inputs: inputs}; })()"
    )
    planned = {"width": "${workflow.input.width}", "evaluatorType": "javascript"}
    return [
        _task("INLINE", f"{ref}_planned", inputParameters={**planned, "expression": script}),
        _task(
            "FORK_JOIN_DYNAMIC",
            f"{ref}_fork",
            inputParameters={
                "tasks": f"${{{ref}_planned.output.result.tasks}}",
                "inputs": f"${{{ref}_planned.output.result.inputs}}",
            },
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        _task("JOIN", f"{ref}_join"),
    ]


def loop(ref: str, *body: Json) -> Json:
    """Return a loop of as many turns as the workflow's input says."""
    return _task(
        "DO_WHILE",
        ref,
        inputParameters={"turns": "${workflow.input.turns}"},
        loopCondition=f"$.{ref}['iteration'] < $.turns",
        loopOver=list(body),
    )


def switch(ref: str, cases: dict[str, list[Json]], default: list[Json]) -> Json:
    """Return a SWITCH on the workflow's input ``case``."""
    return _task(
        "SWITCH",
        ref,
        inputParameters={"case": "${workflow.input.case}"},
        evaluatorType="value-param",
        expression="case",
        decisionCases=cases,
        defaultCase=default,
    )


def sub_workflow(ref: str, name: str, **fields: Any) -> Json:
    """Return a task that runs another of these workflows and waits for it."""
    inputs = {key: f"${{workflow.input.{key}}}" for key in ("seed", "width", "turns", "case")}
    param = {"name": name, "version": 1}
    return _task("SUB_WORKFLOW", ref, inputParameters=inputs, subWorkflowParam=param, **fields)


def _task(task_type: str, ref: str, **fields: Any) -> Json:
    return {"name": ref, "taskReferenceName": ref, "type": task_type, **fields}


def _flow(name: str, tasks: list[Json], outputs: dict[str, str], **fields: Any) -> Json:
    given = {"seed": "${workflow.input.seed}"}
    return {
        "name": name,
        "version": 1,
        "tasks": tasks,
        "outputParameters": {**given, **outputs},
        **fields,
    }


def _token(*refs: str) -> dict[str, str]:
    return {ref: f"${{{ref}.output.token}}" for ref in refs}


WORKFLOWS: Final[list[Json]] = [
    _flow("chaos_repair", [step("repair")], _token("repair")),
    _flow(
        "chaos_sequence",
        [
            step("a"),
            _task("SET_VARIABLE", "kept", inputParameters={"kept": "${a.output.token}"}),
            step("b", "a"),
            step("c", "b", optional=True),
        ],
        _token("a", "b"),
    ),
    _flow(
        "chaos_forks",
        [*fork("f", [step("a"), step("b", "a")], [step("c")], [step("d")]), step("e", "b")],
        _token("b", "c", "d", "e"),
    ),
    _flow(
        "chaos_nested",
        fork(
            "outer",
            [step("a"), *fork("inner", [step("b", "a")], [step("c", "a")]), step("d", "b")],
            [step("e"), *fork("other", [step("f", "e")], [step("g", "e")])],
        ),
        _token("b", "c", "d", "f", "g"),
    ),
    _flow("chaos_dynamic", [step("a"), *dynamic_fork("dyn"), step("b", "a")], _token("a", "b")),
    _flow("chaos_loop", [loop("turn", step("a"), step("b", "a")), step("c")], _token("c")),
    _flow(
        "chaos_fork_in_loop",
        [loop("turn", *fork("f", [step("a")], [step("b")]))],
        {"turns": "${turn.output.iteration}"},
    ),
    _flow(
        "chaos_switch",
        [
            switch(
                "choice",
                {
                    "work": [step("a"), step("b", "a")],
                    "end": [
                        _task(
                            "TERMINATE",
                            "end",
                            inputParameters={
                                "terminationStatus": "COMPLETED",
                                "workflowOutput": {"seed": "${workflow.input.seed}"},
                            },
                        )
                    ],
                },
                [_task("NOOP", "nothing")],
            ),
            step("c"),
        ],
        _token("c"),
    ),
    _flow(
        "chaos_waits",
        fork(
            "f",
            [_task("WAIT", "signalled"), step("a")],
            [_task("HUMAN", "human")],
            [_task("WAIT", "slept", inputParameters={"duration": "1 seconds"}), step("b")],
        ),
        _token("a", "b"),
    ),
    _flow(
        "chaos_parent",
        [
            step("a"),
            *fork("f", [sub_workflow("one", "chaos_forks")], [sub_workflow("two", "chaos_loop")]),
            step("b", "a"),
        ],
        {**_token("a", "b"), "one": "${one.output}", "two": "${two.output}"},
    ),
    _flow(
        "chaos_grandparent",
        [sub_workflow("child", "chaos_parent"), sub_workflow("last", "chaos_switch")],
        {"child": "${child.output}", "last": "${last.output}"},
    ),
    _flow(
        "chaos_starter",
        [
            _task(
                "START_WORKFLOW",
                "other",
                inputParameters={
                    "startWorkflow": {
                        "name": "chaos_sequence",
                        "input": {"seed": "${workflow.input.seed}"},
                    }
                },
            ),
            step("a"),
        ],
        _token("a"),
    ),
    _flow(
        "chaos_frail",
        [step("a"), step("b", "a", name=FRAIL), sub_workflow("child", "chaos_sequence")],
        {**_token("b"), "child": "${child.output}"},
        failureWorkflow="chaos_repair",
    ),
    # Ends by itself unless something is left open: the workflow's timeout holds over everything.
    _flow("chaos_hasty", [step("a"), step("b", "a")], _token("b"), timeoutSeconds=4),
]
NAMES: Final = tuple(flow["name"] for flow in WORKFLOWS)


def tasks_of(definition: Json) -> Iterator[Json]:
    """Yield every task of a definition, however deep."""
    yield from _nested(definition["tasks"])


def _nested(tasks: list[Json]) -> Iterator[Json]:
    for task in tasks:
        yield task
        inner = [*task.get("forkTasks", []), *task.get("decisionCases", {}).values()]
        inner += [task.get("defaultCase", []), task.get("loopOver", [])]
        for branch in inner:
            yield from _nested(branch)
