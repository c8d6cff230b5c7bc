"""Roles of callers whom the gateway has checked: by a claim of their token, or by who they are.

The events are shaped as API Gateway's HTTP APIs and Function URLs send them.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from dalsegno.errors import ForbiddenError
from dalsegno.models import StartWorkflowRequest, WorkflowDef
from dalsegno_functions import wiring
from dalsegno_functions.api import API
from dalsegno_functions.auth.gate import Callers, Gate
from dalsegno_functions.auth.iam_callers import IamCallers, principal_of
from dalsegno_functions.auth.jwt_callers import JwtCallers
from dalsegno_functions.auth.roles import Role, read, written
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response
from dalsegno_state.engine import Engine
from tests.clock import ManualClock

ACCOUNT = "123456789012"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
WORKER = f"arn:aws:iam::{ACCOUNT}:role/team/charge-worker"
WORKER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/charge-worker/i-0abc"
USER = f"arn:aws:iam::{ACCOUNT}:user/people/ann"


@pytest.fixture
def engine() -> Engine:
    return wiring.local_engine(None, ManualClock()).engine


def an_event(
    authorizer: Mapping[str, Any] | None, method: str, path: str, body: object = None
) -> GatewayEvent:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "content-type": "application/json", "host": "example.com"},
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /{proxy+}",
            "stage": "$default",
            "time": "10/Mar/2025:05:16:23 +0000",
            "timeEpoch": 1583817383220,
        },
        "pathParameters": {"proxy": path[1:]},
        "isBase64Encoded": False,
    }
    if authorizer is not None:
        event["requestContext"]["authorizer"] = authorizer
        if "jwt" in authorizer:
            event["headers"]["authorization"] = authorizer["jwt"].pop("token")
    if body is not None:
        event["body"] = json.dumps(body)
    return event  # type: ignore[return-value]


def iam(user_arn: str) -> dict[str, Any]:
    return {
        "iam": {
            "accessKey": "ASIAEXAMPLE",
            "accountId": ACCOUNT,
            "callerId": "AROAEXAMPLE:i-0abc",
            "cognitoIdentity": None,
            "principalOrgId": "o-example",
            "userArn": user_arn,
            "userId": "AROAEXAMPLE:i-0abc",
        }
    }


def jwt(**claims: object) -> dict[str, Any]:
    """Return what the gateway says of a token, and the token as it came."""
    standard = {"aud": "dalsegno", "exp": "1700003600", "iss": "https://issuer", "sub": "ann"}
    payload = urlsafe_b64encode(json.dumps({**standard, **claims}).encode()).decode().rstrip("=")
    shown = {
        name: f"[{' '.join(map(str, value))}]" if isinstance(value, list) else value
        for name, value in claims.items()
    }
    token = f"Bearer eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"
    return {"jwt": {"claims": {**standard, **shown}, "scopes": None, "token": token}}


def ask(callers: Callers, event: GatewayEvent, engine: Engine) -> Response:
    return Gate(callers).answer(API, event, engine)


def roles_of(callers: Callers, authorizer: Mapping[str, Any]) -> list[str]:
    found = callers.identities(an_event(authorizer, "GET", "/api/workflow/w1"))
    return [written(each.role, sorted(each.task_types)) for each in found]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("admin", ["admin"]),
        ("worker:charge_card,send_mail", ["worker:charge_card,send_mail"]),
        ("worker:charge%20card%2C", ["worker:charge%20card%2C"]),
        ("reader worker:a", ["reader", "worker:a"]),
        (["reader", "worker:a"], ["reader", "worker:a"]),
        (["admin"], ["admin"]),
        (["my admin", "x admin y", "reader"], ["reader"]),
        (["]", "[ admin", "reader"], ["reader"]),
        ("[admin]", ["admin"]),
        ("openid operator reader:x worker: Admin", ["operator"]),
    ],
)
def test_a_claim_tells_the_roles(claim: object, expected: list[str]) -> None:
    assert roles_of(JwtCallers("dalsegno_role", ""), jwt(dalsegno_role=claim)) == expected


def test_list_that_cannot_be_told_apart_gives_no_role() -> None:
    event = an_event(jwt(dalsegno_role=["my admin"]), "GET", "/api/workflow/w1")
    for header in ("", "Bearer x", "Bearer a.b.c", "Bearer a.W10.c"):
        event["headers"] = {"authorization": header}

        with pytest.raises(ForbiddenError, match="cannot be told apart"):
            JwtCallers("dalsegno_role", "").identities(event)


def test_in_a_shared_claim_only_words_with_the_prefix_count() -> None:
    callers = JwtCallers("scope", "dalsegno/")

    found = roles_of(callers, jwt(scope="openid admin dalsegno/worker:a others/admin"))

    assert found == ["worker:a"]


@pytest.mark.parametrize(
    "claims", [{}, {"dalsegno_role": ""}, {"dalsegno_role": "owner"}, {"dalsegno_role": 7}]
)
def test_a_token_without_a_role_is_refused_and_told_what_to_set(
    claims: dict[str, object], engine: Engine
) -> None:
    callers = JwtCallers("dalsegno_role", "")

    reply = ask(callers, an_event(jwt(**claims), "GET", "/api/metadata/taskdefs"), engine)

    assert reply.status == 403
    assert "dalsegno_role" in reply.body
    assert "jwtRoleClaim" in reply.body


@pytest.mark.parametrize("callers", [JwtCallers("dalsegno_role", ""), IamCallers([("*", "admin")])])
@pytest.mark.parametrize("authorizer", [None, {}])
def test_what_the_gateway_has_not_checked_is_refused(
    callers: Callers, authorizer: dict[str, Any] | None, engine: Engine
) -> None:
    event = an_event(authorizer, "GET", "/api/metadata/taskdefs")

    assert ask(callers, event, engine).status == 403


@pytest.mark.parametrize(
    ("user_arn", "expected"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/ann", ["admin"]),
        (WORKER_SESSION, ["worker:charge"]),
        (USER, ["reader"]),
    ],
)
def test_a_principal_has_the_role_that_the_settings_give_it(
    user_arn: str, expected: list[str]
) -> None:
    callers = IamCallers([(ADMIN, "admin"), (WORKER, "worker:charge"), (USER, "reader")])

    assert roles_of(callers, iam(user_arn)) == expected


def test_many_principals_may_have_one_role() -> None:
    callers = IamCallers([(f"arn:aws:iam::{ACCOUNT}:role/ops-*", "operator"), (ADMIN, "admin")])

    assert roles_of(callers, iam(f"arn:aws:sts::{ACCOUNT}:assumed-role/ops-1/s")) == ["operator"]


@pytest.mark.parametrize(
    "user_arn",
    [
        f"arn:aws:sts::{ACCOUNT}:assumed-role/NotAdmin/Admin",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin2/s",
        "arn:aws:sts::999999999999:assumed-role/Admin/s",
        f"arn:aws:iam::{ACCOUNT}:user/Admin",
        f"arn:aws:sts::{ACCOUNT}:federated-user/Admin",
        f"arn:aws:iam::{ACCOUNT}:root",
    ],
)
def test_a_principal_without_a_role_is_refused_and_told_what_to_set(
    user_arn: str, engine: Engine
) -> None:
    callers = IamCallers([(ADMIN, "admin")])

    reply = ask(callers, an_event(iam(user_arn), "GET", "/api/metadata/taskdefs"), engine)

    assert reply.status == 403
    assert "iamRoles" in reply.body
    assert principal_of(user_arn) in reply.body


@pytest.mark.parametrize(
    ("address", "role"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/team/*", "reader"),  # would be every role
        (ADMIN, "owner"),
        (ADMIN, "reader:charge"),
        (ADMIN, "worker:"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(address: str, role: str) -> None:
    with pytest.raises(ValueError, match=r"\*|owner|worker"):
        IamCallers([(address, role)])


@pytest.mark.parametrize(
    ("path", "status"), [("charge", 204), ("ship", 403), ("batch/charge", 200), ("batch/ship", 403)]
)
def test_a_worker_polls_its_own_types_only(path: str, status: int, engine: Engine) -> None:
    callers = IamCallers([(WORKER, "worker:charge")])

    reply = ask(callers, an_event(iam(WORKER_SESSION), "GET", f"/api/tasks/poll/{path}"), engine)

    assert reply.status == status


@pytest.mark.parametrize(
    ("own", "path", "status"),
    [
        ("charge", "/api/tasks", 200),
        ("ship", "/api/tasks", 403),
        ("charge", "/api/tasks/update-v2", 204),
        ("ship", "/api/tasks/update-v2", 403),
    ],
)
def test_a_worker_reports_on_its_own_types_only(
    own: str, path: str, status: int, engine: Engine
) -> None:
    report = _report_on(engine, "charge")
    token = jwt(dalsegno_role=["reader", f"worker:{own}"])

    reply = ask(JwtCallers("dalsegno_role", ""), an_event(token, "POST", path, report), engine)

    assert reply.status == status


def test_one_of_several_roles_is_enough(engine: Engine) -> None:
    callers = JwtCallers("dalsegno_role", "")
    claim = "worker:charge reader"

    reply = ask(
        callers, an_event(jwt(dalsegno_role=claim), "GET", "/api/metadata/taskdefs"), engine
    )
    assert reply.status == 200
    token = jwt(dalsegno_role=claim)
    assert ask(callers, an_event(token, "POST", "/api/workflow/order", {}), engine).status == 403


@pytest.mark.parametrize("task_type", ["charge", "a b", "a,b", "a:b", "ü%/"])
def test_a_role_is_read_as_it_was_written(task_type: str) -> None:
    identity = read("ann", written(Role.WORKER, [task_type, "other"]))

    assert (identity.role, identity.task_types) == (Role.WORKER, {task_type, "other"})


@pytest.mark.parametrize(
    "environment",
    [
        {"DALSEGNO_AUTH": "iam", "DALSEGNO_IAM_ROLES": json.dumps([[ADMIN, "admin"]])},
        {"DALSEGNO_AUTH": "iam"},
        {"DALSEGNO_AUTH": "jwt", "DALSEGNO_JWT_ROLE_CLAIM": "dalsegno_role"},
    ],
)
def test_a_function_in_these_modes_has_a_gate(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert wiring.gate.__wrapped__() is not None


def test_a_mode_that_is_not_known_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALSEGNO_AUTH", "basic")

    with pytest.raises(ValueError, match="basic"):
        wiring.gate.__wrapped__()


def _report_on(engine: Engine, task_type: str) -> dict[str, str]:
    """Start a workflow of one task; return a report that it is done."""
    definition = {"name": "order", "tasks": [{"name": task_type, "taskReferenceName": "work"}]}
    request = StartWorkflowRequest(
        name="order", workflow_def=WorkflowDef.model_validate({**definition, "ownerEmail": "a@b.c"})
    )
    workflow_id = engine.executions.start(request)
    (task,) = engine.tasks.poll(task_type, worker_id="w", domain=None, count=1, wait_seconds=0)
    return {"taskId": task.task_id, "workflowInstanceId": workflow_id, "status": "COMPLETED"}


@pytest.mark.parametrize("callers", [IamCallers([]), JwtCallers("role", "")], ids=["iam", "jwt"])
def test_a_webhook_without_a_secret_is_closed_to_third_parties(
    callers: Callers, engine: Engine
) -> None:
    event = an_event(None, "POST", "/webhook/bank", {"paid": True})

    assert Gate(callers).answer(API, event, engine).status == 403
