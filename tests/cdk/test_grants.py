"""Grants: IAM passes the routes of a role, and the functions know who has it."""

import json
import re
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from dalsegno_cdk import AuthMode, Dalsegno, DalsegnoSettings, Endpoint, SettingsError
from dalsegno_cdk.routes import Routes, routes_of
from dalsegno_functions.api import OPERATIONS
from dalsegno_functions.auth.roles import Refused, Role, verdict
from dalsegno_state import ids

GRANTS = {
    "grant_admin": "admin",
    "grant_operator": "operator",
    "grant_start": "starter",
    "grant_reader": "reader",
}


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "mine")


def deploy(stack: Stack, code: lambda_.Code, **settings: Any) -> Dalsegno:
    return Dalsegno(stack, "Workflows", settings=DalsegnoSettings(**settings), code=code)


def a_role(stack: Stack, name: str = "Caller") -> iam.Role:
    return iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())


def known_roles(stack: Stack) -> dict[str, Any]:
    """Return what each function that checks callers knows of roles, by its module."""
    functions = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    variables = [
        function["Properties"].get("Environment", {}).get("Variables", {}) for function in functions
    ]
    return {
        each["POWERTOOLS_SERVICE_NAME"]: each["DALSEGNO_IAM_ROLES"]
        for each in variables
        if "DALSEGNO_IAM_ROLES" in each
    }


def granted(stack: Stack, name: str = "Caller") -> str:
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (policy,) = (policy for key, policy in policies.items() if key.startswith(name))
    return json.dumps(policy["Properties"]["PolicyDocument"])


@pytest.mark.parametrize(("grant", "role"), GRANTS.items())
def test_the_functions_know_who_was_granted_a_role(
    stack: Stack, code: lambda_.Code, grant: str, role: str
) -> None:
    workflows = deploy(stack, code)

    getattr(workflows, grant)(a_role(stack))

    known = known_roles(stack)
    assert set(known) == {"api", "poll"}
    for roles in known.values():
        assert "Caller" in json.dumps(roles)
        assert f'"{role}"' in json.dumps(roles).replace('\\"', '"')
    assert "execute-api:Invoke" in granted(stack)


def test_a_worker_gets_the_routes_of_its_types(stack: Stack, code: lambda_.Code) -> None:
    deploy(stack, code).grant_worker(a_role(stack), "charge_card", "a b")

    policy = granted(stack)
    assert "/GET/api/tasks/poll/charge_card" in policy
    assert "/GET/api/tasks/poll/batch/a*b" in policy
    assert "/POST/api/tasks/update-v2" in policy
    assert "/GET/api/tasks/????????-????-????-????-????????????.*" in policy
    assert "/*/*" not in policy
    assert "worker:charge_card,a%20b" in json.dumps(known_roles(stack))


def test_a_worker_without_types_is_refused(stack: Stack, code: lambda_.Code) -> None:
    with pytest.raises(SettingsError, match="task types"):
        deploy(stack, code).grant_worker(a_role(stack))


def test_roles_of_the_settings_and_of_grants_add_up(stack: Stack, code: lambda_.Code) -> None:
    address = "arn:aws:iam::123456789012:role/Ops"
    workflows = deploy(stack, code, iam_roles={address: "admin"})

    workflows.grant_reader(a_role(stack, "One"))
    workflows.grant_start(a_role(stack, "Other"))

    shown = json.dumps(known_roles(stack)["api"])
    assert all(each in shown for each in (address, "One", "Other", "reader", "starter"))


def test_a_user_and_a_function_may_have_a_role(stack: Stack, code: lambda_.Code) -> None:
    workflows = deploy(stack, code)
    function = lambda_.Function(
        stack, "Mine", code=code, handler="x.y", runtime=lambda_.Runtime.PYTHON_3_12
    )

    workflows.grant_reader(iam.User(stack, "Ann"))
    workflows.grant_start(function)

    shown = json.dumps(known_roles(stack)["api"])
    assert "Ann" in shown
    assert "MineServiceRole" in shown


def test_who_is_neither_role_nor_user_is_refused(stack: Stack, code: lambda_.Code) -> None:
    with pytest.raises(SettingsError, match="IAM role or user"):
        deploy(stack, code).grant_reader(iam.Group(stack, "Group"))


@pytest.mark.parametrize("grant", GRANTS)
def test_grants_of_routes_need_iam(stack: Stack, code: lambda_.Code, grant: str) -> None:
    workflows = deploy(stack, code, auth=AuthMode.KEYS)

    with pytest.raises(SettingsError, match="auth: iam"):
        getattr(workflows, grant)(a_role(stack))


def test_with_keys_a_worker_gets_its_queues_only(stack: Stack, code: lambda_.Code) -> None:
    deploy(stack, code, auth=AuthMode.KEYS).grant_worker(a_role(stack), "charge")

    assert "sqs:ReceiveMessage" in granted(stack)
    assert "execute-api" not in granted(stack)


def test_function_urls_may_be_granted(stack: Stack, code: lambda_.Code) -> None:
    deploy(stack, code, endpoint=Endpoint.FUNCTION_URL).grant_reader(a_role(stack))

    assert "lambda:InvokeFunctionUrl" in granted(stack)
    assert "reader" in json.dumps(known_roles(stack)["poll"])


def test_a_role_of_another_stack_is_to_be_named_in_the_settings(code: lambda_.Code) -> None:
    app = App()
    stack, other = Stack(app, "mine"), Stack(app, "other")
    workflows = deploy(stack, code)

    workflows.grant_start(a_role(other))

    Annotations.from_stack(stack).has_warning("*", Match.string_like_regexp("iamRoles"))
    app.synth()  # a circle of stacks would raise
    assert "execute-api:Invoke" in granted(other)


@pytest.mark.parametrize("role", Role)
def test_iam_passes_all_that_a_role_includes(role: Role) -> None:
    task_id = ids.task_id(ids.workflow_id(0, bytes(10)), 0, 0, "charge")
    calls = [(each.method, each.path.replace("{taskId}", task_id)) for each in OPERATIONS]

    assert not [
        (method, path)
        for method, path in calls
        if not isinstance(verdict(role, method, _segments(path)), Refused)
        and not _passes(routes_of(role), method, path)
    ]


def test_iam_stops_a_worker_before_the_polls_of_others() -> None:
    own = routes_of(Role.WORKER, ["charge"])

    assert _passes(own, "GET", "/api/tasks/poll/charge")
    assert not _passes(own, "GET", "/api/tasks/poll/ship")
    assert not _passes(own, "GET", "/api/tasks/poll/batch/ship")


def test_the_claim_of_tokens_is_told_to_the_functions(stack: Stack, code: lambda_.Code) -> None:
    deploy(
        stack,
        code,
        auth=AuthMode.JWT,
        jwt_issuer="https://issuer.example.com",
        jwt_audience=("dalsegno",),
        jwt_role_claim="scope",
        jwt_role_prefix="dalsegno/",
    )

    for function in Template.from_stack(stack).find_resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["DALSEGNO_JWT_ROLE_CLAIM"] == "scope"
        assert variables["DALSEGNO_JWT_ROLE_PREFIX"] == "dalsegno/"


def _passes(routes: Routes, method: str, path: str) -> bool:
    patterns = (re.escape(a + b).replace(r"\*", ".*").replace(r"\?", ".") for a, b in routes)
    return any(re.fullmatch(pattern, method + path) for pattern in patterns)


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")
