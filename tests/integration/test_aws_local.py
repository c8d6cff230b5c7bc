"""The stack, deployed by the CDK to an emulator: real functions behind real event sources.

One test, since a deployment is slow to make and its promises are quick to check.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("aws_cdk", reason="the extra cdk is not installed")
pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")
sys.path.append(str(Path(__file__).parents[2] / "localstack"))

import botocore.session
from deployment import Deployment
from emulator import Emulator
from smoke import Api, SmokeError, smoke
from tools import ToolsError, cdk, ministack

from dalsegno_functions.access_keys import create
from dalsegno_functions.auth.roles import Role
from dalsegno_functions.wiring import access_key_table

APP_WITH_WORKER = Path(__file__).parent / "aws_worker" / "app.py"
EVALUATOR = "dalsegno-local-_evaluator"


@contextmanager
def _deployed(folder: Path) -> Iterator[tuple[Emulator, Deployment]]:
    try:
        program = ministack()
        cdk()
    except ToolsError as error:
        pytest.skip(f"the tools cannot be installed here: {error}")
    with Emulator(program) as emulator:
        deployment = Deployment(emulator.url, folder)
        deployment.bootstrap()
        deployment.deploy()
        yield emulator, deployment
        deployment.destroy()


def test_a_deployed_stack_keeps_its_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _deployed(tmp_path) as (emulator, deployment):
        for name, value in deployment.environment.items():
            monkeypatch.setenv(name, value)
        api = Api(f"{deployment.url}/api")

        smoke(api)
        _http_tasks_are_done_by_a_function(api)
        _results_may_come_by_queue(api, deployment)
        _a_poison_message_harms_no_other(api)
        _a_short_timeout_is_met_in_time(api)
        _the_sweeper_mends_what_was_lost(api)
        _schedules_start_workflows(api)
        _functions_tell_what_they_did(emulator)

        deployment = Deployment(emulator.url, tmp_path, {"auth": "keys"}, app=APP_WITH_WORKER)
        deployment.deploy()
        _nobody_gets_in_without_a_key(deployment)
        _each_role_does_its_part(deployment)
        _a_function_of_the_users_is_a_worker(deployment)


def _http_tasks_are_done_by_a_function(api: Api) -> None:
    with _service() as url:
        task = {
            "name": "call",
            "taskReferenceName": "call",
            "type": "HTTP",
            "inputParameters": {"http_request": {"uri": url, "method": "GET"}},
        }
        workflow_id = _start(api, task)

        workflow = _eventually(api, workflow_id, lambda w: w["status"] != "RUNNING")

    assert workflow["tasks"][0]["outputData"]["response"]["body"] == {"served": True}


def _results_may_come_by_queue(api: Api, deployment: Deployment) -> None:
    workflow_id = _start(api, _simple("by_queue"))
    task = _polled(api, "by_queue")
    result = {
        "taskId": task["taskId"],
        "workflowInstanceId": workflow_id,
        "status": "COMPLETED",
        "outputData": {"by": "queue"},
    }

    _sqs().send_message(
        QueueUrl=deployment.outputs()["ResultsQueueUrl"], MessageBody=json.dumps(result)
    )

    workflow = _eventually(api, workflow_id, lambda w: w["status"] != "RUNNING")
    assert workflow["tasks"][0]["outputData"] == {"by": "queue"}


def _a_poison_message_harms_no_other(api: Api) -> None:
    sqs = _sqs()
    url = sqs.get_queue_url(QueueName=EVALUATOR)["QueueUrl"]
    dead_letters = sqs.get_queue_url(QueueName=f"dead-letters-{EVALUATOR}")["QueueUrl"]
    redrive = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = {**json.loads(redrive["Attributes"]["RedrivePolicy"]), "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    pause = {
        "name": "pause",
        "taskReferenceName": "pause",
        "type": "WAIT",
        "inputParameters": {"duration": "1s"},
    }

    sqs.send_message(QueueUrl=url, MessageBody="poison")
    workflow_id = _start(api, pause)

    assert _eventually(api, workflow_id, lambda w: w["status"] == "COMPLETED")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        received = sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=5)
        if received.get("Messages"):
            break
    assert [message["Body"] for message in received["Messages"]] == ["poison"]


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
    url = sqs.get_queue_url(QueueName="dalsegno-local-lost")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    task = _polled(api, "lost", seconds=180)

    assert task["workflowInstanceId"] == workflow_id


def _functions_tell_what_they_did(emulator: Emulator) -> None:
    log = emulator.log.read_text(encoding="utf-8", errors="replace")

    assert "WorkflowsCompleted" in log
    assert "TaskLatency" in log


def _nobody_gets_in_without_a_key(deployment: Deployment) -> None:
    for headers in ({}, {"X-Authorization": "v1.x.99999999999999.x"}):
        with pytest.raises(SmokeError, match="401"):
            Api(f"{deployment.url}/api", headers).call("GET", "/metadata/taskdefs")


def _each_role_does_its_part(deployment: Deployment) -> None:
    admin = _api_of(deployment, Role.ADMIN)
    worker = _api_of(deployment, Role.WORKER, "mine")
    workflow_id = _start(admin, _simple("mine"))

    task = _polled(worker, "mine")
    worker.call("POST", "/tasks", {**_completed(task), "workflowInstanceId": workflow_id})

    assert admin.call("GET", f"/workflow/{workflow_id}")["status"] == "COMPLETED"
    with pytest.raises(SmokeError, match="403"):
        worker.call("GET", "/tasks/poll/another")
    with pytest.raises(SmokeError, match="403"):
        worker.call("GET", f"/workflow/{workflow_id}")


def _a_function_of_the_users_is_a_worker(deployment: Deployment) -> None:
    api = _api_of(deployment, Role.ADMIN)
    task_def = {"name": "charge_card", "ownerEmail": "test@example.com", "retryCount": 0}
    api.call("POST", "/metadata/taskdefs", [task_def])

    paid, refused = (
        _eventually(
            api,
            _start(api, {**_simple("charge_card"), "inputParameters": {"amount": amount}}),
            lambda w: w["status"] != "RUNNING",
        )["tasks"][0]
        for amount in (3, -3)
    )

    assert paid["outputData"] == {"charged": 3, "taskId": paid["taskId"]}
    assert refused["status"] == "FAILED"
    assert "cannot charge -3" in refused["reasonForIncompletion"]


def _api_of(deployment: Deployment, role: Role, *task_types: str) -> Api:
    table = deployment.outputs()["DefinitionTable"]
    keys = access_key_table("us-east-1", table)
    key_id, secret = create(keys, role, list(task_types), "a test")
    credentials = {"keyId": key_id, "keySecret": secret}
    url = f"{deployment.url}/api"
    token = Api(url).call("POST", "/token", credentials)["token"]
    return Api(url, {"X-Authorization": token})


def _start(api: Api, task: dict[str, Any]) -> str:
    """Run a workflow of one task and return its id."""
    name = f"aws_local_{uuid4().hex[:8]}"
    definition = {"name": name, "version": 1, "ownerEmail": "test@example.com", "tasks": [task]}
    api.call("POST", "/metadata/workflow", definition)
    return str(api.call("POST", f"/workflow/{name}", {}))


def _simple(task_type: str) -> dict[str, Any]:
    return {"name": task_type, "taskReferenceName": "work", "type": "SIMPLE"}


def _polled(api: Api, task_type: str, seconds: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        tasks = api.call("GET", f"/tasks/poll/batch/{task_type}?workerid=test&timeout=1000")
        if tasks:
            found: dict[str, Any] = tasks[0]
            return found
    raise AssertionError(f"no task of {task_type} was handed out")


def _completed(task: dict[str, Any]) -> dict[str, Any]:
    return {"taskId": task["taskId"], "status": "COMPLETED", "outputData": {}}


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


def _sqs() -> Any:
    return botocore.session.get_session().create_client("sqs")


@contextmanager
def _service() -> Iterator[str]:
    """Serve one document on a free port of this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
