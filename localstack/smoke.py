"""One workflow through a deployed stack: a worker's task, a timer, a script and a sub-workflow.

    python localstack/smoke.py http://127.0.0.1:8080/api

Knows nothing but the REST API, so it works against any deployment that lets it in.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Final

_TASK: Final = "dalsegno_smoke_task"
_CHILD: Final = "dalsegno_smoke_child"
_PARENT: Final = "dalsegno_smoke"
_OWNER: Final = "smoke@example.com"
_FINISHED: Final = frozenset({"COMPLETED", "FAILED", "TERMINATED", "TIMED_OUT"})

_CHILD_DEFINITION: Final = {
    "name": _CHILD,
    "version": 1,
    "ownerEmail": _OWNER,
    "tasks": [
        {
            "name": "half_a_moment",
            "taskReferenceName": "pause",
            "type": "WAIT",
            "inputParameters": {"duration": "1s"},
        }
    ],
    "outputParameters": {"waited": True},
}
_PARENT_DEFINITION: Final = {
    "name": _PARENT,
    "version": 1,
    "ownerEmail": _OWNER,
    "tasks": [
        {
            "name": _TASK,
            "taskReferenceName": "work",
            "type": "SIMPLE",
            "inputParameters": {"number": "${workflow.input.number}"},
        },
        {
            "name": "double",
            "taskReferenceName": "double",
            "type": "INLINE",
            "inputParameters": {
                "evaluatorType": "graaljs",
                "expression": "$.number * 2",
                "number": "${work.output.number}",
            },
        },
        {
            "name": "moment",
            "taskReferenceName": "moment",
            "type": "WAIT",
            "inputParameters": {"duration": "2s"},
        },
        {
            "name": _CHILD,
            "taskReferenceName": "child",
            "type": "SUB_WORKFLOW",
            "subWorkflowParam": {"name": _CHILD, "version": 1},
        },
    ],
    "outputParameters": {
        "answer": "${double.output.result}",
        "waited": "${child.output.waited}",
    },
}


class SmokeError(Exception):
    """The deployment did not do what it must do."""


class Api:
    """A few calls of Conductor's REST API."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise SmokeError(f"not the URL of an API: {url}")
        self._url = url.rstrip("/")
        self._headers = {"content-type": "application/json", **(headers or {})}

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer, parsed if it is JSON; raises ``SmokeError``."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  (the scheme was looked at)
            self._url + path, data, self._headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                text = reply.read().decode()
                is_json = "json" in reply.headers.get("content-type", "")
                return json.loads(text) if is_json and text else text
        except urllib.error.HTTPError as error:
            told = error.read().decode(errors="replace")[:500]
            raise SmokeError(f"{method} {path} was answered {error.code}: {told}") from error
        except OSError as error:
            raise SmokeError(f"{method} {path} was not answered: {error}") from error


def smoke(api: Api, timeout_seconds: float = 60) -> dict[str, Any]:
    """Run the workflow and return it once it has completed.

    Raises:
        SmokeError: It has not, or not as it must.
    """
    deadline = time.monotonic() + timeout_seconds
    task_def = {"name": _TASK, "ownerEmail": _OWNER, "retryCount": 0}
    api.call("POST", "/metadata/taskdefs", [task_def])
    api.call("PUT", "/metadata/workflow", [_CHILD_DEFINITION, _PARENT_DEFINITION])
    workflow_id = api.call("POST", f"/workflow/{_PARENT}", {"number": 21})
    _work(api, workflow_id, deadline)
    while True:
        workflow: dict[str, Any] = api.call("GET", f"/workflow/{workflow_id}?includeTasks=true")
        if workflow["status"] in _FINISHED:
            break
        if time.monotonic() > deadline:
            raise SmokeError(f"workflow {workflow_id} is still {workflow['status']}")
        time.sleep(0.2)
    if workflow["status"] != "COMPLETED" or workflow["output"] != {"answer": 42, "waited": True}:
        raise SmokeError(f"workflow {workflow_id} ended {workflow['status']}: {workflow['output']}")
    return workflow


def _work(api: Api, workflow_id: str, deadline: float) -> None:
    """Do the worker's part, for this run and whatever was left by earlier ones."""
    while time.monotonic() < deadline:
        for task in api.call("GET", f"/tasks/poll/batch/{_TASK}?workerid=smoke&count=10"):
            result = {
                "taskId": task["taskId"],
                "workflowInstanceId": task["workflowInstanceId"],
                "workerId": "smoke",
                "status": "COMPLETED",
                "outputData": {"number": task["inputData"].get("number")},
            }
            api.call("POST", "/tasks", result)
            if task["workflowInstanceId"] == workflow_id:
                return
    raise SmokeError(f"the task of workflow {workflow_id} was not handed out")


def main() -> int:
    """Run it and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("url", help="what CONDUCTOR_SERVER_URL would be, /api included")
    parser.add_argument("--authorization", help="value of the header X-Authorization")
    arguments = parser.parse_args()
    token = arguments.authorization
    began = time.monotonic()
    try:
        smoke(Api(arguments.url, {"X-Authorization": token} if token else None))
    except SmokeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"completed after {time.monotonic() - began:.1f} s\n")
    return 0


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


if __name__ == "__main__":
    sys.exit(main())
