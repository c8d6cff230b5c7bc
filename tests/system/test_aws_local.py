"""The deployed stack: real functions behind real event sources.

One test, since its promises are kept side by side: most of them take time, little of it computing.
First functions are killed, at random and under the violin shop. While these recover, all other
promises are checked; one that is broken is named by the function that checks it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")
sys.path.append(str(Path(__file__).parents[2] / "localstack"))

import botocore.session
from emulator import Emulator
from smoke import Api, SmokeError, smoke
from violin_shop import play

from dalsegno_functions.access_keys import create
from dalsegno_functions.auth.roles import Role
from dalsegno_functions.clock import SystemClock
from dalsegno_functions.wiring import access_key_table
from dalsegno_state.aws.client import SERVICES, Clients
from dalsegno_state.aws.state import DynamoStateStore
from dalsegno_state.aws.table import Table
from dalsegno_state.events import Wake, encode_evaluation
from dalsegno_state.writes import UpdateWorkflow
from examples.violin_shop.ledger import Ledger
from examples.violin_shop_sdk import workers
from tests.eventually import eventually
from tests.phases import timed
from tests.serving import serving
from tests.side_by_side import side_by_side
from tests.system.stack import Stack
from tests.violin_orders import check_orders, payments

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"
EVALUATOR = "dalsegno-dev-_evaluator"
RESULTS = "dalsegno-dev-_results"
TRIGGERS = "dalsegno-dev-_triggers"
SURVIVING = ("survives", "outlives")
_SHOP_SECONDS = 900
_KILLS = 3
_SEED = 20260907
_ROLE = "arn:aws:iam::000000000000:role/schedules"


@pytest.mark.timeout(2_400)
def test_a_deployed_stack_keeps_its_promises(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(stack.ledger)
    monkeypatch.setenv("VIOLIN_SHOP_LEDGER", str(ledger.path))
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    api = _api_with(
        stack, stack.environment["CONDUCTOR_AUTH_KEY"], stack.environment["CONDUCTOR_AUTH_SECRET"]
    )

    _check(_the_bundle_holds_all_that_functions_use, stack)
    _check(smoke, api)
    survivors = _check(_functions_may_be_killed_at_any_time, api, stack.emulator)
    quiet = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(_others, quiet, api, stack, survivors)
        try:
            claims_hold = _check(play, stack.url, stack.emulator.pid, _SHOP_SECONDS, quiet.set)
            _check(_the_same_workers_do_orders_on_sqs_and_lambda, stack, ledger)
        finally:
            quiet.set()
    assert claims_hold, "the violin shop's claims do not all hold"
    others.result()
    _functions_tell_what_they_did(stack.emulator)
    _nothing_that_functions_need_is_denied(stack)


def _nothing_that_functions_need_is_denied(stack: Stack) -> None:
    assert stack.cloud.unread == []
    assert stack.cloud.judge is not None
    stack.cloud.judge.expect_nothing_denied()


def _the_bundle_holds_all_that_functions_use(stack: Stack) -> None:
    """As Lambda has it: nothing but the bundle and Python itself."""
    (bundle,) = (
        asset
        for asset in (stack.owner.folder / "cdk.out").glob("asset.*")
        if (asset / "dalsegno_functions").is_dir()
    )
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("bundle.py")), str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    lines = [line.split() for line in said.stdout.splitlines()]
    handlers = {line[1].rpartition(".")[2] for line in lines if line[0] == "handler"}
    named = ("api", "poll", "evaluator", "system_tasks", "triggers", "sweeper", "lambda_worker")
    assert handlers == set(named)
    assert {line[2] for line in lines if line[0] == "client"} == set(SERVICES)


def _others(quiet: threading.Event, api: Api, stack: Stack, survivors: list[str]) -> None:
    """Check all that needs functions that nobody kills.

    Each call that finds none free starts another, which the emulator unpacks for seconds: a short
    workflow makes some warm before many call at once.
    """
    quiet.wait()
    _check(_insist, lambda: smoke(api, 180), 180)
    side_by_side(
        partial(_check, _what_was_killed_comes_to_its_end, api, survivors),
        partial(_check, _the_sweeper_mends_what_was_lost, api),
        partial(_check, _what_ended_long_ago_is_archived_and_removed, api, stack),
        partial(_check, _the_sdks_find_what_they_expect, api, stack),
        partial(_quick_ones, api, stack),
    )


def _the_sdks_find_what_they_expect(api: Api, stack: Stack) -> None:
    """Run the suites of both official SDKs, each route and type of task once.

    What an older version sends is no other, so that one is left to the local server. Some tests
    pause all schedules for a moment: these have to wait for ours.
    """
    pausing = {"test_python_sdk_scheduler.py"}
    python = {path.name for path in CONFORMANCE.glob("test_python_sdk_*.py")} - pausing
    side_by_side(
        partial(_check, _schedules_start_workflows, api),
        partial(_run_suite, stack, *sorted(python), "test_newest_python_sdk.py"),
    )
    side_by_side(
        partial(_run_suite, stack, "test_javascript_sdk.py"),
        partial(_run_suite, stack, *sorted(pausing)),
    )


def _quick_ones(api: Api, stack: Stack) -> None:
    _check(_nobody_gets_in_without_a_key, stack)
    _check(_each_role_does_its_part, api, stack)
    _check(_http_tasks_are_done_by_a_function, api)
    _check(_results_may_come_by_queue, api, stack)
    _check(_a_poison_message_harms_no_other, api)
    _check(_only_what_failed_of_a_batch_comes_again, api, stack)
    _check(_what_is_delivered_twice_is_done_once, api, stack)
    _check(_a_short_timeout_is_met_in_time, api)
    _check(_a_function_of_the_users_is_a_worker, api)
    _check(_an_event_starts_a_workflow, api)
    _check(_a_schedule_starts_one_workflow_however_often_it_is_delivered, api, stack)
    _check(_a_trigger_that_says_nothing_goes_to_the_dead_letters)
    _check(_clients_may_put_payloads_elsewhere, api)
    _check(_a_user_verifies_the_deployment, stack)


def _check(promise: Callable[..., T], *arguments: Any) -> T:
    """Return what checking a promise returns; say how long it took, kept or broken."""
    with timed(promise.__name__):
        return promise(*arguments)


def _run_suite(stack: Stack, *files: str) -> None:
    """Run tests of ``tests/conformance`` against the stack; keys are in the environment."""
    with timed(", ".join(files)):
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--tb=short", "-p", "no:cacheprovider"),
                *("--durations=10", f"--conductor-url={stack.url}"),
                *(str(CONFORMANCE / name) for name in files),
            ],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
            capture_output=True,
            text=True,
            check=False,
            timeout=1_200,
        )

    sys.stdout.write(finished.stdout[-2000:])
    assert finished.returncode == 0, finished.stdout[-20_000:]


def _http_tasks_are_done_by_a_function(api: Api) -> None:
    with serving(_Handler) as url:
        task = {
            "name": "call",
            "taskReferenceName": "call",
            "type": "HTTP",
            "inputParameters": {"http_request": {"uri": url, "method": "GET"}},
        }
        workflow_id = _start(api, task)

        workflow = _eventually(api, workflow_id, lambda w: w["status"] != "RUNNING")

    assert workflow["tasks"][0]["outputData"]["response"]["body"] == {"served": True}


def _a_user_verifies_the_deployment(stack: Stack) -> None:
    """As ``docs/real-account.md`` says, with smaller sizes; all that a sink needs is granted."""
    sinks = ("sqs:verified", "sns:verified", "eventbridge:verified")
    given = [argument for sink in sinks for argument in ("--sink", sink)]
    with serving(_Handler) as url:
        said = stack.owner.run(
            *("dalsegno", "verify", "--json", "--steps", "20", "--wide", "60"),
            *("--echo-url", url, "--timeout", "300", *given),
        )

    outcomes = {each["check"]: each for each in json.loads(said)}
    print({name: (each["result"], each["seconds"]) for name, each in outcomes.items()})
    assert {each["result"] for each in outcomes.values()} == {"held"}, said
    received = _sqs().receive_message(
        QueueUrl=_sqs().get_queue_url(QueueName="verified")["QueueUrl"], WaitTimeSeconds=5
    )
    assert len(received["Messages"]) == 1


def _results_may_come_by_queue(api: Api, stack: Stack) -> None:
    workflow_id = _start(api, _simple("by_queue"))
    task = _polled(api, "by_queue")
    result = {
        "taskId": task["taskId"],
        "workflowInstanceId": workflow_id,
        "status": "COMPLETED",
        "outputData": {"by": "queue"},
    }

    _sqs().send_message(QueueUrl=stack.outputs["ResultsQueueUrl"], MessageBody=json.dumps(result))

    workflow = _eventually(api, workflow_id, lambda w: w["status"] != "RUNNING")
    assert workflow["tasks"][0]["outputData"] == {"by": "queue"}


def _a_poison_message_harms_no_other(api: Api) -> None:
    sqs = _sqs()
    with _delivering_only(sqs, EVALUATOR, times=2):
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName=EVALUATOR)["QueueUrl"], MessageBody="poison"
        )
        workflow_id = _start(api, _pause())

        assert _eventually(api, workflow_id, lambda w: w["status"] == "COMPLETED")
        assert _dead_letters(sqs, EVALUATOR) == ["poison"]


def _only_what_failed_of_a_batch_comes_again(api: Api, stack: Stack) -> None:
    sqs, url = _sqs(), stack.outputs["ResultsQueueUrl"]
    workflow_ids = [_start(api, _simple("batched")) for _ in range(4)]
    bodies = [json.dumps(_completed(_polled(api, "batched"))) for _ in workflow_ids]
    bodies.insert(2, "poison")

    with _delivering_only(sqs, RESULTS, times=2):
        _send_together(sqs, url, bodies)

        for workflow_id in workflow_ids:
            assert _eventually(api, workflow_id, lambda w: w["status"] == "COMPLETED")
        assert _dead_letters(sqs, RESULTS) == ["poison"]


def _what_is_delivered_twice_is_done_once(api: Api, stack: Stack) -> None:
    sqs, url = _sqs(), stack.outputs["ResultsQueueUrl"]
    workflow_id = _start(api, _simple("twice"), _simple("after", ref="after"))
    report = json.dumps(_completed(_polled(api, "twice")))
    look_again = encode_evaluation(workflow_id, Wake())

    _send_together(sqs, url, [report] * 5)
    _send_together(sqs, sqs.get_queue_url(QueueName=EVALUATOR)["QueueUrl"], [look_again] * 5)

    after = _polled(api, "after")
    api.call("POST", "/tasks", _completed(after))
    api.call("POST", "/tasks", _completed(after))
    workflow = _eventually(api, workflow_id, lambda w: w["status"] == "COMPLETED")
    assert [task["retryCount"] for task in workflow["tasks"]] == [0, 0]
    assert api.call("GET", "/tasks/poll/batch/after?workerid=test&timeout=100") == []


def _functions_may_be_killed_at_any_time(api: Api, emulator: Emulator) -> list[str]:
    """Kill them again and again while there is work; return the ids of its workflows."""
    task_def = {
        "ownerEmail": "test@example.com",
        "retryCount": 50,
        "retryDelaySeconds": 0,
        "timeoutSeconds": 0,
        "responseTimeoutSeconds": 5,
    }
    api.call("POST", "/metadata/taskdefs", [{**task_def, "name": name} for name in SURVIVING])
    tasks = (_simple(SURVIVING[0]), _pause(), _simple(SURVIVING[1], ref="last"))
    workflow_ids = [_start(api, *tasks)]
    answered = threading.Event()

    with _killing(emulator.pid, answered) as killing:
        while killing.is_alive():
            if _insist(lambda: _worked_on(api, workflow_ids[-1])) != "RUNNING":
                workflow_ids.append(_insist(lambda: _start(api, *tasks)))
            answered.set()
    return workflow_ids


def _what_was_killed_comes_to_its_end(api: Api, workflow_ids: list[str]) -> None:
    """Whoever got no answer asks again, and what a killed poll took is handed out once more."""
    for workflow_id in workflow_ids:
        eventually(
            lambda each=workflow_id: _worked_on(api, each),  # type: ignore[misc]
            lambda status: status != "RUNNING",
            within_seconds=900,
        )

        workflow = api.call("GET", f"/workflow/{workflow_id}?includeTasks=true")
        done = [t["referenceTaskName"] for t in workflow["tasks"] if t["status"] == "COMPLETED"]
        assert (workflow["status"], done) == ("COMPLETED", ["work", "pause", "last"])


def _worked_on(api: Api, workflow_id: str) -> str:
    """Do what there is to do for a workflow, and return its status."""
    for name in SURVIVING:
        for task in api.call("GET", f"/tasks/poll/batch/{name}?workerid=test&timeout=500"):
            _insist(lambda task=task: api.call("POST", "/tasks", _completed(task)))  # type: ignore[misc]
    return str(api.call("GET", f"/workflow/{workflow_id}?includeTasks=false")["status"])


def _schedules_start_workflows(api: Api) -> None:
    """Every five seconds for a while: by messages first, and by the sweeper after that."""
    name = f"aws_local_{uuid4().hex[:8]}"
    definition = {"name": name, "version": 1, "ownerEmail": "test@example.com"}
    api.call("POST", "/metadata/workflow", {**definition, "tasks": [_simple("scheduled")]})
    schedule = {"name": name, "cronExpression": "*/5 * * * * *"}
    api.call("POST", "/scheduler/schedules", {**schedule, "startWorkflowRequest": {"name": name}})
    path = f"/scheduler/search/executions?query={name}&sort=scheduledTime:ASC"
    deadline = time.monotonic() + 150
    while (found := api.call("GET", path))["totalHits"] < 14 and time.monotonic() < deadline:
        time.sleep(1)
    api.call("DELETE", f"/scheduler/schedules/{name}")

    times = [each["scheduledTime"] for each in found["results"]]
    assert times == list(range(times[0], times[0] + len(times) * 5000, 5000))
    assert len(times) >= 14
    assert {each["state"] for each in found["results"]} == {"EXECUTED"}


def _a_short_timeout_is_met_in_time(api: Api) -> None:
    task_def = {
        "name": "forgotten",
        "ownerEmail": "test@example.com",
        "retryCount": 0,
        "timeoutSeconds": 3,
        "responseTimeoutSeconds": 2,
        "timeoutPolicy": "TIME_OUT_WF",
    }
    api.call("POST", "/metadata/taskdefs", [task_def])
    workflow_id = _start(api, _simple("forgotten"))
    _polled(api, "forgotten")

    workflow = _eventually(api, workflow_id, lambda w: w["status"] != "RUNNING", seconds=30)

    assert workflow["tasks"][0]["status"] == "TIMED_OUT"


def _the_sweeper_mends_what_was_lost(api: Api) -> None:
    """The only message of a task is taken away; the wake of its workflow sends another."""
    workflow_id = _start(api, _simple("lost"))
    sqs = _sqs()
    url = sqs.get_queue_url(QueueName="dalsegno-dev-lost")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    task = _polled(api, "lost", seconds=180)

    assert task["workflowInstanceId"] == workflow_id


def _functions_tell_what_they_did(emulator: Emulator) -> None:
    log = emulator.log.read_text(encoding="utf-8", errors="replace")

    assert "WorkflowsCompleted" in log
    assert "TaskLatency" in log


def _nobody_gets_in_without_a_key(stack: Stack) -> None:
    for headers in ({}, {"X-Authorization": "v1.x.99999999999999.x"}):
        with pytest.raises(SmokeError, match="401"):
            Api(f"{stack.url}/api", headers).call("GET", "/metadata/taskdefs")


def _each_role_does_its_part(admin: Api, stack: Stack) -> None:
    worker = _api_with(stack, *_key(stack, Role.WORKER, "mine"))
    workflow_id = _start(admin, _simple("mine"))

    task = _polled(worker, "mine")
    worker.call("POST", "/tasks", _completed(task))

    assert admin.call("GET", f"/workflow/{workflow_id}")["status"] == "COMPLETED"
    with pytest.raises(SmokeError, match="403"):
        worker.call("GET", "/tasks/poll/another")
    with pytest.raises(SmokeError, match="403"):
        worker.call("GET", f"/workflow/{workflow_id}")


def _a_function_of_the_users_is_a_worker(api: Api) -> None:
    task_def = {"name": "charge_by_function", "ownerEmail": "test@example.com", "retryCount": 0}
    api.call("POST", "/metadata/taskdefs", [task_def])

    paid, refused = (
        _eventually(
            api,
            _start(api, {**_simple("charge_by_function"), "inputParameters": {"amount": amount}}),
            lambda w: w["status"] != "RUNNING",
        )["tasks"][0]
        for amount in (3, -3)
    )

    assert paid["outputData"] == {"charged": 3, "taskId": paid["taskId"]}
    assert refused["status"] == "FAILED"
    assert "cannot charge -3" in refused["reasonForIncompletion"]


def _the_same_workers_do_orders_on_sqs_and_lambda(stack: Stack, ledger: Ledger) -> None:
    """On SQS once no other worker polls; the function hears now where it has been deployed."""
    access = {name: os.environ[name] for name in ("CONDUCTOR_AUTH_KEY", "CONDUCTOR_AUTH_SECRET")}
    functions = _client("lambda")
    deployed = functions.get_function_configuration(FunctionName="violin-shop")["Environment"]
    told = {**deployed["Variables"], **access, "DALSEGNO_URL": stack.url}
    functions.update_function_configuration(
        FunctionName="violin-shop", Environment={"Variables": told}
    )
    url = stack.url
    on_lambda = {function.task_type: "lambda" for function in workers.WORKERS}

    with (
        payments(ledger.path.parent) as payment_url,
        _workers_on_sqs(url),
    ):
        side_by_side(
            partial(check_orders, url, payment_url, ledger),
            partial(check_orders, url, payment_url, ledger, on_lambda),
        )


@contextmanager
def _workers_on_sqs(url: str) -> Iterator[None]:
    """Run the shop's workers as somebody at a terminal would; they end when they are told to."""
    command = ["worker", "run", workers.__name__, "--sqs", "--stage", "dev", "--url", url]
    process = subprocess.Popen([sys.executable, "-m", "dalsegno.cli", *command], cwd=ROOT)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def _an_event_starts_a_workflow(api: Api) -> None:
    _define(api, "placed_order", _simple("pack"))
    detail = {"orderId": f"o-{uuid4().hex[:8]}", "note": 'a "quoted" word'}
    event = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": json.dumps(detail)}

    _client("events").put_events(Entries=[event])

    task = _polled(api, "pack")
    workflow = api.call("GET", f"/workflow/{task['workflowInstanceId']}")
    assert workflow["correlationId"] == detail["orderId"]
    assert workflow["input"]["detail"] == detail
    assert workflow["event"].endswith(f"/placed_order/{workflow['input']['id']}")


def _a_schedule_starts_one_workflow_however_often_it_is_delivered(api: Api, stack: Stack) -> None:
    """The emulator fills in no attributes of a schedule, so it is told what AWS would send."""
    _define(api, "report", _simple("write"))
    queue_arn = stack.outputs["TriggersQueueArn"]
    at = "2026-03-01T12:00:00Z"
    message = json.dumps({"identity": f"report/{at}", "at": at, "request": {"name": "report"}})
    url = _sqs().get_queue_url(QueueName=TRIGGERS)["QueueUrl"]

    _client("scheduler").create_schedule(
        Name="report",
        ScheduleExpression="at(2026-03-01T12:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": queue_arn, "RoleArn": _ROLE, "Input": message},
    )
    first = _polled(api, "write")
    for _ in range(3):
        _sqs().send_message(QueueUrl=url, MessageBody=message)
    _until_empty(url)

    assert api.call("GET", "/tasks/poll/batch/write?workerid=test&timeout=1000") == []
    found = api.call("GET", "/workflow/search?query=workflowType%3Dreport")
    assert [run["workflowId"] for run in found["results"]] == [first["workflowInstanceId"]]


def _a_trigger_that_says_nothing_goes_to_the_dead_letters() -> None:
    sqs = _sqs()
    url = sqs.get_queue_url(QueueName=TRIGGERS)["QueueUrl"]

    with _delivering_only(sqs, TRIGGERS, times=2):
        sqs.send_message(QueueUrl=url, MessageBody='{"request": {"name": "report"}}')

        assert _dead_letters(sqs, TRIGGERS) == ['{"request": {"name": "report"}}']


def _clients_may_put_payloads_elsewhere(api: Api) -> None:
    _define(api, "bulky", {**_simple("lift"), "inputParameters": {"n": "${workflow.input.n}"}})
    asked = "operation=WRITE&payloadType=WORKFLOW_INPUT&path="
    located = api.call("GET", f"/workflow/externalstoragelocation?{asked}")
    _put(located["uri"], b'{"n": 7}')

    start = {"name": "bulky", "externalInputPayloadStoragePath": located["path"]}
    workflow_id = api.call("POST", "/workflow", start)

    assert _polled(api, "lift")["inputData"] == {"n": 7}
    assert api.call("GET", f"/workflow/{workflow_id}")["input"] == {}


def _what_ended_long_ago_is_archived_and_removed(api: Api, stack: Stack) -> None:
    workflow_id = _start(api, {"name": "n", "taskReferenceName": "n", "type": "NOOP"})
    outputs = stack.outputs
    store = DynamoStateStore(
        Table(Clients("us-east-1"), outputs["ExecutionTable"]), lists_ended=True
    )
    workflow = store.workflow(workflow_id)
    assert workflow is not None

    long_ago = replace(workflow, ended_at=1_767_225_600_000, revision=workflow.revision + 1)
    store.commit([UpdateWorkflow(long_ago, workflow.revision, clears_wake=True)])

    deadline = time.monotonic() + 150
    while store.workflow(workflow_id) is not None and time.monotonic() < deadline:
        time.sleep(1)
    assert not list(store.all_tasks(workflow_id))
    assert store.workflow(workflow_id) is None
    found = _client("s3").list_objects_v2(Bucket=outputs["PayloadBucket"], Prefix="archive/")
    (archived,) = found["Contents"]
    assert archived["Key"].endswith(f"/2026/01/01/{workflow_id}.json")


def _put(url: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, body, headers, method="PUT")  # noqa: S310  (our own URL)
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


def _until_empty(url: str) -> None:
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = _sqs().get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        if not any(int(count) for count in found.values()):
            return
        time.sleep(0.3)
    raise AssertionError("nobody takes the messages")


def _key(stack: Stack, role: Role, *task_types: str) -> tuple[str, str]:
    """Return the id and the secret of a new access key."""
    keys = access_key_table("us-east-1", stack.outputs["DefinitionTable"])
    return create(keys, role, task_types, "a test", now=SystemClock().now())


def _api_with(stack: Stack, key_id: str, secret: str) -> Api:
    url = f"{stack.url}/api"
    token = Api(url).call("POST", "/token", {"keyId": key_id, "keySecret": secret})["token"]
    return Api(url, {"X-Authorization": token})


def _start(api: Api, *tasks: dict[str, Any]) -> str:
    """Run a workflow of these tasks and return its id."""
    name = f"aws_local_{uuid4().hex[:8]}"
    _define(api, name, *tasks)
    return str(api.call("POST", f"/workflow/{name}", {}))


def _define(api: Api, name: str, *tasks: dict[str, Any]) -> None:
    definition = {"name": name, "version": 1, "ownerEmail": "test@example.com", "tasks": tasks}
    api.call("POST", "/metadata/workflow", definition)


def _simple(task_type: str, *, ref: str = "work") -> dict[str, Any]:
    return {"name": task_type, "taskReferenceName": ref, "type": "SIMPLE"}


def _pause() -> dict[str, Any]:
    return {
        "name": "pause",
        "taskReferenceName": "pause",
        "type": "WAIT",
        "inputParameters": {"duration": "1s"},
    }


def _polled(api: Api, task_type: str, seconds: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        tasks = api.call("GET", f"/tasks/poll/batch/{task_type}?workerid=test&timeout=1000")
        if tasks:
            found: dict[str, Any] = tasks[0]
            return found
    raise AssertionError(f"no task of {task_type} was handed out")


def _completed(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "taskId": task["taskId"],
        "workflowInstanceId": task["workflowInstanceId"],
        "status": "COMPLETED",
        "outputData": {},
    }


def _eventually(
    api: Api, workflow_id: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 60
) -> dict[str, Any]:
    """Return the workflow once something holds of it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        workflow: dict[str, Any] = api.call("GET", f"/workflow/{workflow_id}?includeTasks=true")
        if holds(workflow):
            return workflow
        time.sleep(0.3)
    raise AssertionError(f"the workflow is still {workflow['status']}")


def _insist(ask: Callable[[], T], seconds: float = 60) -> T:
    """Return what a request is answered, which is made again while something fails."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except SmokeError as error:
            if " was answered 4" in str(error) or time.monotonic() > deadline:
                raise


@contextmanager
def _killing(parent: int, answered: threading.Event) -> Iterator[threading.Thread]:
    """Meanwhile kill all processes that a process has started, again and again.

    Each time once something has been answered since the last, however long that takes, and at a
    random moment after it. Gives the thread that does it.
    """
    chance, stopping = random.Random(_SEED), threading.Event()

    def kill() -> None:
        for _ in range(_KILLS):
            answered.clear()
            while not answered.wait(0.2):
                if stopping.is_set():
                    return
            stopping.wait(chance.uniform(0, 1.5))
            for child in _children(parent):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield thread
    finally:
        stopping.set()
        thread.join()


def _children(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listed.stdout.split()]


@contextmanager
def _delivering_only(sqs: Any, queue: str, *, times: int) -> Iterator[None]:
    """Meanwhile have messages of a queue go to its dead letters after so many deliveries."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    before = got["Attributes"]
    policy = {**json.loads(before["RedrivePolicy"]), "maxReceiveCount": times}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"RedrivePolicy": before["RedrivePolicy"]}
        )


def _dead_letters(sqs: Any, queue: str) -> list[str]:
    """Return the bodies of a queue's dead letters, once there are any."""
    url = sqs.get_queue_url(QueueName=f"dead-letters-{queue}")["QueueUrl"]
    received = eventually(
        lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10),
        lambda reply: reply.get("Messages"),
        within_seconds=60,
    )
    return [message["Body"] for message in received["Messages"]]


def _send_together(sqs: Any, url: str, bodies: list[str]) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)


def _sqs() -> Any:
    return _client("sqs")


def _client(service: str) -> Any:
    return botocore.session.get_session().create_client(service)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"served": true}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass
