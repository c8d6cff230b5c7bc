"""Access keys: what each role may do, what a token proves, and who gets past the gate."""

import json

import pytest

from dalsegno.models import EpochMillis, StartWorkflowRequest, WorkflowDef
from dalsegno_functions.api import API, OPERATIONS
from dalsegno_functions.auth.gate import Gate
from dalsegno_functions.auth.key_callers import KeyCallers
from dalsegno_functions.auth.keys import AccessKey, hash_of
from dalsegno_functions.auth.roles import (
    Allowed,
    Identity,
    OfBody,
    OfLocation,
    OfTask,
    OfType,
    Refused,
    Role,
    verdict,
)
from dalsegno_functions.auth.tokens import LIFETIME_MS, Signer, TokenError
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response
from dalsegno_functions.wiring import local_engine
from dalsegno_state.engine import Engine
from tests.builders import NOW
from tests.clock import ManualClock


class MemoryAccessKeys:
    """See ``AccessKeys``."""

    def __init__(self) -> None:
        self.stored: dict[str, AccessKey] = {}

    def key(self, key_id: str) -> AccessKey | None:
        return self.stored.get(key_id)

    def keys(self) -> list[AccessKey]:
        return list(self.stored.values())

    def add(self, key: AccessKey) -> None:
        self.stored[key.identity.caller] = key

    def revoke(self, key_id: str) -> bool:
        return self.stored.pop(key_id, None) is not None


class World:
    """A gate, its keys and its clock, before an engine in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.keys = MemoryAccessKeys()
        self.gate = Gate(KeyCallers(self.keys, Signer(b"secret"), self.clock))
        self.engine: Engine = local_engine(None, self.clock).engine

    def has_key(self, role: Role, *task_types: str) -> str:
        """Add a key and return its id, which is its secret too."""
        identity = Identity(caller=role, role=role, task_types=frozenset(task_types))
        self.keys.add(AccessKey(identity=identity, secret_hash=hash_of(role), created_at=NOW))
        return role

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        *,
        query: str = "",
    ) -> Response:
        event: GatewayEvent = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": {} if token is None else {"x-authorization": token},
            "requestContext": {"http": {"method": method}},
            "body": None if body is None else json.dumps(body),
        }
        return self.gate.answer(API, event, self.engine)

    def token(self, key_id: str) -> str:
        credentials = {"keyId": key_id, "keySecret": key_id}
        token: str = json.loads(self.ask("POST", "/api/token", credentials).body)["token"]
        return token


@pytest.mark.parametrize(
    ("role", "method", "path", "expected"),
    [
        (Role.ADMIN, "DELETE", "api/metadata/taskdefs/x", Allowed()),
        (Role.OPERATOR, "DELETE", "api/metadata/taskdefs/x", Refused()),
        (Role.OPERATOR, "GET", "api/metadata/taskdefs", Allowed()),
        (Role.OPERATOR, "POST", "api/workflow/order", Allowed()),
        (Role.OPERATOR, "GET", "api/secrets", Allowed()),
        (Role.OPERATOR, "POST", "api/secrets", Allowed()),
        (Role.OPERATOR, "GET", "api/secrets/v2", Allowed()),
        (Role.OPERATOR, "GET", "api/secrets-v2", Allowed()),
        (Role.OPERATOR, "GET", "api/secrets/x/exists", Allowed()),
        (Role.OPERATOR, "GET", "api/secrets/x/tags", Allowed()),
        (Role.OPERATOR, "PUT", "api/secrets/x/tags", Refused()),
        (Role.OPERATOR, "GET", "api/secrets/x", Refused()),
        (Role.OPERATOR, "HEAD", "api/secrets/x", Refused()),
        (Role.OPERATOR, "PUT", "api/secrets/x", Refused()),
        (Role.OPERATOR, "DELETE", "api/secrets/x", Refused()),
        (Role.OPERATOR, "GET", "api/environment", Allowed()),
        (Role.OPERATOR, "PUT", "api/environment/x", Refused()),
        (Role.STARTER, "POST", "api/workflow", Allowed()),
        (Role.STARTER, "POST", "api/workflow/order", Allowed()),
        (Role.STARTER, "POST", "api/workflow/execute/order/1", Allowed()),
        (Role.STARTER, "GET", "api/workflow/w1", Allowed()),
        (Role.STARTER, "POST", "api/workflow/w1/retry", Refused()),
        (Role.STARTER, "POST", "api/workflow/bulk/terminate", Refused()),
        (Role.STARTER, "DELETE", "api/workflow/w1", Refused()),
        (Role.STARTER, "GET", "api/tasks/poll/x", Refused()),
        (Role.STARTER, "GET", "api/secrets", Refused()),
        (Role.READER, "GET", "api/secrets", Refused()),
        (Role.READER, "GET", "api/secrets-v2", Refused()),
        (Role.READER, "GET", "api/secrets/x", Refused()),
        (Role.READER, "GET", "api/environment", Allowed()),
        (Role.OPERATOR, "POST", "api/scheduler/schedules", Refused()),
        (Role.OPERATOR, "POST", "api/event", Refused()),
        (Role.OPERATOR, "DELETE", "api/event/handler", Refused()),
        (Role.OPERATOR, "PUT", "api/event/handler/tags", Refused()),
        (Role.OPERATOR, "POST", "api/event/handleIncomingEvent", Allowed()),
        (Role.OPERATOR, "POST", "api/queue/update/w/wait/COMPLETED", Allowed()),
        (Role.READER, "GET", "api/event/execution/handler", Allowed()),
        (Role.READER, "POST", "api/event/handleIncomingEvent", Refused()),
        (Role.STARTER, "POST", "api/event/handleIncomingEvent", Refused()),
        (Role.WORKER, "POST", "api/event/handleIncomingEvent", Refused()),
        (Role.OPERATOR, "DELETE", "api/scheduler/schedules/nightly", Refused()),
        (Role.OPERATOR, "PUT", "api/scheduler/schedules/nightly/pause", Allowed()),
        (Role.READER, "GET", "api/workflow/w1", Allowed()),
        (Role.READER, "GET", "api/scheduler/schedules/nightly", Allowed()),
        (Role.READER, "GET", "api/scheduler/schedules/nightly/pause", Refused()),
        (Role.READER, "GET", "api/scheduler/schedules/nightly/resume", Refused()),
        (Role.READER, "GET", "api/scheduler/admin/pause", Refused()),
        (Role.READER, "POST", "api/workflow/order", Refused()),
        (Role.READER, "GET", "api/tasks/poll/x", Refused()),
        (Role.WORKER, "GET", "api/tasks/poll/x", OfType("x")),
        (Role.WORKER, "GET", "api/tasks/poll/batch/x", OfType("x")),
        (Role.WORKER, "POST", "api/tasks", OfBody()),
        (Role.WORKER, "POST", "api/tasks/update-v2", OfBody()),
        (Role.WORKER, "POST", "api/tasks/t1/log", OfTask("t1")),
        (Role.WORKER, "GET", "api/tasks/t1", OfTask("t1")),
        (Role.WORKER, "POST", "api/tasks/waiting", OfBody()),
        (Role.READER, "GET", "api/tasks/t1", Allowed()),
        (Role.READER, "POST", "api/tasks/waiting", Refused()),
        (Role.STARTER, "POST", "api/tasks/waiting", Refused()),
        (Role.WORKER, "POST", "api/tasks/w1/ref/COMPLETED", Refused()),
        (Role.WORKER, "GET", "api/workflow/w1", Refused()),
        (Role.WORKER, "POST", "api/workflow/order", Refused()),
    ],
)
def test_a_role_includes_what_it_is_for(
    role: Role, method: str, path: str, expected: object
) -> None:
    assert verdict(role, method, path.split("/")) == expected


def test_a_token_names_its_key_until_it_expires() -> None:
    signer = Signer(b"secret")
    token = signer.issue("key", NOW)

    assert signer.key_id(token, NOW + LIFETIME_MS - 1) == "key"
    with pytest.raises(TokenError) as caught:
        signer.key_id(token, NOW + LIFETIME_MS)
    assert caught.value.code == "EXPIRED_TOKEN"


@pytest.mark.parametrize("at", [0, 3, 10, -1])
def test_a_changed_token_is_worth_nothing(at: int) -> None:
    token = Signer(b"secret").issue("key", NOW)
    changed = list(token)
    changed[at] = "A" if token[at] != "A" else "B"

    with pytest.raises(TokenError) as caught:
        Signer(b"secret").key_id("".join(changed), NOW)

    assert caught.value.code == "INVALID_TOKEN"


@pytest.mark.parametrize("token", ["", ".", "...", "v1.key", "é.é.é.é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        Signer(b"secret").key_id(token, NOW)


def test_a_token_of_another_deployment_is_refused() -> None:
    with pytest.raises(TokenError):
        Signer(b"secret").key_id(Signer(b"another").issue("key", NOW), NOW)


def test_nobody_gets_in_without_a_token() -> None:
    reply = World().ask("GET", "/api/metadata/taskdefs")

    assert reply.status == 401


def test_a_key_and_its_secret_open_the_gate() -> None:
    world = World()
    token = world.token(world.has_key(Role.READER))

    assert world.ask("GET", "/api/metadata/taskdefs", token=token).status == 200


@pytest.mark.parametrize("credentials", [{"keyId": "reader", "keySecret": "x"}, {}, "x"])
def test_a_wrong_secret_gets_no_token(credentials: object) -> None:
    world = World()
    world.has_key(Role.READER)

    assert world.ask("POST", "/api/token", credentials).status in {400, 401}


def test_a_revoked_key_is_locked_out_within_a_minute() -> None:
    world = World()
    token = world.token(world.has_key(Role.READER))
    world.ask("GET", "/api/metadata/taskdefs", token=token)

    world.keys.revoke(Role.READER)
    world.clock.advance(60)

    assert world.ask("GET", "/api/metadata/taskdefs", token=token).status == 401


def test_an_expired_token_is_told_apart_as_the_sdks_expect() -> None:
    world = World()
    token = world.token(world.has_key(Role.READER))

    world.clock.advance(LIFETIME_MS / 1000)

    reply = world.ask("GET", "/api/metadata/taskdefs", token=token)
    assert json.loads(reply.body)["error"] == "EXPIRED_TOKEN"


def test_a_role_is_refused_what_it_does_not_include() -> None:
    world = World()
    token = world.token(world.has_key(Role.READER))

    assert world.ask("POST", "/api/workflow/order", {}, token=token).status == 403


def test_a_worker_reports_on_its_own_types_only() -> None:
    world = World()
    task_id, workflow_id = _scheduled(world.engine, "charge")
    report = {"taskId": task_id, "workflowInstanceId": workflow_id, "status": "COMPLETED"}
    stranger = world.token(world.has_key(Role.WORKER, "ship"))

    refused = world.ask("POST", "/api/tasks", report, token=stranger)
    world.has_key(Role.WORKER, "charge")
    world.clock.advance(60)  # until then, the gate knows the key as it was
    accepted = world.ask("POST", "/api/tasks", report, token=stranger)

    assert (refused.status, accepted.status) == (403, 200)


@pytest.mark.parametrize(("path", "status"), [("charge", 204), ("ship", 403), ("batch/ship", 403)])
def test_a_worker_polls_its_own_types_only(path: str, status: int) -> None:
    world = World()
    token = world.token(world.has_key(Role.WORKER, "charge"))

    assert world.ask("GET", f"/api/tasks/poll/{path}", token=token).status == status


def test_a_worker_asks_for_waiting_tasks_of_its_own_types_only() -> None:
    world = World()
    task_id, _ = _scheduled(world.engine, "charge")
    token = world.token(world.has_key(Role.WORKER, "ship"))

    def status_of(task_ids: object) -> int:
        return world.ask("POST", "/api/tasks/waiting", {"taskIds": task_ids}, token=token).status

    assert status_of([task_id]) == status_of(["unknown", task_id]) == 403
    assert status_of(["unknown"]) == 200
    assert status_of(7) == 400
    world.has_key(Role.WORKER, "charge")
    world.clock.advance(60)  # until then, the gate knows the key as it was
    assert status_of([task_id]) == 200


def _scheduled(engine: Engine, task_type: str) -> tuple[str, EpochMillis | str]:
    """Start a workflow of one task; return the ids of the task and of the workflow."""
    definition = {"name": "order", "tasks": [{"name": task_type, "taskReferenceName": "work"}]}
    request = StartWorkflowRequest(
        name="order", workflow_def=WorkflowDef.model_validate({**definition, "ownerEmail": "a@b.c"})
    )
    workflow_id = engine.executions.start(request)
    (task,) = engine.tasks.poll(task_type, worker_id="w", domain=None, count=1, wait_seconds=0)
    return task.task_id, workflow_id


@pytest.mark.parametrize(("told", "status"), [("s3cret", 200), ("guess", 401), (None, 401)])
def test_a_webhook_with_a_secret_needs_no_token_but_that(told: str | None, status: int) -> None:
    world = World()
    world.engine.secrets.put("webhook_bank", "s3cret")
    event: GatewayEvent = {
        "rawPath": "/webhook/bank",
        "headers": {} if told is None else {"x-webhook-secret": told},
        "requestContext": {"http": {"method": "POST"}},
        "body": "{}",
    }

    assert world.gate.answer(API, event, world.engine).status == status


def test_a_webhook_without_a_secret_is_closed() -> None:
    assert World().ask("POST", "/webhook/open", {}).status == 401


# What changes something, or makes it possible, even though it is asked for by GET.
STEERING_READS = {
    "/api/files/{workflowId}/{fileId}/multipart/{uploadId}/part/{partNumber}",
    "/api/files/{workflowId}/{fileId}/upload-url",
    "/api/scheduler/admin/pause",
    "/api/scheduler/admin/requeue",
    "/api/scheduler/admin/resume",
    "/api/scheduler/schedules/{name}/pause",
    "/api/scheduler/schedules/{name}/resume",
    "/api/tasks/poll/batch/{tasktype}",
    "/api/tasks/poll/{tasktype}",
    "/api/workflow/execute/{name}",
}
LOCATIONS = {
    f"/api/{resource}/{name}"
    for resource in ("tasks", "workflow")
    for name in ("external-storage-location", "externalstoragelocation")
}


def _verdicts(role: Role, methods: set[str]) -> dict[tuple[str, str], object]:
    return {
        (route.method, route.path): verdict(role, route.method, route.path.strip("/").split("/"))
        for route in OPERATIONS
        if route.method in methods
    }


def test_a_reader_reads_everything_but_secrets_and_changes_nothing() -> None:
    reads = _verdicts(Role.READER, {"GET"})
    refused = {path for (_, path), said in reads.items() if said == Refused()}
    asked = {path for (_, path), said in reads.items() if said == OfLocation()}

    assert {path for path in refused if "secrets" not in path} == STEERING_READS
    assert asked == LOCATIONS
    assert set(_verdicts(Role.READER, {"POST", "PUT", "DELETE"}).values()) == {Refused()}


def test_a_worker_of_some_types_has_no_route_that_is_not_bound_to_them() -> None:
    verdicts = _verdicts(Role.WORKER, {"GET", "POST", "PUT", "DELETE"})

    assert Allowed() not in verdicts.values()


@pytest.mark.parametrize("path", sorted(LOCATIONS))
@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("READ", 200),
        ("read", 200),
        ("WRITE", 403),
        ("write", 403),
        ("READ&operation=WRITE", 403),
        ("WRITE&operation=READ", 403),
        ("", 403),
    ],
)
def test_a_reader_may_fetch_payloads_but_put_none(path: str, operation: str, status: int) -> None:
    world = World()
    token = world.token(world.has_key(Role.READER))
    query = f"operation={operation}&payloadType=TASK_OUTPUT&path=task/output/x.json"

    assert world.ask("GET", path, token=token, query=query).status == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("operation=WRITE&payloadType=TASK_OUTPUT", 200),
        ("operation=WRITE&payloadType=task_output", 200),
        ("operation=WRITE&payloadType=TASK_OUTPUT&path=task/output/x.json", 403),
        ("operation=WRITE&payloadType=WORKFLOW_INPUT", 403),
        ("operation=READ&payloadType=TASK_OUTPUT&path=task/output/x.json", 403),
        ("operation=READ&operation=WRITE&payloadType=TASK_OUTPUT", 403),
    ],
)
def test_a_worker_of_some_types_puts_outputs_only(query: str, status: int) -> None:
    world = World()
    token = world.token(world.has_key(Role.WORKER, "charge"))

    reply = world.ask("GET", "/api/tasks/externalstoragelocation", token=token, query=query)

    assert reply.status == status


@pytest.mark.parametrize("webhook_id", ["a b", "x" * 200, "a/b", "ü", "a.b"])
def test_no_secret_is_looked_for_that_nobody_can_have_put(
    webhook_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    looked_for: list[str] = []
    monkeypatch.setattr(
        type(world.engine._ports.secrets), "secret", lambda _, n: looked_for.append(n)
    )

    assert not world.engine.webhooks.is_protected(webhook_id)
    assert looked_for == []
    assert not world.engine.webhooks.is_protected("plain")
    assert looked_for == ["webhook_plain"]
