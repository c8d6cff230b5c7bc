"""Secrets: what a definition names is handed out and not kept; what data says is data."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from dalsegno.models import (
    EventHandler,
    JsonObject,
    SkipTaskRequest,
    TaskExecLog,
    TaskResult,
    TaskResultStatus,
    WorkflowSchedule,
    WorkflowTestRequest,
)
from dalsegno_state.external_paths import PayloadType, new_path
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import HttpCallError, HttpReply, WorkflowQuery
from tests.engine.world import World, done, fails, fails_for_good, simple, system

SECRET: Final = "S3CRET/VALUE 1234"  # noqa: S105  (the test's own)
TEXT: Final = "${workflow.secrets.TOKEN}"
URL: Final = "https://example.org/orders"
LARGE: Final = "x" * 20_000

Way = Callable[[World], Any]


@pytest.fixture(autouse=True)
def _secret(world: World) -> None:
    world.ports.secrets.put_secret("TOKEN", SECRET)
    world.http.replies[URL] = [_reply({"ok": True})]


def _reply(body: Any, **headers: str) -> HttpReply:
    shown = {name: [value] for name, value in headers.items()}
    return HttpReply(
        status_code=200, reason_phrase="OK", headers=shown, body=json.dumps(body).encode()
    )


def sink(ref: str = "sink", **inputs: Any) -> dict[str, Any]:
    return simple(ref, inputParameters=inputs)


def taken(world: World, task_type: str = "sink") -> JsonObject:
    """Return the input that a worker gets."""
    return world.take(task_type).input_data


def a_call(ref: str = "h", **inputs: Any) -> dict[str, Any]:
    return system("HTTP", ref, {"uri": URL, "method": "POST", **inputs})


# -- data stays data --------------------------------------------------------------------------

DATA: dict[str, Way] = {}


def data(way: Way) -> Way:
    DATA[way.__name__.strip("_")] = way
    return way


@data
def input_to_worker(world: World) -> Any:
    world.register(sink(note="Dear ${workflow.input.note}", whole="${workflow.input}"))
    world.start(inputs={"note": TEXT})
    return taken(world)


@data
def input_to_http(world: World) -> Any:
    world.register(
        a_call(
            headers={"X-Note": "${workflow.input.note}"},
            body={"note": "${workflow.input.note}", "list": ["-${workflow.input.note}-"]},
        )
    )
    world.start(inputs={"note": TEXT})
    return [world.http.calls[0]["headers"], world.http.calls[0]["body"].decode()]


@data
def input_to_http_address(world: World) -> Any:
    world.http.replies[f"{URL}?{TEXT}"] = [_reply({})]
    world.register(a_call(uri=f"{URL}?${{workflow.input.note}}"))
    world.start(inputs={"note": TEXT})
    return world.http.calls[0]["url"]


@data
def answer_to_http(world: World) -> Any:
    world.http.replies[URL] = [_reply({"note": TEXT}, **{"X-Note": TEXT}), _reply({})]
    world.register(a_call("ask"), a_call("tell", body="${ask.output.response}"))
    world.start()
    return world.http.calls[1]["body"].decode()


@data
def input_to_http_poll(world: World) -> Any:
    request = {"uri": URL, "method": "POST", "body": "${workflow.input}"}
    condition = {"terminationCondition": "true", "pollingInterval": 1}
    world.register(system("HTTP_POLL", "p", {"http_request": {**request, **condition}}))
    world.start(inputs={"note": TEXT})
    return world.http.calls[0]["body"].decode()


@data
def input_to_event(world: World) -> Any:
    world.register(system("EVENT", "e", {"note": "${workflow.input.note}"}, sink="sqs:orders"))
    world.start(inputs={"note": TEXT})
    return world.services.published[0].body


@data
def input_to_lambda(world: World) -> Any:
    inputs = {"functionName": "pay", "note": "${workflow.input.note}"}
    world.register(system("AWS_LAMBDA", "l", inputs))
    world.start(inputs={"note": TEXT})
    return world.services.invoked[0][1]


@data
def output_to_worker(world: World) -> Any:
    world.register(simple("a"), sink(note="${a.output.note}"))
    world.start()
    world.report(world.take("a"), done(note=TEXT))
    return taken(world)


@data
def output_of_failure_to_worker(world: World) -> Any:
    world.register(simple("a", optional=True, retryCount=0), sink(why="${a.reasonForIncompletion}"))
    world.start()
    world.report(world.take("a"), fails(TEXT))
    return taken(world)


@data
def input_to_waiting_list(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"))
    w = world.start(inputs={"note": TEXT})
    (task,) = world.engine.tasks.waiting([world.task(w, "sink").task_id])
    return task.input_data


@data
def script_to_worker(world: World) -> Any:
    expression = "({note: '$' + '{workflow.secrets.TOKEN}', given: $.note})"
    inputs = {"evaluatorType": "graaljs", "expression": expression, "note": TEXT}
    world.register(
        system("INLINE", "i", inputs),
        system("JSON_JQ_TRANSFORM", "j", {"queryExpression": ".note", "note": TEXT}),
        sink(note="${i.output.result}", jq="${j.output.result}"),
    )
    world.start()
    return taken(world)


@data
def variable_to_worker(world: World) -> Any:
    world.register(
        system("SET_VARIABLE", "v", {"note": "${workflow.input.note}"}),
        simple("a"),
        sink(note="${workflow.variables.note}", more="${workflow.variables.more}"),
    )
    w = world.start(inputs={"note": TEXT})
    world.engine.alterations.update_variables(w, {"more": TEXT})
    world.report(world.take("a"), done())
    return taken(world)


@data
def signal_to_worker(world: World) -> Any:
    world.register(system("WAIT", "w"), sink(note="${w.output.note}"))
    world.tell(world.start(), "w", done(note=TEXT))
    return taken(world)


@data
def webhook_to_worker(world: World) -> Any:
    inputs = {"webhookId": "bank", "matches": {"$.type": "paid"}}
    world.register(system("WAIT_FOR_WEBHOOK", "w", inputs), sink(note="${w.output.note}"))
    world.start()
    world.engine.webhooks.deliver("bank", {"type": "paid", "note": TEXT})
    world.pump()
    return taken(world)


@data
def message_to_worker(world: World) -> Any:
    world.register(
        system("PULL_WORKFLOW_MESSAGES", "p"), sink(note="${p.output.messages[0].payload}")
    )
    world.push(world.start(), {"note": TEXT})
    return taken(world)


@data
def computed_expression_to_worker(world: World) -> Any:
    world.register(sink(a="${${workflow.input.path}}", b="$${workflow.secrets.TOKEN}"))
    world.start(inputs={"path": "workflow.secrets.TOKEN"})
    return taken(world)


@data
def sub_workflow_input(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"), name="child")
    world.register(
        system(
            "SUB_WORKFLOW",
            "s",
            {"note": "${workflow.input.note}"},
            subWorkflowParam={"name": "child", "version": 1},
        )
    )
    world.start(inputs={"note": TEXT})
    return taken(world)


@data
def sub_workflow_output(world: World) -> Any:
    world.register(simple("a"), name="child", outputParameters={"note": "${a.output.note}"})
    world.register(
        system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child", "version": 1}),
        sink(note="${s.output.note}"),
    )
    world.start()
    world.report(world.take("a"), done(note=TEXT))
    return taken(world)


@data
def sub_workflow_definition_from_data(world: World) -> Any:
    child = {"name": "made", "tasks": [sink(note=TEXT, spaced="${ workflow.secrets.TOKEN }")]}
    world.register(
        system(
            "SUB_WORKFLOW",
            "s",
            subWorkflowParam={
                "name": "made",
                "workflowDefinition": "${workflow.input.definition}",
            },
        )
    )
    world.start(inputs={"definition": child})
    return taken(world)


@data
def started_workflow_input(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"), name="child")
    asked = {"name": "child", "input": {"note": "${workflow.input.note}"}}
    world.register(system("START_WORKFLOW", "s", {"startWorkflow": asked}))
    world.start(inputs={"note": TEXT})
    return taken(world)


@data
def started_workflow_definition_with_data(world: World) -> Any:
    child = {"name": "made", "tasks": [sink(note="${workflow.input.note}")]}
    asked = {"name": "made", "workflowDef": child}
    world.register(system("START_WORKFLOW", "s", {"startWorkflow": asked}))
    world.start(inputs={"note": TEXT})
    return taken(world)


@data
def failure_workflow_input(world: World) -> Any:
    world.register(
        sink(
            note="${workflow.input.note}",
            why="${workflow.input.reason}",
            failed="${workflow.input.failedWorkflow.tasks[0].outputData}",
        ),
        name="mourn",
    )
    world.register(simple("a", retryCount=0), failureWorkflow="mourn")
    world.start(inputs={"note": TEXT})
    task = world.take("a")
    result = TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        status=TaskResultStatus.FAILED_WITH_TERMINAL_ERROR,
        output_data={"note": TEXT},
        reason_for_incompletion=TEXT,
    )
    world.engine.tasks.update(result)
    world.pump()
    return taken(world)


def _dynamic_fork(inputs: Mapping[str, Any], **params: Any) -> list[dict[str, Any]]:
    return [
        system("FORK_JOIN_DYNAMIC", "f", inputs, **params),
        system("JOIN", "j"),
    ]


@data
def inputs_of_dynamic_tasks(world: World) -> Any:
    tasks = [{"name": "sink", "taskReferenceName": "s1", "type": "SIMPLE"}]
    world.register(
        *_dynamic_fork(
            {"tasks": "${workflow.input.tasks}", "inputs": "${workflow.input.inputs}"},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        )
    )
    world.start(inputs={"tasks": tasks, "inputs": {"s1": {"note": TEXT}}})
    return taken(world)


@data
def parameters_of_dynamic_tasks(world: World) -> Any:
    task = {"name": "sink", "taskReferenceName": "s1", "inputParameters": {"note": TEXT}}
    world.register(
        *_dynamic_fork(
            {"tasks": "${workflow.input.tasks}", "inputs": {}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        )
    )
    world.start(inputs={"tasks": [task]})
    return taken(world)


@data
def elements_of_dynamic_fork(world: World) -> Any:
    world.register(
        *_dynamic_fork({"forkTaskName": "sink", "forkTaskInputs": "${workflow.input.all}"})
    )
    world.start(inputs={"all": [{"note": TEXT}]})
    return taken(world)


@data
def dynamic_fork_of_old_form(world: World) -> Any:
    listed = [{"taskName": "sink", "referenceName": "s1", "input": {"note": TEXT}}]
    world.register(
        *_dynamic_fork(
            {"all": {"dynamicTasks": "${workflow.input.listed}"}},
            dynamicForkJoinTasksParam="all",
        )
    )
    world.start(inputs={"listed": listed})
    return taken(world)


@data
def loop_and_join_outputs(world: World) -> Any:
    world.register(
        system("DO_WHILE", "d", loopCondition="$.d['iteration'] < 1", loopOver=[simple("a")]),
        sink(note="${d.output}"),
    )
    world.start()
    world.report(world.take("a"), done(note=TEXT))
    return taken(world)


@data
def items_of_a_loop(world: World) -> Any:
    world.register(
        system(
            "DO_WHILE",
            "d",
            {"_items": "${workflow.input.all}"},
            loopCondition="$.d['iteration'] < 1",
            loopOver=[sink(note="${d.output.loopItem}", input="${d.output}")],
        )
    )
    world.start(inputs={"all": [TEXT]})
    return [taken(world), TEXT]


@data
def retried_task(world: World) -> Any:
    world.define("sink", retryCount=1)
    world.register(sink(note="${workflow.input.note}"))
    world.start(inputs={"note": TEXT})
    world.report(world.take("sink"), fails())
    world.advance(1)
    return taken(world)


@data
def rerun_with_task_input(world: World) -> Any:
    world.register(sink(own=TEXT))
    w = world.start()
    world.report(world.take("sink"), fails_for_good())
    task_id = world.task(w, "sink").task_id
    world.rerun(w, reRunFromTaskId=task_id, taskInput={"own": TEXT})
    return taken(world)


@data
def rerun_with_workflow_input(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"))
    w = world.start()
    world.report(world.take("sink"), fails_for_good())
    world.rerun(w, workflowInput={"note": TEXT})
    return taken(world)


@data
def restarted_workflow(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"))
    w = world.start(inputs={"note": TEXT})
    world.report(world.take("sink"), fails_for_good())
    world.restart(w)
    return taken(world)


@data
def jump_with_task_input(world: World) -> Any:
    world.register(simple("a"), sink(own="x"))
    w = world.start()
    world.jump(w, "sink", {"own": TEXT})
    return taken(world)


@data
def skip_with_task_output(world: World) -> Any:
    world.register(simple("a"), simple("b"), sink(note="${b.output.note}"))
    w = world.start()
    request = SkipTaskRequest(task_output={"note": TEXT})
    world.engine.executions.skip_task(w, "b", request)
    world.report(world.take("a"), done())
    return taken(world)


@data
def upgrade_with_workflow_input(world: World) -> Any:
    world.register(simple("a"))
    w = world.start()
    world.register(simple("a"), sink(note="${workflow.input.note}"), version=2)
    world.upgrade(w, version=2, workflowInput={"note": TEXT})
    world.report(world.take("a"), done())
    return taken(world)


@data
def schedule_input(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"))
    schedule = {
        "name": "tick",
        "cronExpression": "* * * * * *",
        "startWorkflowRequest": {"name": "flow", "input": {"note": TEXT}},
    }
    world.engine.schedules.save(WorkflowSchedule.model_validate(schedule))
    world.clock.advance(2)
    world.engine.scheduler.announce()
    world.pump()
    return world.poll("sink", count=1)[0].input_data


def _handled(world: World, payload: JsonObject, *actions: dict[str, Any]) -> None:
    handler = {"name": "h", "event": "sqs:o", "active": True, "actions": list(actions)}
    world.engine.event_handlers.create([EventHandler.model_validate(handler)])
    world.engine.event_intake.take(IncomingEvent(event="sqs:o", id="m-1", payload=payload))
    world.pump()


@data
def event_that_starts(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}"))
    asked = {"name": "flow", "input": {"note": "${note}"}}
    _handled(world, {"note": TEXT}, {"action": "start_workflow", "start_workflow": asked})
    return taken(world)


@data
def event_that_completes(world: World) -> Any:
    world.register(system("WAIT", "w"), sink(note="${w.output.note}"))
    w = world.start()
    asked = {"workflowId": w, "taskRefName": "w", "output": {"note": "${note}"}}
    _handled(world, {"note": TEXT}, {"action": "complete_task", "complete_task": asked})
    return taken(world)


@data
def event_that_changes_variables(world: World) -> Any:
    world.register(simple("a"), sink(note="${workflow.variables.note}"))
    w = world.start()
    asked = {"workflowId": w, "variables": {"note": "${note}"}}
    action = {"action": "update_workflow_variables", "update_workflow_variables": asked}
    _handled(world, {"note": TEXT}, action)
    world.report(world.take("a"), done())
    return taken(world)


@data
def mocked_run(world: World) -> Any:
    request = {
        "name": "flow",
        "workflowDef": {"name": "flow", "tasks": [simple("a"), sink(note="${a.output.note}")]},
        "taskRefToMockOutput": {"a": [{"output": {"note": TEXT}}]},
    }
    w = world.engine.mocked_runs.run(WorkflowTestRequest.model_validate(request))
    (task,) = world.engine.tasks.waiting([world.task(w, "sink").task_id])
    return task.input_data


@data
def input_kept_beside_its_item(world: World) -> Any:
    world.register(sink(note="${workflow.input.note}", large="${workflow.input.large}"))
    world.start(inputs={"note": TEXT, "large": LARGE})
    return taken(world)


@data
def same_text_kept_beside_its_item_twice(world: World) -> Any:
    world.register(
        simple("a", inputParameters={"note": TEXT, "large": LARGE}),
        simple("b", inputParameters={"note": "${workflow.input.note}", "large": LARGE}),
        sink(a="${a.input}", b="${b.input}", pad="${workflow.input.pad}"),
    )
    world.start(inputs={"note": TEXT, "large": LARGE})
    world.report(world.take("a"), done())
    task = world.take("b")
    world.report(task, done())
    found = taken(world)
    assert isinstance(found["a"], dict)
    assert found["a"]["note"] == SECRET
    return [task.input_data, found["b"]]


@data
def input_that_a_client_has_put_elsewhere(world: World) -> Any:
    path = new_path(PayloadType.WORKFLOW_INPUT, b"i" * 16)
    world.ports.external.write(path, json.dumps({"note": TEXT}).encode())
    world.register(sink(note="${workflow.input.note}"))
    world.start(externalInputPayloadStoragePath=path)
    return taken(world)


@pytest.mark.parametrize("way", DATA.values(), ids=DATA.keys())
def test_text_in_data_is_no_reference(world: World, way: Way) -> None:
    shown = json.dumps(way(world))

    assert SECRET not in shown
    assert "workflow.secrets.TOKEN" in shown or way is computed_expression_to_worker


# -- what a definition names ------------------------------------------------------------------

NAMED: dict[str, Way] = {}


def named(way: Way) -> Way:
    NAMED[way.__name__.strip("_")] = way
    return way


@named
def in_a_task(world: World) -> Any:
    world.register(sink(key=TEXT))
    world.start()
    return taken(world)


@named
def in_a_large_input(world: World) -> Any:
    world.register(sink(key=f"-{TEXT}-", large=LARGE))
    world.start()
    return taken(world)


@named
def in_an_input_template(world: World) -> Any:
    world.define("sink", inputTemplate={"key": TEXT})
    world.register(simple("sink"))
    world.start()
    return taken(world)


@named
def in_an_input_template_in_place_of_null(world: World) -> Any:
    world.define("sink", inputTemplate={"key": TEXT})
    world.register(sink(key="${workflow.input.none}"))
    world.start()
    return taken(world)


@named
def in_a_workflows_input_template(world: World) -> Any:
    world.register(sink(key="${workflow.input.key}"), inputTemplate={"key": TEXT})
    world.start()
    return taken(world)


@named
def in_a_workflows_variables(world: World) -> Any:
    world.register(sink(key="${workflow.variables.key}"), variables={"key": TEXT})
    world.start()
    return taken(world)


@named
def in_a_set_variable(world: World) -> Any:
    world.register(
        system("SET_VARIABLE", "v", {"key": f"Bearer {TEXT}"}),
        simple("a"),
        sink(key="${workflow.variables.key}"),
    )
    world.start()
    world.report(world.take("a"), done())
    return taken(world)


@named
def passed_to_a_sub_workflow(world: World) -> Any:
    world.register(simple("a"), sink(key="${workflow.input.key}"), name="child")
    world.register(system("SUB_WORKFLOW", "s", {"key": TEXT}, subWorkflowParam={"name": "child"}))
    world.start()
    world.report(world.take("a"), done())
    return taken(world)


@named
def in_a_definition_within_a_definition(world: World) -> Any:
    child = {"name": "made", "tasks": [sink(key=TEXT)]}
    params = {"name": "made", "workflowDefinition": child}
    world.register(system("SUB_WORKFLOW", "s", subWorkflowParam=params))
    world.start()
    return taken(world)


@named
def passed_to_a_started_workflow(world: World) -> Any:
    world.register(sink(key="${workflow.input.key}"), name="child")
    asked = {"name": "child", "input": {"key": TEXT}}
    world.register(system("START_WORKFLOW", "s", {"startWorkflow": asked}))
    world.start()
    return taken(world)


@named
def in_a_started_definition(world: World) -> Any:
    child = {"name": "made", "tasks": [sink(key=TEXT)]}
    asked = {"name": "made", "workflowDef": child}
    world.register(system("START_WORKFLOW", "s", {"startWorkflow": asked}))
    world.start()
    return taken(world)


@named
def passed_to_a_failure_workflow(world: World) -> Any:
    world.register(sink(key="${workflow.input.key}"), name="mourn")
    world.register(simple("a", retryCount=0), failureWorkflow="mourn", inputTemplate={"key": TEXT})
    world.start()
    world.report(world.take("a"), fails_for_good())
    return taken(world)


@named
def in_the_inputs_of_a_dynamic_fork(world: World) -> Any:
    world.register(
        *_dynamic_fork({"forkTaskName": "sink", "forkTaskInputs": [{"key": f"{TEXT}!"}]})
    )
    world.start()
    return taken(world)


@named
def in_the_tasks_of_a_dynamic_fork(world: World) -> Any:
    task = {"name": "sink", "taskReferenceName": "s1", "inputParameters": {"key": TEXT}}
    world.register(
        *_dynamic_fork(
            {"tasks": [task], "inputs": {}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        )
    )
    world.start()
    return taken(world)


@named
def in_the_second_turn_of_a_loop(world: World) -> Any:
    world.register(
        system("DO_WHILE", "d", loopCondition="$.d['iteration'] < 2", loopOver=[sink(key=TEXT)])
    )
    world.start()
    world.report(world.take("sink"), done())
    return taken(world)


@named
def in_a_second_attempt(world: World) -> Any:
    world.define("sink", retryCount=1)
    world.register(sink(key=TEXT))
    world.start()
    world.report(world.take("sink"), fails())
    world.advance(1)
    return taken(world)


@named
def after_retry_and_rerun_and_restart(world: World) -> Any:
    world.register(*_dynamic_fork({"forkTaskName": "sink", "forkTaskInputs": [{"key": TEXT}]}))
    w = world.start()
    world.report(world.take("sink"), fails_for_good())
    world.retry(w)
    world.report(world.take("sink"), fails_for_good())
    world.rerun(w, reRunFromTaskId=world.workflow(w).tasks[-2].task_id)
    world.report(world.take("sink"), fails_for_good())
    world.restart(w)
    return taken(world)


@named
def by_an_event_handler(world: World) -> Any:
    world.register(sink(key="${workflow.input.key}"))
    asked = {"name": "flow", "input": {"key": TEXT}}
    _handled(world, {}, {"action": "start_workflow", "start_workflow": asked})
    return taken(world)


@named
def in_an_http_call(world: World) -> Any:
    world.register(a_call(headers={"Authorization": f"Bearer {TEXT}"}))
    world.start()
    return world.http.calls[0]["headers"]


@pytest.mark.parametrize("way", NAMED.values(), ids=NAMED.keys())
def test_what_a_definition_names_is_handed_out_and_not_kept(world: World, way: Way) -> None:
    shown = json.dumps(way(world))

    assert SECRET in shown
    assert [text for text in _everything_stored(world) if SECRET in text] == []
    _, found = world.ports.state.search(WorkflowQuery(size=100))
    read = [world.workflow(each.workflow_id).to_wire() for each in found]
    assert SECRET not in str(read)
    assert TEXT in str([(each["input"], each["variables"], each["tasks"]) for each in read])


def _everything_stored(world: World) -> list[str]:
    statements = (
        "SELECT document FROM workflows",
        "SELECT document FROM tasks",
        "SELECT document FROM attempts",
    )
    return [str(row) for each in statements for row in world.ports.database.read(each)]


# -- what comes back --------------------------------------------------------------------------


def test_echoed_secret_is_redacted_in_the_output(world: World) -> None:
    world.http.replies[URL] = [
        _reply({"echo": f"Bearer {SECRET}", SECRET: 1}, **{"X-Echo": SECRET})
    ]

    workflow = world.run(a_call(headers={"Authorization": f"Bearer {TEXT}"}))

    assert workflow.tasks[0].output_data["response"] == {
        "statusCode": 200,
        "reasonPhrase": "OK",
        "headers": {"X-Echo": ["***"]},
        "body": {"echo": "Bearer ***", "***": 1},
    }


def test_nothing_of_a_failure_tells_the_secret(world: World) -> None:
    world.register(sink(failed="${workflow.input}"), name="mourn")
    world.http.replies[URL] = [
        HttpCallError(f"cannot call {URL}?key={SECRET}"),
        HttpReply(
            status_code=500, reason_phrase=SECRET, headers={}, body=("a" * 990 + SECRET).encode()
        ),
    ]
    for _ in range(2):
        world.register(
            a_call(headers={"Authorization": f"Bearer {TEXT}"}, retryCount=0),
            failureWorkflow="mourn",
            workflowStatusListenerEnabled=True,
        )
        w = world.start()

        told = world.workflow(w).to_wire_json().decode() + json.dumps(taken(world))

        assert '"status":"FAILED"' in told
        assert not [piece for piece in (SECRET, SECRET[:6], "S3CRET%2FV") if piece in told]
        assert SECRET not in json.dumps(world.events())


def test_unforeseen_error_fails_the_attempt_without_the_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, headers: dict[str, str], **__: object) -> HttpReply:
        raise RuntimeError(f"bug at {headers['Authorization']!r}")

    monkeypatch.setattr(world.http, "request", broken)

    workflow = world.run(a_call(headers={"Authorization": f"Bearer {TEXT}"}))

    assert workflow.tasks[0].reason_for_incompletion == "RuntimeError: bug at 'Bearer ***'"


def test_worker_that_was_handed_a_secret_does_not_tell_it_in_reason_and_logs(world: World) -> None:
    world.register(sink(key=f"Basic {TEXT}", large=LARGE))
    w = world.start()
    task = world.take("sink")
    line = {"taskId": task.task_id, "log": f"calling with {SECRET}", "createdTime": 1}

    world.engine.tasks.log(task.task_id, f"used {SECRET}")
    world.engine.tasks.update(
        TaskResult.model_validate(
            {
                "workflowInstanceId": w,
                "taskId": task.task_id,
                "status": "FAILED_WITH_TERMINAL_ERROR",
                "reasonForIncompletion": f"401 for https://x/?key={SECRET}",
                "logs": [line],
            }
        )
    )

    workflow = world.workflow(w)
    assert workflow.tasks[0].reason_for_incompletion == "401 for https://x/?key=***"
    assert SECRET not in str(workflow.reason_for_incompletion)
    lines = [str(each.log) for each in world.engine.tasks.logs(task.task_id)]
    assert sorted(lines) == ["calling with ***", "used ***"]


# -- how much is told ---------------------------------------------------------------------------


def named_often(world: World, ref: str = "sink") -> JsonObject:
    """Return the definition of a task whose input would become 60 MB."""
    world.ports.secrets.put_secret("LONG", "x" * 60_000)
    return sink(ref, text="${workflow.secrets.LONG}" * 500, list=["${workflow.secrets.LONG}"] * 500)


def test_task_whose_secrets_are_too_long_together_fails_and_keeps_no_other_from_its_worker(
    world: World,
) -> None:
    world.register(named_often(world))
    w = world.start()
    world.register(sink(key=TEXT), name="other")
    other = world.start(name="other")

    task = world.take("sink")

    assert (task.workflow_instance_id, task.input_data) == (other, {"key": SECRET})
    failed = world.workflow(w)
    assert failed.status == "FAILED"
    assert "secrets" in str(failed.reason_for_incompletion)


def test_call_whose_secrets_are_too_long_together_fails(world: World) -> None:
    workflow = world.run(a_call(body=named_often(world)["inputParameters"], retryCount=0))

    assert workflow.status == "FAILED"
    assert "secrets" in str(workflow.reason_for_incompletion)


def test_secret_that_grew_too_long_keeps_no_report_from_being_taken(world: World) -> None:
    world.ports.secrets.put_secret("LONG", "y")
    world.register(sink(list=["${workflow.secrets.LONG}"] * 1_000))
    w = world.start()
    task = world.take("sink")
    world.ports.secrets.put_secret("LONG", "x" * 60_000)

    result = {"workflowInstanceId": w, "taskId": task.task_id, "status": "COMPLETED"}
    world.engine.tasks.update(
        TaskResult.model_validate({**result, "reasonForIncompletion": "done"})
    )

    assert world.workflow(w).status == "COMPLETED"


def test_newline_at_the_end_of_a_secret_is_dropped(world: World) -> None:
    for given, kept in (("a\n", "a"), ("a\r\n", "a"), ("a\nb\n\n", "a\nb\n"), (" a ", " a ")):
        world.engine.secrets.put("PIPED", given)

        assert world.engine.secrets.value("PIPED") == kept


def test_secrets_of_runtime_metadata_do_not_come_back_in_reasons_and_logs(world: World) -> None:
    world.define("sink", runtimeMetadata=["TOKEN"], retryCount=0)
    world.register(sink())
    w = world.start()
    task = world.take("sink")
    assert task.runtime_metadata == {"TOKEN": SECRET}

    world.engine.tasks.log(task.task_id, f"called with {SECRET}")
    told = TaskResult(
        workflow_instance_id=w,
        task_id=task.task_id,
        status=TaskResultStatus.FAILED,
        reason_for_incompletion=f"{SECRET} was refused",
        logs=[TaskExecLog(log=f"again with {SECRET}")],
    )
    world.engine.tasks.update(told)

    assert world.task(w, "sink").reason_for_incompletion == "*** was refused"
    lines = [line.log for line in world.engine.tasks.logs(task.task_id)]
    assert lines == ["called with ***", "again with ***"]
