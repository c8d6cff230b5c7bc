"""HTTP tasks: the call itself, made by whoever consumes their queue."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic_core import from_json, to_json

from dalsegno.models import JsonObject, JsonValue, TaskStatus, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.engine.claiming import Claimed, Claims, NotYet
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import Reported
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import reveal_secrets
from dalsegno_state.ports import HttpCallError, HttpClient, HttpReply, Message, Ports
from dalsegno_state.tasks.http import Http, is_async_complete
from dalsegno_state.view import View
from dalsegno_state.writes import ReplaceTask

_DEFAULT_TIMEOUT_MS: Final = 3_000
_LONGEST_TIMEOUT_MS: Final = 15 * 60_000
_MARGIN_MS: Final = 5_000


class HttpTasks:
    """Makes the calls of HTTP tasks and reports what came of them.

    A call is made at least once: one whose worker died is made again, with the same task id.
    """

    def __init__(
        self, ports: Ports, loader: Loader, runner: Runner, claims: Claims, client: HttpClient
    ) -> None:
        self._ports = ports
        self._loader = loader
        self._runner = runner
        self._claims = claims
        self._client = client

    def run(self, task_id: str) -> None:
        """Make the call of a scheduled task, unless somebody else is at it."""
        match self._claims.claim(task_id, "system"):
            case Claimed(task, view):
                self._call(view, task)
            case NotYet(delay_ms):
                self._come_back(task_id, delay_ms)
            case _:
                self._take_over(task_id)

    def _take_over(self, task_id: str) -> None:
        """Make a call again whose maker has not reported in time."""
        address = ids.parse_task_id(task_id)
        view = None if address is None else self._loader.view(address.workflow_id)
        if address is None or view is None:
            return
        task = self._ports.state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        if task is None or task.task_id != task_id or task.status is not TaskStatus.IN_PROGRESS:
            return
        request = self._request(view, task)
        if task.output:
            return  # the call was answered; its end comes from outside
        left_ms = task.updated_at + _allowed_ms(request) - self._ports.clock.now()
        if left_ms > 0:
            self._come_back(task_id, left_ms)
            return
        taken = replace(task, revision=task.revision + 1, updated_at=self._ports.clock.now())
        if self._ports.state.commit([ReplaceTask(taken, task_id, task.revision)]) is None:
            self._call(view, taken)

    def _come_back(self, task_id: str, delay_ms: int) -> None:
        at = self._ports.clock.now() + delay_ms
        self._ports.queues.send([Message(queue=Http.type, body=task_id, deliver_at=at)])

    def _call(self, view: View, task: TaskState) -> None:
        request = self._request(view, task)
        waits = is_async_complete(_node(view, task), self._content(task, "input"))
        self._runner.run(task.workflow_id, self._reported(task, request, stays_open=waits))

    def _reported(self, task: TaskState, request: JsonObject, *, stays_open: bool) -> Reported:
        """Make the call; return the report of its outcome."""
        problem = _problem(request)
        if problem is not None:
            return _report(task, TaskStatus.FAILED, {}, problem)
        try:
            reply = self._send(request)
        except HttpCallError as error:
            reason = f"Failed to invoke HTTP task due to: {error}"
            return _report(task, TaskStatus.FAILED, {"response": str(error)}, reason)
        response = _shown(reply)
        if 200 <= reply.status_code < 300:
            status = TaskStatus.IN_PROGRESS if stays_open else TaskStatus.COMPLETED
            return _report(task, status, {"response": response}, None)
        text = reply.body.decode(errors="replace")[:1000]
        reason = (
            f"Failed to invoke HTTP task due to: {reply.status_code} {reply.reason_phrase}: {text}"
        )
        return _report(task, TaskStatus.FAILED, {"response": response}, reason)

    def _send(self, request: JsonObject) -> HttpReply:
        headers = _headers(request)
        body = _body(request.get("body"))
        if body is not None:
            headers.setdefault("Content-Type", str(request.get("contentType") or _JSON))
        headers.setdefault("Accept", _accept(request.get("accept")))
        return self._client.request(
            str(request.get("method")).upper(),
            str(request.get("uri")),
            headers=headers,
            body=body,
            connect_timeout_seconds=_timeout_ms(request, "connectionTimeOut") / 1000,
            read_timeout_seconds=_timeout_ms(request, "readTimeOut") / 1000,
        )

    def _request(self, view: View, task: TaskState) -> JsonObject:
        """Return what to call, secrets included: for the call only, never to be stored."""
        inputs = self._content(task, "input")
        given = inputs.get("http_request")
        request = given if isinstance(given, dict) else inputs
        revealed = reveal_secrets(request, self._ports.secrets.secret)
        return revealed if isinstance(revealed, dict) else {}

    def _content(self, task: TaskState, which: str) -> JsonObject:
        payload = task.input if which == "input" else task.output
        return payload if isinstance(payload, dict) else self._loader.payload(payload)


_JSON: Final = "application/json"


def _node(view: View, task: TaskState) -> WorkflowTask:
    node = view.plan.nodes.get(task.base_ref)
    if node is not None and task.node is None:
        return node.task
    return WorkflowTask.model_validate(task.node or {})


def _report(
    task: TaskState, status: TaskStatus, output: JsonObject, reason: str | None
) -> Reported:
    return Reported(
        ref=task.ref,
        task_id=task.task_id,
        status=status,
        output=output,
        reason=reason,
        worker_id="system",
    )


def _problem(request: JsonObject) -> str | None:
    if not request.get("uri"):
        return "Missing HTTP URI.  Give the task an inputParameters.uri or http_request.uri"
    if not request.get("method"):
        return "No HTTP method specified"
    return None


def _shown(reply: HttpReply) -> JsonObject:
    headers: JsonObject = {name: list(values) for name, values in reply.headers.items()}
    return {
        "statusCode": reply.status_code,
        "reasonPhrase": reply.reason_phrase,
        "headers": headers,
        "body": _parsed(reply.body),
    }


def _parsed(body: bytes) -> JsonValue:
    """Return a body as JSON if it is JSON, as Conductor reads it, else as text; None if empty.

    A bare number becomes a double and a bare boolean its text.
    """
    if not body:
        return None
    try:
        value: JsonValue = from_json(body, allow_inf_nan=False)
    except ValueError:
        return body.decode(errors="replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    return float(value) if isinstance(value, int) else value


def _headers(request: JsonObject) -> dict[str, str]:
    given = request.get("headers")
    if not isinstance(given, Mapping):
        return {}
    return {
        str(name): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in given.items()
        if value is not None
    }


def _body(body: JsonValue) -> bytes | None:
    if body is None:
        return None
    return body.encode() if isinstance(body, str) else to_json(body)


def _accept(accept: JsonValue) -> str:
    if isinstance(accept, list):
        return ", ".join(map(str, accept)) or _JSON
    return str(accept) if accept else _JSON


def _timeout_ms(request: JsonObject, name: str) -> int:
    value = request.get(name)
    is_number = isinstance(value, (int, float, str)) and str(value).strip().isdigit()
    return min(int(str(value)), _LONGEST_TIMEOUT_MS) if is_number else _DEFAULT_TIMEOUT_MS


def _allowed_ms(request: JsonObject) -> int:
    """Return how long a call may take before it counts as lost."""
    both = _timeout_ms(request, "connectionTimeOut") + _timeout_ms(request, "readTimeOut")
    return both + _MARGIN_MS
